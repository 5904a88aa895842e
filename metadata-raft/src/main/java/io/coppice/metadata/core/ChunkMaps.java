package io.coppice.metadata.core;

import static io.coppice.metadata.core.NodeSlab.HEADER_LONGS;
import static io.coppice.metadata.core.NodeSlab.SLOTS;
import static io.coppice.metadata.core.NodeSlab.SLOT_BITS;

import io.coppice.model.Invariant;

/// Changes chunk maps: persistent radix trees of fanout 64 with reference counts on their nodes
/// (path copying; Rodeh, "B-trees, shadowing and clones", 2008). A node with one reference, reached
/// over nodes with one reference, belongs to one map and changes in place; any other is copied
/// first, and what it refers to gains a reference.
///
/// Every step is O(64 * height). Chunks that nothing names any more go to the purge lists.
final class ChunkMaps {
    private final NodeSlab nodes;
    private final ChunkCounts counts;
    private final PurgeLists purges;
    private final ReapStack reap;
    private final int[] path = new int[MapWalks.HEIGHT_MAX + 1];

    ChunkMaps(NodeSlab nodes, ChunkCounts counts, PurgeLists purges, ReapStack reap) {
        this.nodes = nodes;
        this.counts = counts;
        this.purges = purges;
        this.reap = reap;
    }

    // ------------------------------------------------------------ sharing

    /// One more map, or `count`, with this root.
    void share(MapRoot root, int count) {
        if (!root.isEmpty()) {
            nodes.addReferences(root.node(), count);
        }
    }

    /// A map less with this root: at once when others have it, else left to [#reapStep].
    void release(MapRoot root) {
        if (!root.isEmpty()) {
            releaseNode(root.node());
        }
    }

    private void releaseNode(int node) {
        if (nodes.references(node) > 1) {
            nodes.addReferences(node, -1);
        } else {
            reap.push(node);
        }
    }

    /// Gives up at most `budget` references; returns how many.
    int reapStep(int budget) {
        int done = 0;
        while (done < budget && !reap.isEmpty()) {
            reapNode(reap.pop());
            done++;
        }
        return done;
    }

    private void reapNode(int node) {
        if (nodes.references(node) > 1) {
            nodes.addReferences(node, -1);
            return;
        }
        long[] page = nodes.page(node);
        int first = NodeSlab.offset(node) + HEADER_LONGS;
        boolean leaf = nodes.level(node) == 1;
        for (int i = SLOTS - 1; i >= 0; i--) {
            long value = page[first + i];
            if (value != 0 && leaf) {
                dropChunk(value);
            } else if (value != 0) {
                reap.push((int) value);
            }
        }
        nodes.free(node);
    }

    private void dropChunk(long chunk) {
        if (counts.decrement(chunk) == 0) {
            purges.add(chunk);
        }
    }

    // ------------------------------------------------------------ one slot

    /// Sets the slot at `index`, 0 unmaps it, on behalf of `volume` in `generation`, which own it
    /// from now on. Returns the map's root, which replaces `root`.
    MapRoot set(MapRoot root, long volume, long generation, long index, long chunk) {
        if (chunk == 0 && MapWalks.chunkAt(nodes, root, index) == 0) {
            return root;
        }
        MapRoot grown = cover(root, index);
        int height = grown.height();
        int top = exclusive(grown.node());
        int node = top;
        for (int level = height; level > 1; level--) {
            path[level] = node;
            node = exclusiveChild(node, slotOf(index, level), level);
        }
        path[1] = node;
        int change = setInLeaf(node, volume, generation, slotOf(index, 1), chunk);
        if (change != 0) {
            for (int level = 2; level <= height; level++) {
                nodes.writable(path[level])[NodeSlab.offset(path[level]) + 1] += change;
            }
        }
        return change < 0 ? prune(new MapRoot(top, height), index) : new MapRoot(top, height);
    }

    /// The same map, high enough for `index`.
    private MapRoot cover(MapRoot root, long index) {
        int height = MapWalks.heightFor(index);
        if (root.isEmpty()) {
            return new MapRoot(nodes.allocate(height), height);
        }
        MapRoot grown = root;
        while (grown.height() < height) {
            int level = grown.height() + 1;
            int top = nodes.allocate(level);
            long[] page = nodes.writable(top);
            int offset = NodeSlab.offset(top);
            page[offset + 1] = nodes.mapped(grown.node());
            page[offset + HEADER_LONGS] = grown.node();
            grown = new MapRoot(top, level);
        }
        return grown;
    }

    private int exclusiveChild(int parent, int slot, int level) {
        int child = (int) nodes.slot(parent, slot);
        int own = child == 0 ? nodes.allocate(level - 1) : exclusive(child);
        if (own != child) {
            nodes.writable(parent)[NodeSlab.offset(parent) + HEADER_LONGS + slot] = own;
        }
        return own;
    }

