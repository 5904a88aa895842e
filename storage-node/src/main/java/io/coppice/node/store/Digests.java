package io.coppice.node.store;

import io.coppice.model.Blocks;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Fingerprints of chunks. One thread.
final class Digests {
    private static final int BLOCKS_PER_READ = 16;
    private final BlockReader reader;
    private final long[] locations;
    private final ByteBuffer data = ByteBuffer.allocateDirect(BLOCKS_PER_READ * Blocks.BLOCK_BYTES);

    Digests(BlockReader reader, int blocksPerChunk) {
        this.reader = reader;
        this.locations = new long[blocksPerChunk];
    }

    /// From the stored checksums.
    ChunkDigest shallow(Table table) throws IOException {
        table.copyTo(0, locations.length, locations);
        var bad = new BlockReader.BadList();
        var crc = new int[1];
        long digest = 0;
        int blocks = 0;
        for (int block = 0; block < locations.length; block++) {
            if (locations[block] != Location.NONE) {
                blocks++;
                if (reader.crcOf(locations[block], crc)) {
                    digest = mix(digest, block, crc[0]);
                } else {
                    bad.add(block);
                }
            }
        }
        return new ChunkDigest(digest, blocks, bad.toArray());
    }

    /// Reads everything; damaged blocks are left out of the digest.
    ChunkDigest deep(Table table) throws IOException {
        var bad = new BlockReader.BadList();
        var isBad = new java.util.BitSet();
        long digest = 0;
        int blocks = 0;
        for (int first = 0; first < locations.length; first += BLOCKS_PER_READ) {
            var part = new long[Math.min(BLOCKS_PER_READ, locations.length - first)];
            table.copyTo(first, part.length, part);
            BlockRead read = reader.read(part, first, data.clear());
            for (int block : read.bad()) {
                bad.add(block);
                isBad.set(block);
            }
            int next = 0;
            for (int i = 0; i < part.length; i++) {
                if (part[i] != Location.NONE) {
                    int crc = read.crcs()[next++];
                    digest = isBad.get(first + i) ? digest : mix(digest, first + i, crc);
                }
            }
            blocks += read.mapped();
        }
        return new ChunkDigest(digest, blocks, bad.toArray());
    }

    private static long mix(long digest, int block, int crc) {
        long mixed = (digest ^ ((long) block << 32 | crc & 0xffff_ffffL)) * 0x9E3779B97F4A7C15L;
        return mixed ^ mixed >>> 29;
    }
}
