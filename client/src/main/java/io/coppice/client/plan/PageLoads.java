package io.coppice.client.plan;

import java.util.ArrayDeque;
import java.util.Arrays;

/// Map pages that are wanted or on their way, and the operations that wait for them.
final class PageLoads {
    private static final class Load {
        final ArrayDeque<ChunkOp> waiting = new ArrayDeque<>(4);

        /// Asked for, and not yet answered.
        boolean sent;

        /// What is on its way may be older than what we know.
        boolean dirty;
    }

    private final LongMap<Load> loads = new LongMap<>();
    private long[] wanted = new long[8];
    private int wantedCount;
    private long[] all = new long[8];
    private int allCount;

    /// Where to wait for `page`; it is asked for with the next [#takeWanted] unless it is on its
    /// way.
    ArrayDeque<ChunkOp> want(long page) {
        Load load = loads.get(page);
        if (load == null) {
            load = new Load();
            loads.add(page, load);
            all = append(all, allCount++, page);
            wanted = append(wanted, wantedCount++, page);
        }
        return load.waiting;
    }

    /// Pages to ask for now.
    long[] takeWanted() {
        long[] taken = Arrays.copyOf(wanted, wantedCount);
        wantedCount = 0;
        for (long page : taken) {
            Load load = loads.get(page);
            if (load != null) {
                load.sent = true;
                load.dirty = false;
            }
        }
        return taken;
    }

    /// The answer to what was asked so far is not good enough.
    void dirty(long page) {
        Load load = loads.get(page);
        if (load != null && load.sent) {
            load.dirty = true;
        }
    }

    void allDirty() {
        for (int i = 0; i < allCount; i++) {
            dirty(all[i]);
        }
    }

    boolean isDirty(long page) {
        Load load = loads.get(page);
        return load != null && load.dirty;
    }

    boolean isAwaited(long page) {
        Load load = loads.get(page);
        return load != null && load.sent;
    }

    /// Asks once more.
    void again(long page) {
        Load load = loads.get(page);
        if (load != null) {
            load.sent = false;
            load.dirty = false;
            wanted = append(wanted, wantedCount++, page);
        }
    }

    /// The page is here: those who waited.
    ArrayDeque<ChunkOp> loaded(long page) {
        Load load = loads.get(page);
        if (load == null) {
            return new ArrayDeque<>(0);
        }
        loads.remove(page);
        for (int i = 0; i < allCount; i++) {
            if (all[i] == page) {
                all[i] = all[--allCount];
                break;
            }
        }
        return load.waiting;
    }

    private static long[] append(long[] to, int count, long value) {
        long[] array = count < to.length ? to : Arrays.copyOf(to, Math.max(8, count * 2));
        array[count] = value;
        return array;
    }
}