    /// The node itself when this map alone has it, else a copy that does.
    private int exclusive(int node) {
        if (nodes.references(node) == 1) {
            return node;
        }
        int level = nodes.level(node);
        int copy = nodes.allocate(level);
        long[] to = nodes.writable(copy);
        long[] from = nodes.page(node);
        int source = NodeSlab.offset(node);
        int target = NodeSlab.offset(copy);
        System.arraycopy(from, source + 1, to, target + 1, NodeSlab.NODE_LONGS - 1);
        for (int i = HEADER_LONGS; i < NodeSlab.NODE_LONGS; i++) {
            long value = to[target + i];
            if (value != 0 && level == 1) {
                counts.increment(value);
            } else if (value != 0) {
                nodes.addReferences((int) value, 1);
            }
        }
        nodes.addReferences(node, -1);
        return copy;
    }

    /// How many more slots are mapped now: -1, 0 or 1.
    private int setInLeaf(int leaf, long volume, long generation, int slot, long chunk) {
        long[] page = nodes.writable(leaf);
        int offset = NodeSlab.offset(leaf);
        if (page[offset + 1] != volume || page[offset + 2] != generation) {
            page[offset + 1] = volume;
            page[offset + 2] = generation;
            page[offset + 3] = 0;
        }
        long old = page[offset + HEADER_LONGS + slot];
        page[offset + HEADER_LONGS + slot] = chunk;
        long bit = 1L << slot;
        page[offset + 3] = chunk == 0 ? page[offset + 3] & ~bit : page[offset + 3] | bit;
        if (chunk != 0) {
            counts.first();
        }
        if (old != 0) {
            dropChunk(old);
        }
        return (chunk == 0 ? 0 : 1) - (old == 0 ? 0 : 1);
    }

    /// Frees what became empty on the way to `index`; all of that path belongs to this map alone.
    private MapRoot prune(MapRoot root, long index) {
        int level = 1;
        while (level <= root.height() && nodes.mapped(path[level]) == 0) {
            nodes.free(path[level]);
            level++;
        }
        if (level > root.height()) {
            return MapRoot.EMPTY;
        }
        if (level > 1) {
            int parent = path[level];
            nodes.writable(parent)[NodeSlab.offset(parent) + HEADER_LONGS + slotOf(index, level)] =
                    0;
        }
        return root;
    }

    // ------------------------------------------------------------ the tail

    /// Unmaps every slot from `slots` on. Subtrees beyond are left to [#reapStep].
    MapRoot truncate(MapRoot root, long slots) {
        if (root.isEmpty() || slots >= MapWalks.span(root.height())) {
            return root;
        }
        if (slots == 0) {
            release(root);
            return MapRoot.EMPTY;
        }
        int top = exclusive(root.node());
        long removed = truncateNode(top, root.height(), slots);
        Invariant.check(removed >= 0, "slots removed", removed);
        if (nodes.mapped(top) == 0) {
            release(new MapRoot(top, root.height()));
            return MapRoot.EMPTY;
        }
        return new MapRoot(top, root.height());
    }

    /// Keeps the first `keep` slots below an exclusive node, 0 < keep < its span; the slots
    /// unmapped.
    private long truncateNode(int node, int level, long keep) {
        long[] page = nodes.writable(node);
        int offset = NodeSlab.offset(node);
        if (level == 1) {
            long removed = 0;
            for (int i = (int) keep; i < SLOTS; i++) {
                long chunk = page[offset + HEADER_LONGS + i];
                if (chunk != 0) {
                    page[offset + HEADER_LONGS + i] = 0;
                    removed++;
                    dropChunk(chunk);
                }
            }
            page[offset + 3] &= (1L << keep) - 1;
            return removed;
        }
        long childSpan = MapWalks.span(level - 1);
        int boundary = (int) (keep / childSpan);
        long rest = keep % childSpan;
        long removed = 0;
        if (rest > 0 && page[offset + HEADER_LONGS + boundary] != 0) {
            int child = exclusiveChild(node, boundary, level);
            removed += truncateNode(child, level - 1, rest);
        }
        for (int i = rest > 0 ? boundary + 1 : boundary; i < SLOTS; i++) {
            removed += detach(node, i);
        }
        // The page may have been copied meanwhile.
        nodes.writable(node)[offset + 1] -= removed;
        if (rest > 0) {
            int child = (int) nodes.slot(node, boundary);
            if (child != 0 && nodes.mapped(child) == 0) {
                detach(node, boundary);
            }
        }
        return removed;
    }

    private long detach(int parent, int slot) {
        int child = (int) nodes.slot(parent, slot);
        if (child == 0) {
            return 0;
        }
        long mapped = nodes.mapped(child);
        nodes.writable(parent)[NodeSlab.offset(parent) + HEADER_LONGS + slot] = 0;
        releaseNode(child);
        return mapped;
    }

    private static int slotOf(long index, int level) {
        return (int) (index >>> (SLOT_BITS * (level - 1))) & (SLOTS - 1);
    }
}
