package io.coppice.node.store;

import java.util.Arrays;

/// The last requests of a group (R13), a ring. One thread.
final class OutcomeWindow {
    private static final int WORDS = 3;
    private final int max;
    private long[] ring = {};
    private int size;
    private int oldest;

    OutcomeWindow(int max) {
        this.max = max;
    }

    void add(long session, long sequence, long groupSequence) {
        if (size < max) {
            if ((size + 1) * WORDS > ring.length) {
                ring = Arrays.copyOf(ring, Math.min(max, Math.max(8, size * 2)) * WORDS);
            }
            put(size++, session, sequence, groupSequence);
        } else {
            put(oldest, session, sequence, groupSequence);
            oldest = (oldest + 1) % max;
        }
    }

    private void put(int slot, long session, long sequence, long groupSequence) {
        ring[slot * WORDS] = session;
        ring[slot * WORDS + 1] = sequence;
        ring[slot * WORDS + 2] = groupSequence;
    }

    void forEach(OutcomeVisitor visitor) {
        for (int i = 0; i < size; i++) {
            int at = (oldest + i) % size * WORDS;
            visitor.outcome(ring[at], ring[at + 1], ring[at + 2]);
        }
    }

    void clear() {
        size = 0;
        oldest = 0;
    }

    int size() {
        return size;
    }

    /// Three longs for each request, oldest first.
    long[] toArray() {
        var all = new long[size * WORDS];
        var at = new int[1];
        forEach((session, sequence, groupSequence) -> {
            all[at[0]++] = session;
            all[at[0]++] = sequence;
            all[at[0]++] = groupSequence;
        });
        return all;
    }
}
