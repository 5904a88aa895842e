package io.coppice.metadata.server;

import io.coppice.metadata.core.Lineage;
import io.coppice.metadata.core.MapRoot;
import io.coppice.metadata.core.MetadataCapture;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// Blocks of many maps that share most of their chunks. Each map is walked only where it differs
/// from a relative that was walked before, so a thousand clones cost little more than one. Not
/// thread-safe.
final class MapTotals {
    /// A growing list of chunk ids.
    private static final class Ids {
        private long[] values = new long[16];
        private int size;

        void add(long value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, size * 2);
            }
            values[size++] = value;
        }

        long blocks(ChunkTable table) {
            long sum = 0;
            for (int i = 0; i < size; i++) {
                sum += table.blocks(values[i]);
            }
            return sum;
        }
    }

    /// What a map has that `base` has not, and the other way round.
    private static final class Difference {
        private final MapRoot base;
        private final Ids added = new Ids();
        private final Ids removed = new Ids();
        private long blocks;

        Difference(MapRoot base) {
            this.base = base;
        }
    }

    private final MetadataCapture capture;
    private final int chunksMax;
    private final ChunkTable table = new ChunkTable();
    private final Map<MapRoot, Difference> maps = new LinkedHashMap<>();
    private final Map<Long, MapRoot> byId = new HashMap<>();
    private final Map<Long, MapRoot> newestOfFamily = new HashMap<>();
    private long visited;

    MapTotals(MetadataCapture capture, int chunksMax) {
        this.capture = capture;
        this.chunksMax = chunksMax;
    }

    /// Walks a map. False: the bound was reached, and these totals are of no use.
    boolean add(long id, MapRoot root) {
        if (!maps.containsKey(root)) {
            long family = eldest(id);
            walk(root, base(id, family));
            newestOfFamily.put(family, root);
        }
        byId.put(id, root);
        return visited <= chunksMax;
    }

    private MapRoot base(long id, long family) {
        MapRoot parent = capture.lineage(id).map(Lineage::parent).map(byId::get).orElse(null);
        return parent != null ? parent : newestOfFamily.getOrDefault(family, MapRoot.EMPTY);
    }

    private long eldest(long id) {
        long at = id;
        for (long parent = parent(at); parent != 0; parent = parent(at)) {
            at = parent;
        }
        return at;
    }

    private long parent(long id) {
        return capture.lineage(id).map(Lineage::parent).orElse(0L);
    }

    private void walk(MapRoot root, MapRoot base) {
        var difference = new Difference(base);
        maps.put(root, difference);
        capture.diff(
                base,
                root,
                run -> {
                    for (long i = run.index();
                            i < run.index() + run.count() && visited <= chunksMax;
                            i++) {
                        take(capture.chunkAt(root, i), difference.added);
                        take(capture.chunkAt(base, i), difference.removed);
                    }
                });
    }

    private void take(long chunk, Ids into) {
        if (chunk != 0) {
            into.add(chunk);
            table.add(chunk);
            visited++;
        }
    }

    /// Slots looked at so far.
    long visited() {
        return visited;
    }

    /// To be filled with counts before [#sum].
    ChunkTable table() {
        return table;
    }

    void sum() {
        for (Difference difference : maps.values()) {
            Difference base = maps.get(difference.base);
            difference.blocks =
                    (base == null ? 0 : base.blocks)
                            + difference.added.blocks(table)
                            - difference.removed.blocks(table);
        }
    }

    long blocks(MapRoot root) {
        Difference difference = maps.get(root);
        return difference == null ? 0 : difference.blocks;
    }

    /// Of chunks that no other map names.
    long ownBlocks(MapRoot root) {
        long[] sum = new long[1];
        capture.ownChunks(root, chunk -> sum[0] += table.ownBlocks(chunk));
        return sum[0];
    }
}
