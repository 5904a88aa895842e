package io.coppice.metadata.core;

import static io.coppice.metadata.core.NodeSlab.HEADER_LONGS;
import static io.coppice.metadata.core.NodeSlab.SLOTS;
import static io.coppice.metadata.core.NodeSlab.SLOT_BITS;

import io.coppice.model.ChunkId;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Reads chunk maps.
final class MapWalks {
    /// 8 EiB in chunks of 64 KiB are 2^47 slots: 8 levels of 6 bits.
    static final int HEIGHT_MAX = 8;

    private final NodeSlab nodes;
    private final ChunkCounts counts;

    MapWalks(NodeSlab nodes, ChunkCounts counts) {
        this.nodes = nodes;
        this.counts = counts;
    }

    /// Slots below a node of this level.
    static long span(int level) {
        return 1L << (SLOT_BITS * level);
    }

    /// Levels of a map that has a slot at `index`.
    static int heightFor(long index) {
        int height = 1;
        while (index >= span(height)) {
            height++;
        }
        return height;
    }

    static long chunkAt(NodeSlab nodes, MapRoot root, long index) {
        int leaf = leafAt(nodes, root, index);
        return leaf == 0 ? 0 : nodes.slot(leaf, (int) index & (SLOTS - 1));
    }

    /// The leaf that holds `index`; 0: there is none.
    private static int leafAt(NodeSlab nodes, MapRoot root, long index) {
        if (root.isEmpty() || index < 0 || index >= span(root.height())) {
            return 0;
        }
        int node = root.node();
        for (int level = root.height(); level > 1 && node != 0; level--) {
            int slot = (int) (index >>> (SLOT_BITS * (level - 1))) & (SLOTS - 1);
            node = (int) nodes.slot(node, slot);
        }
        return node;
    }

    long mapped(MapRoot root) {
        return root.isEmpty() ? 0 : nodes.mapped(root.node());
    }

    /// Volume 0 owns nothing.
    MapPage page(MapRoot root, long volume, long generation, long page) {
        var chunks = new long[MapPage.SLOTS];
        var owned = new long[MapPage.SLOTS / SLOTS];
        int end = 0;
        for (int i = 0; i < owned.length; i++) {
            int leaf = leafAt(nodes, root, page * MapPage.SLOTS + (long) i * SLOTS);
            if (leaf == 0) {
                continue;
            }
            int first = NodeSlab.offset(leaf) + HEADER_LONGS;
            System.arraycopy(nodes.page(leaf), first, chunks, i * SLOTS, SLOTS);
            if (isOf(leaf, volume, generation)) {
                owned[i] = nodes.fresh(leaf);
            }
            end = (i + 1) * SLOTS;
        }
        while (end > 0 && chunks[end - 1] == 0) {
            end--;
        }
        return new MapPage(page, java.util.Arrays.copyOf(chunks, end), owned);
    }

    boolean isOwned(Volume volume, long index) {
        int leaf = leafAt(nodes, volume.root(), index);
        return leaf != 0
                && isOf(leaf, volume.id(), volume.generation())
                && (nodes.fresh(leaf) >>> (index & (SLOTS - 1)) & 1) != 0;
    }

    private boolean isOf(int leaf, long volume, long generation) {
        return nodes.owner(leaf) == volume
                && nodes.generation(leaf) == generation
                && nodes.references(leaf) == 1;
    }

    // ------------------------------------------------------------ what is not shared

    /// Chunks that only this map names.
    long own(MapRoot root) {
        return root.isEmpty() ? 0 : ownBelow(root.node());
    }

    private long ownBelow(int node) {
        if (nodes.references(node) > 1) {
            return 0;
        }
        long[] page = nodes.page(node);
        int offset = NodeSlab.offset(node);
        boolean leaf = page[offset] >>> 32 == 1;
        long own = 0;
        for (int i = offset + HEADER_LONGS; i < offset + NodeSlab.NODE_LONGS; i++) {
            long value = page[i];
            if (value != 0) {
                own += leaf ? (counts.count(value) == 1 ? 1 : 0) : ownBelow((int) value);
            }
        }
        return own;
    }

