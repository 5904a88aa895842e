package io.coppice.metadata.core;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// Chunks of one group that nothing names any more, the oldest first. Full segments never change;
/// the tail only grows, so a copy that remembers its length may share it.
final class PurgeList {
    private static final int SEGMENT = 1024;

    /// How far from the front a chunk is looked for. The leader hands out the front, so what is
    /// further down was not asked for; it stays.
    private static final int REACH = 1 << 16;

    final long stamp;
    private final ArrayDeque<long[]> segments;
    private int head;
    private long[] tail;
    private int tailCount;
    private long size;

    PurgeList(long stamp) {
        this(stamp, new ArrayDeque<>(), 0, new long[16], 0, 0);
    }

    private PurgeList(
            long stamp,
            ArrayDeque<long[]> segments,
            int head,
            long[] tail,
            int tailCount,
            long size) {
        this.stamp = stamp;
        this.segments = segments;
        this.head = head;
        this.tail = tail;
        this.tailCount = tailCount;
        this.size = size;
    }

    PurgeList copy(long newStamp) {
        return new PurgeList(newStamp, segments.clone(), head, tail, tailCount, size);
    }

    long size() {
        return size;
    }

    void add(long chunk) {
        if (tailCount == tail.length) {
            if (tailCount == SEGMENT) {
                segments.addLast(tail);
                tail = new long[SEGMENT];
                tailCount = 0;
            } else {
                tail = Arrays.copyOf(tail, Math.min(SEGMENT, tailCount * 4));
            }
        }
        tail[tailCount++] = chunk;
        size++;
    }

    long[] first(int limit) {
        var found = new long[(int) Math.min(limit, size)];
        int count = 0;
        int skip = head;
        for (long[] segment : segments) {
            int take = Math.min(segment.length - skip, found.length - count);
            System.arraycopy(segment, skip, found, count, take);
            count += take;
            skip = 0;
        }
        System.arraycopy(tail, skip, found, count, found.length - count);
        return found;
    }

    /// Drops those of `chunks` that are near the front.
    void removeAll(Iterable<Long> chunks) {
        Set<Long> gone = new HashSet<>();
        chunks.forEach(gone::add);
        var kept = new long[16];
        int keptCount = 0;
        int seen = 0;
        while (!gone.isEmpty() && size > 0 && seen < REACH) {
            long chunk = poll();
            seen++;
            if (!gone.remove(chunk)) {
                if (keptCount == kept.length) {
                    kept = Arrays.copyOf(kept, keptCount * 2);
                }
                kept[keptCount++] = chunk;
            }
        }
        if (keptCount > 0) {
            putFirst(Arrays.copyOf(kept, keptCount));
        }
    }

    private long poll() {
        size--;
        long[] segment = segments.peekFirst();
        if (segment == null) {
            long chunk = tail[head++];
            if (head == tailCount) {
                tail = new long[16];
                tailCount = 0;
                head = 0;
            }
            return chunk;
        }
        long chunk = segment[head++];
        if (head == segment.length) {
            segments.removeFirst();
            head = 0;
        }
        return chunk;
    }

    private void putFirst(long[] kept) {
        long[] segment = segments.peekFirst();
        if (head > 0 && segment != null) {
            segments.removeFirst();
            segments.addFirst(Arrays.copyOfRange(segment, head, segment.length));
        } else if (head > 0) {
            tail = Arrays.copyOfRange(tail, head, Math.max(head + 16, tail.length));
            tailCount -= head;
        }
        head = 0;
        segments.addFirst(kept);
        size += kept.length;
    }
}
