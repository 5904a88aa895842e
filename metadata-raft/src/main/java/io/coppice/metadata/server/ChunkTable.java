package io.coppice.metadata.server;

import java.util.Arrays;

/// Blocks and own blocks of many chunks in two flat arrays: open addressing, 16 bytes a slot. A
/// chunk that was added and not counted yet has no blocks. Not thread-safe.
final class ChunkTable {
    private long[] chunks = new long[1024];
    private long[] counts = new long[1024];
    private int size;

    /// True when the chunk is new here.
    boolean add(long chunk) {
        int slot = slot(chunk);
        if (chunks[slot] == chunk) {
            return false;
        }
        if (size * 2 >= chunks.length) {
            grow();
            slot = slot(chunk);
        }
        chunks[slot] = chunk;
        size++;
        return true;
    }

    void count(long chunk, int blocks, int ownBlocks) {
        int slot = slot(chunk);
        if (chunks[slot] == chunk) {
            counts[slot] = ((long) blocks << 32) | ownBlocks;
        }
    }

    long blocks(long chunk) {
        int slot = slot(chunk);
        return chunks[slot] == chunk ? counts[slot] >>> 32 : 0;
    }

    long ownBlocks(long chunk) {
        int slot = slot(chunk);
        return chunks[slot] == chunk ? counts[slot] & 0xffff_ffffL : 0;
    }

    int size() {
        return size;
    }

    /// Ascending, so chunks of one group are neighbours.
    long[] sorted() {
        long[] all = new long[size];
        int n = 0;
        for (long chunk : chunks) {
            if (chunk != 0) {
                all[n++] = chunk;
            }
        }
        Arrays.sort(all);
        return all;
    }

    private int slot(long chunk) {
        long mixed = chunk * 0x9E3779B97F4A7C15L;
        int mask = chunks.length - 1;
        int slot = (int) (mixed >>> 32) & mask;
        while (chunks[slot] != 0 && chunks[slot] != chunk) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        long[] oldChunks = chunks;
        long[] oldCounts = counts;
        chunks = new long[oldChunks.length * 2];
        counts = new long[chunks.length];
        for (int i = 0; i < oldChunks.length; i++) {
            if (oldChunks[i] != 0) {
                int slot = slot(oldChunks[i]);
                chunks[slot] = oldChunks[i];
                counts[slot] = oldCounts[i];
            }
        }
    }
}
