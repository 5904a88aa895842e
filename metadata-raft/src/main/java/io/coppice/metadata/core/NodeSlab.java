package io.coppice.metadata.core;

import io.coppice.model.Invariant;
import java.util.Arrays;

/// The nodes of all chunk maps, in pages of 64 KiB. A node is 4 header longs and 64 slots:
///
/// ```text
/// long 0   level << 32 | references        level 1 is a leaf; 0: the node is free
/// long 1   leaf: volume that owns the fresh slots    above: mapped slots below this node
/// long 2   leaf: its generation                      free: number of the next free node
/// long 3   leaf: bitmap of the slots set in that generation
/// 4..67    leaf: chunk ids, 0 is unmapped            above: node numbers, 0 is an empty subtree
/// ```
///
/// Node 0 is never used. Freed nodes are taken again, the last freed first, so equal histories give
/// equal slabs. A frozen slab shares its pages with the live one until they change.
final class NodeSlab {
    static final int SLOTS = 64;
    static final int SLOT_BITS = 6;
    static final int HEADER_LONGS = 4;
    static final int NODE_LONGS = HEADER_LONGS + SLOTS;
    static final int PAGE_LONGS = 8192;
    static final int NODES_PER_PAGE = PAGE_LONGS / NODE_LONGS;
    private static final long REFERENCES_MASK = 0xFFFF_FFFFL;

    private final CaptureGate gate;
    private long[][] pages;
    private long[] stamps;
    private int pageCount;
    private int used;
    private int firstFree;
    private int free;

    NodeSlab(CaptureGate gate) {
        this(gate, new long[4][], new long[4], 0, 1, 0, 0);
    }

    private NodeSlab(
            CaptureGate gate,
            long[][] pages,
            long[] stamps,
            int pageCount,
            int used,
            int firstFree,
            int free) {
        this.gate = gate;
        this.pages = pages;
        this.stamps = stamps;
        this.pageCount = pageCount;
        this.used = used;
        this.firstFree = firstFree;
        this.free = free;
    }

    NodeSlab freeze() {
        return new NodeSlab(
                gate,
                Arrays.copyOf(pages, pageCount),
                new long[0],
                pageCount,
                used,
                firstFree,
                free);
    }

    // ------------------------------------------------------------ reading

    /// The page that holds `node`, for reading.
    long[] page(int node) {
        return pages[node / NODES_PER_PAGE];
    }

    /// Where the node starts in its page.
    static int offset(int node) {
        return node % NODES_PER_PAGE * NODE_LONGS;
    }

    int references(int node) {
        return (int) (page(node)[offset(node)] & REFERENCES_MASK);
    }

    int level(int node) {
        return (int) (page(node)[offset(node)] >>> 32);
    }

    long slot(int node, int slot) {
        return page(node)[offset(node) + HEADER_LONGS + slot];
    }

    long owner(int leaf) {
        return page(leaf)[offset(leaf) + 1];
    }

    long generation(int leaf) {
        return page(leaf)[offset(leaf) + 2];
    }

    long fresh(int leaf) {
        return page(leaf)[offset(leaf) + 3];
    }

    /// Mapped slots in the subtree.
    long mapped(int node) {
        long[] page = page(node);
        int offset = offset(node);
        if (page[offset] >>> 32 != 1) {
            return page[offset + 1];
        }
        int count = 0;
        for (int i = offset + HEADER_LONGS; i < offset + NODE_LONGS; i++) {
            if (page[i] != 0) {
                count++;
            }
        }
        return count;
    }

    /// Node numbers run from 1 to this, exclusive; some are free.
    int end() {
        return used;
    }

    int liveNodes() {
        return used - 1 - free;
    }

    // ------------------------------------------------------------ writing

    /// The page that holds `node`, for writing; a copy of it when a capture shares it.
    long[] writable(int node) {
        int index = node / NODES_PER_PAGE;
        if (gate.isShared(stamps[index])) {
            pages[index] = pages[index].clone();
            stamps[index] = gate.stamp();
        }
        return pages[index];
    }

    /// A node with one reference and nothing in it.
    int allocate(int level) {
        int node;
        if (firstFree != 0) {
            node = firstFree;
            firstFree = (int) page(node)[offset(node) + 2];
            free--;
        } else {
            node = used;
            if (node / NODES_PER_PAGE == pageCount) {
                addPage();
            }
            Invariant.check(used < Integer.MAX_VALUE, "the chunk maps are full");
            used++;
        }
        long[] page = writable(node);
        int offset = offset(node);
        Arrays.fill(page, offset, offset + NODE_LONGS, 0);
        page[offset] = (long) level << 32 | 1;
        return node;
    }

    private void addPage() {
        if (pageCount == pages.length) {
            int length = (int) Math.min(Integer.MAX_VALUE - 8, pages.length * 2L);
            pages = Arrays.copyOf(pages, length);
            stamps = Arrays.copyOf(stamps, length);
        }
        pages[pageCount] = new long[PAGE_LONGS];
        stamps[pageCount] = gate.stamp();
        pageCount++;
    }

    /// Gives back a node nobody refers to any more.
    void free(int node) {
        long[] page = writable(node);
        int offset = offset(node);
        page[offset] = 0;
        page[offset + 2] = firstFree;
        firstFree = node;
        free++;
    }

    void addReferences(int node, int count) {
        long[] page = writable(node);
        int offset = offset(node);
        long references = (page[offset] & REFERENCES_MASK) + count;
        Invariant.check(
                references > 0 && references <= Integer.MAX_VALUE,
                "references of a map node",
                references);
        page[offset] += count;
    }

    // ------------------------------------------------------------ snapshots

    int pageCount() {
        return pageCount;
    }

    long[] pageAt(int index) {
        return pages[index];
    }

    int firstFree() {
        return firstFree;
    }

    int freeCount() {
        return free;
    }

    /// Builds a slab of pages that were read back.
    static NodeSlab restore(CaptureGate gate, long[][] pages, int used, int firstFree, int free) {
        var stamps = new long[Math.max(4, pages.length)];
        Arrays.fill(stamps, gate.stamp());
        return new NodeSlab(
                gate,
                Arrays.copyOf(pages, stamps.length),
                stamps,
                pages.length,
                used,
                firstFree,
                free);
    }
}
