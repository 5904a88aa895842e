package io.coppice.metadata.core;

/// Chunk ids that a session may map: `first` to `first + count - 1`, all of one group. Bit i of
/// `used` is set once id i was mapped or abandoned. A wholly used lease is dropped.
record Lease(long first, int count, long session, long[] used, int usedCount) {
    static Lease unused(long first, int count, long session) {
        return new Lease(first, count, session, new long[(count + 63) >>> 6], 0);
    }

    boolean holds(long chunk) {
        return chunk >= first && chunk < first + count;
    }

    boolean isUsed(long chunk) {
        int bit = (int) (chunk - first);
        return (used[bit >>> 6] >>> bit & 1) != 0;
    }

    Lease use(long chunk) {
        int bit = (int) (chunk - first);
        long[] words = used.clone();
        words[bit >>> 6] |= 1L << bit;
        return new Lease(first, count, session, words, usedCount + 1);
    }

    boolean isSpent() {
        return usedCount == count;
    }
}
