package io.coppice.node.store;

import io.coppice.model.Invariant;

/// Makes, shares, changes and releases block tables.
///
/// Tables and leaves are counted references: a derived chunk starts with its parent's table object,
/// and a table or leaf is copied when one of several owners changes it. Entries of a copied node
/// are marked [Location#SHARED] on both sides. [LiveCounts] hears of every entry of every distinct
/// node that comes or goes, so a segment is empty exactly when its count is 0.
///
/// A capture (the image of the index that a checkpoint writes in the background) needs no reference
/// counts: while one is open, nodes that are older than it are replaced instead of changed, and the
/// garbage collector keeps the old ones for the writer. The one exception is the SHARED bit, which
/// may be set under the writer's hands: it is a hint, either value is right.
final class Tables {
    static final int RUNS_MAX = 40;
    private static final int NO_CAPTURE = -1;
    private static final long[] NO_RUNS = {};

    private final int blocksPerChunk;
    private final LiveCounts live;
    private final RunBuilder builder = new RunBuilder();
    private int clock;
    private int capture = NO_CAPTURE;

    Tables(int blocksPerChunk, LiveCounts live) {
        this.blocksPerChunk = blocksPerChunk;
        this.live = live;
    }

    /// From now on everything that exists is kept as it is for the writer of a checkpoint.
    void openCapture() {
        capture = clock++;
    }

    void closeCapture() {
        capture = NO_CAPTURE;
    }

    boolean capturing() {
        return capture != NO_CAPTURE;
    }

    int clock() {
        return clock;
    }

    /// A node with this birth may be changed in place as far as captures are concerned.
    boolean isFresh(int born) {
        return born > capture;
    }

    Table empty() {
        return new Table(NO_RUNS, 0, null, clock);
    }

    Table share(Table table) {
        table.refs++;
        return table;
    }

    void release(Table table) {
        Invariant.check(table.refs > 0, "table released once too often");
        if (--table.refs > 0) {
            return;
        }
        Leaf[] leaves = table.leaves;
        if (leaves == null) {
            countRuns(table.runs, table.runCount, -1);
            return;
        }
        for (Leaf leaf : leaves) {
            if (leaf != null && --leaf.refs == 0) {
                countLeaf(leaf.locations, -1);
            }
        }
    }

    /// `table` itself if its one owner may change it, otherwise a copy that takes its place.
    Table writable(Table table) {
        boolean shared = table.refs > 1;
        if (!shared && isFresh(table.born)) {
            return table;
        }
        Leaf[] leaves = table.leaves;
        if (leaves != null) {
            Leaf[] copy = leaves.clone();
            if (shared) {
                table.refs--;
                for (Leaf leaf : copy) {
                    if (leaf != null) {
                        leaf.refs++;
                    }
                }
            }
            return new Table(NO_RUNS, 0, copy, clock);
        }
        if (shared) {
            table.refs--;
            for (int run = 0; run < table.runCount; run++) {
                table.runs[2 * run] |= Location.SHARED;
            }
            countRuns(table.runs, table.runCount, 1);
        }
        return new Table(table.runs.clone(), table.runCount, null, clock);
    }

    /// Maps `count` blocks to consecutive locations, or unmaps them if `location` is NONE. `table`
    /// is writable.
    void put(Table table, int first, int count, long location) {
        if (count == 0) {
            return;
        }
        if (location != Location.NONE) {
            live.add(location, count);
        }
        if (table.leaves == null) {
            putRun(table, first, count, location);
        } else {
            putPaged(table, table.leaves, first, count, location);
        }
    }

    private void putRun(Table table, int first, int count, long location) {
        int end = first + count;
        builder.clear();
        int run = 0;
        for (; run < table.runCount && table.start(run) < end; run++) {
            keep(table, run, table.start(run), Math.min(table.end(run), first));
            int from = Math.max(table.start(run), first);
            int to = Math.min(table.end(run), end);
            if (from < to) {
                live.add(table.base(run), from - to);
            }
            if (table.end(run) > end) {
                break;
            }
        }
        if (location != Location.NONE) {
            builder.add(first, count, location, 1);
        }
        for (; run < table.runCount; run++) {
            keep(table, run, Math.max(table.start(run), end), table.end(run));
        }
        replaceRuns(table);
    }

    private void keep(Table table, int run, int from, int to) {
        long distance = table.distance(run);
        builder.add(
                from, to - from, table.base(run) + (from - table.start(run)) * distance, distance);
    }

    private void replaceRuns(Table table) {
        table.runs = builder.toArray();
        table.runCount = builder.count;
        if (table.runCount > RUNS_MAX && blocksPerChunk > 2 * RUNS_MAX) {
            toLeaves(table);
        }
    }

    private void toLeaves(Table table) {
        var leaves = new Leaf[blocksPerChunk / Leaf.BLOCKS];
        for (int i = 0; i < leaves.length; i++) {
            var locations = new long[Leaf.BLOCKS];
            table.copyTo(i * Leaf.BLOCKS, Leaf.BLOCKS, locations);
            leaves[i] = isEmpty(locations) ? null : new Leaf(locations, clock);
        }
        table.leaves = leaves;
        table.runs = NO_RUNS;
        table.runCount = 0;
    }

    private void putPaged(Table table, Leaf[] leaves, int first, int count, long location) {
        for (int done = 0; done < count; ) {
            int block = first + done;
            int inLeaf = block & (Leaf.BLOCKS - 1);
            int part = Math.min(Leaf.BLOCKS - inLeaf, count - done);
            int index = block >>> Leaf.SHIFT;
            if (location != Location.NONE || leaves[index] != null) {
                long[] locations = writableLeaf(leaves, index).locations;
                for (int i = 0; i < part; i++) {
                    long old = locations[inLeaf + i];
                    if (old != Location.NONE) {
                        live.add(old, -1);
                    }
                    locations[inLeaf + i] =
                            location == Location.NONE ? location : location + done + i;
                }
                if (location == Location.NONE && isEmpty(locations)) {
                    leaves[index] = null;
                }
            }
            done += part;
        }
    }

