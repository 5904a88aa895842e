package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.wire.Checksums;

/// What [ChunkStore#read] found.
///
/// @param present bit i (byte i / 8, bit i % 8): block firstBlock + i is mapped; empty: all are
/// @param mapped number of mapped blocks = blocks put into the target
/// @param crcs CRC32C of each mapped block, in order; [#UNKNOWN_CRC] where the header of a damaged
///   block's record is not readable
/// @param bad numbers (in the chunk) of mapped blocks that are damaged; zeros stand in the target
///   for them
public record BlockRead(byte[] present, int mapped, int[] crcs, int[] bad) {
    /// Stands for a checksum that is lost. The zeros that are returned for a damaged block never
    /// match it, so it can also be stored; a block that has it by chance (one in four thousand
    /// million) is only mended by a stricter rule than it needs.
    public static final int UNKNOWN_CRC =
            ~Checksums.crc32c(new byte[Blocks.BLOCK_BYTES], 0, Blocks.BLOCK_BYTES);

    public boolean isPresent(int index) {
        return present.length == 0 ? mapped > 0 : (present[index >>> 3] >>> (index & 7) & 1) != 0;
    }
}