    /// Those chunks themselves, in the order of slots.
    void own(MapRoot root, LongConsumer each) {
        if (!root.isEmpty()) {
            ownBelow(root.node(), each);
        }
    }

    private void ownBelow(int node, LongConsumer each) {
        if (nodes.references(node) > 1) {
            return;
        }
        long[] page = nodes.page(node);
        int offset = NodeSlab.offset(node);
        boolean leaf = page[offset] >>> 32 == 1;
        for (int i = offset + HEADER_LONGS; i < offset + NodeSlab.NODE_LONGS; i++) {
            long value = page[i];
            if (value != 0 && !leaf) {
                ownBelow((int) value, each);
            } else if (value != 0 && counts.count(value) == 1) {
                each.accept(value);
            }
        }
    }

    // ------------------------------------------------------------ differences

    /// Joins neighbouring slots into runs.
    private static final class Runs {
        private final Consumer<SlotRun> each;
        private long start;
        private long count;
        private boolean mapped;

        Runs(Consumer<SlotRun> each) {
            this.each = each;
        }

        void add(long index, boolean isMapped) {
            if (count > 0 && start + count == index && mapped == isMapped) {
                count++;
                return;
            }
            end();
            start = index;
            count = 1;
            mapped = isMapped;
        }

        void end() {
            if (count > 0) {
                each.accept(new SlotRun(start, count, mapped));
                count = 0;
            }
        }
    }

    void diff(MapRoot from, MapRoot to, Consumer<SlotRun> each) {
        var runs = new Runs(each);
        int height = Math.max(from.height(), to.height());
        diff(from, to, height, 0, runs);
        runs.end();
    }

    /// Compares what two maps have in the span of `level` at `index`. A map that is lower than
    /// `level` is in the first child.
    private void diff(MapRoot from, MapRoot to, int level, long index, Runs runs) {
        if (from.equals(to) || level == 0) {
            return;
        }
        if (level == 1) {
            for (int i = 0; i < SLOTS; i++) {
                long old = from.isEmpty() ? 0 : nodes.slot(from.node(), i);
                long now = to.isEmpty() ? 0 : nodes.slot(to.node(), i);
                if (old != now) {
                    runs.add(index + i, now != 0);
                }
            }
            return;
        }
        long step = span(level - 1);
        for (int i = 0; i < SLOTS; i++) {
            MapRoot old = child(from, level, i);
            MapRoot now = child(to, level, i);
            if (!old.isEmpty() || !now.isEmpty()) {
                diff(old, now, level - 1, index + i * step, runs);
            }
        }
    }

    private MapRoot child(MapRoot root, int level, int slot) {
        if (root.isEmpty()) {
            return root;
        }
        if (root.height() < level) {
            return slot == 0 ? root : MapRoot.EMPTY;
        }
        int node = (int) nodes.slot(root.node(), slot);
        return node == 0 ? MapRoot.EMPTY : new MapRoot(node, level - 1);
    }

    // ------------------------------------------------------------ all maps

    /// Calls `each` with every chunk that any leaf names, once.
    void forEachChunk(@Nullable Integer group, LongConsumer each) {
        for (int node = 1; node < nodes.end(); node++) {
            long[] page = nodes.page(node);
            int offset = NodeSlab.offset(node);
            if (page[offset] >>> 32 != 1) {
                continue;
            }
            for (int i = offset + HEADER_LONGS; i < offset + NodeSlab.NODE_LONGS; i++) {
                long chunk = page[i];
                if (chunk != 0
                        && (group == null || ChunkId.group(chunk) == group)
                        && counts.count(chunk) == 1) {
                    each.accept(chunk);
                }
            }
        }
        counts.forEachShared(chunk -> {
            if (group == null || ChunkId.group(chunk) == group) {
                each.accept(chunk);
            }
        });
    }
}