    private Leaf writableLeaf(Leaf[] leaves, int index) {
        Leaf leaf = leaves[index];
        if (leaf == null) {
            leaves[index] = leaf = new Leaf(new long[Leaf.BLOCKS], clock);
            return leaf;
        }
        if (leaf.refs == 1 && isFresh(leaf.born)) {
            return leaf;
        }
        if (leaf.refs > 1) {
            leaf.refs--;
            for (int i = 0; i < Leaf.BLOCKS; i++) {
                if (leaf.locations[i] != Location.NONE) {
                    leaf.locations[i] |= Location.SHARED;
                }
            }
            countLeaf(leaf.locations, 1);
        }
        return leaves[index] = new Leaf(leaf.locations.clone(), clock);
    }

    /// Maps blocks of `to`, which is writable, to the places where `from` has them; both say so.
    void shareBlocks(Table from, Table to, int first, int count) {
        var locations = new long[count];
        from.copyTo(first, count, locations);
        markShared(from, first, count);
        for (int i = 0; i < count; ) {
            int run = 1;
            long start = locations[i];
            while (start != Location.NONE
                    && i + run < count
                    && Location.samePlace(locations[i + run], start + run)
                    && Location.record(locations[i + run]) == Location.record(start)) {
                run++;
            }
            if (start != Location.NONE) {
                put(to, first + i, run, start | Location.SHARED);
            }
            i += run;
        }
    }

    private static void markShared(Table table, int first, int count) {
        Leaf[] leaves = table.leaves;
        if (leaves == null) {
            for (int run = table.find(first);
                    run < table.runCount && table.start(run) < first + count;
                    run++) {
                table.runs[2 * run] |= Location.SHARED;
            }
            return;
        }
        for (int block = first; block < first + count; block++) {
            Leaf leaf = leaves[block >>> Leaf.SHIFT];
            int inLeaf = block & (Leaf.BLOCKS - 1);
            if (leaf != null && leaf.locations[inLeaf] != Location.NONE) {
                leaf.locations[inLeaf] |= Location.SHARED;
            }
        }
    }

    /// A copy for the same owner, who will let go of `table` when the copy is done.
    Table copyOf(Table table) {
        Leaf[] leaves = table.leaves;
        if (leaves == null) {
            countRuns(table.runs, table.runCount, 1);
            return new Table(table.runs.clone(), table.runCount, null, clock);
        }
        Leaf[] copy = leaves.clone();
        for (Leaf leaf : copy) {
            if (leaf != null) {
                leaf.refs++;
            }
        }
        return new Table(NO_RUNS, 0, copy, clock);
    }

    /// Puts other locations in the place of the `count` first ones of `locations` (blocks from
    /// `first` on) for every owner of the table at once: the blocks have moved. Not while
    /// capturing.
    void redirect(Table table, int first, int count, long[] locations) {
        Invariant.check(!capturing(), "blocks moved under a capture");
        Leaf[] leaves = table.leaves;
        if (leaves != null) {
            for (int i = 0; i < count; i++) {
                Leaf leaf = leaves[(first + i) >>> Leaf.SHIFT];
                int inLeaf = (first + i) & (Leaf.BLOCKS - 1);
                if (leaf != null && leaf.locations[inLeaf] != locations[i]) {
                    move(leaf.locations[inLeaf], locations[i]);
                    leaf.locations[inLeaf] = locations[i];
                }
            }
            return;
        }
        var old = new long[count];
        table.copyTo(first, count, old);
        builder.clear();
        int run = 0;
        for (; run < table.runCount && table.start(run) < first + count; run++) {
            keep(table, run, table.start(run), Math.min(table.end(run), first));
            if (table.end(run) > first + count) {
                break;
            }
        }
        for (int i = 0; i < count; i++) {
            if (old[i] != locations[i]) {
                move(old[i], locations[i]);
            }
            builder.add(first + i, locations[i]);
        }
        for (; run < table.runCount; run++) {
            keep(table, run, Math.max(table.start(run), first + count), table.end(run));
        }
        replaceRuns(table);
    }

    private void move(long from, long to) {
        Invariant.check(from != Location.NONE && to != Location.NONE, "only mapped blocks move");
        live.add(to, 1);
        live.add(from, -1);
    }

    /// A node read from a checkpoint.
    Table loadedRuns(long[] runs) {
        countRuns(runs, runs.length / 2, 1);
        return new Table(runs, runs.length / 2, null, clock);
    }

    Table loadedLeaves(Leaf[] leaves) {
        return new Table(NO_RUNS, 0, leaves, clock);
    }

    Leaf loadedLeaf(long[] locations) {
        countLeaf(locations, 1);
        return new Leaf(locations, clock);
    }

    private void countRuns(long[] runs, int count, int sign) {
        for (int run = 0; run < count; run++) {
            live.add(runs[2 * run], sign * ((int) (runs[2 * run + 1] >>> 32) & 0xffff));
        }
    }

    private void countLeaf(long[] locations, int sign) {
        for (long location : locations) {
            if (location != Location.NONE) {
                live.add(location, sign);
            }
        }
    }

    private static boolean isEmpty(long[] locations) {
        for (long location : locations) {
            if (location != Location.NONE) {
                return false;
            }
        }
        return true;
    }
}
