package io.coppice.node.store;

import org.jspecify.annotations.Nullable;

/// Where the blocks of a chunk are: a few sorted runs, or, when writes were scattered, leaves of 32
/// blocks. Only data; [Tables] keeps the rules.
///
/// A run is two longs: the location of its first block; then start (16 bits), length (16 bits) and
/// the distance between the locations of neighbours (32 bits). One large write is a run of distance
/// 1, small writes one after the other are a run whose distance is the size of a record.
final class Table {
    private static final int START_SHIFT = 48;
    private static final int LENGTH_SHIFT = 32;
    private static final long DISTANCE_MASK = 0xffff_ffffL;
    static final long DISTANCE_MAX = DISTANCE_MASK;

    long[] runs;
    int runCount;
    Leaf @Nullable [] leaves;
    int refs = 1;
    final int born;
    long saved = -1;

    Table(long[] runs, int runCount, Leaf @Nullable [] leaves, int born) {
        this.runs = runs;
        this.runCount = runCount;
        this.leaves = leaves;
        this.born = born;
    }

    long base(int run) {
        return runs[2 * run];
    }

    int start(int run) {
        return (int) (runs[2 * run + 1] >>> START_SHIFT);
    }

    int length(int run) {
        return (int) (runs[2 * run + 1] >>> LENGTH_SHIFT) & 0xffff;
    }

    int end(int run) {
        return start(run) + length(run);
    }

    long distance(int run) {
        return runs[2 * run + 1] & DISTANCE_MASK;
    }

    static long shape(int start, int length, long distance) {
        return (long) start << START_SHIFT | (long) length << LENGTH_SHIFT | distance;
    }

    /// Index of the run that holds `block` or, if none does, of the first one behind it.
    int find(int block) {
        int low = 0;
        int high = runCount;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (end(middle) <= block) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    long get(int block) {
        Leaf[] paged = leaves;
        if (paged != null) {
            Leaf leaf = paged[block >>> Leaf.SHIFT];
            return leaf == null ? Location.NONE : leaf.locations[block & (Leaf.BLOCKS - 1)];
        }
        int run = find(block);
        return run < runCount && start(run) <= block
                ? base(run) + (block - start(run)) * distance(run)
                : Location.NONE;
    }

    /// Locations of blocks [first, first + count) into `target` from 0 on.
    void copyTo(int first, int count, long[] target) {
        java.util.Arrays.fill(target, 0, count, Location.NONE);
        Leaf[] paged = leaves;
        if (paged != null) {
            for (int block = first; block < first + count; ) {
                int inLeaf = block & (Leaf.BLOCKS - 1);
                int part = Math.min(Leaf.BLOCKS - inLeaf, first + count - block);
                Leaf leaf = paged[block >>> Leaf.SHIFT];
                if (leaf != null) {
                    System.arraycopy(leaf.locations, inLeaf, target, block - first, part);
                }
                block += part;
            }
            return;
        }
        for (int run = find(first); run < runCount && start(run) < first + count; run++) {
            int from = Math.max(start(run), first);
            int to = Math.min(end(run), first + count);
            long location = base(run) + (from - start(run)) * distance(run);
            for (int block = from; block < to; block++) {
                target[block - first] = location;
                location += distance(run);
            }
        }
    }
}
