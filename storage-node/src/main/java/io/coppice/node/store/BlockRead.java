package io.coppice.node.store;

import java.nio.ByteBuffer;

/// What [ChunkStore#read] found.
///
/// @param present bit i (byte i / 8, bit i % 8): block firstBlock + i is mapped; empty: all are
/// @param mapped number of mapped blocks = blocks put into the target
/// @param crcs CRC32C of each mapped block, in order; [#UNKNOWN_CRC] where the header of a damaged
///   block's record is not readable
/// @param bad numbers (in the chunk) of mapped blocks that are damaged; [LostBlock] stands in the
///   target for them
public record BlockRead(byte[] present, int mapped, int[] crcs, int[] bad) {
    /// Stands for a checksum that is lost. It can also be stored: what stands for the data of a
    /// damaged block does not match it.
    public static final int UNKNOWN_CRC = LostBlock.UNKNOWN_CRC;

    /// Whether what is at `at` stands for the data of a damaged block. Only worth asking of what
    /// does not match its checksum: a user may have written the same.
    public static boolean isLost(ByteBuffer bytes, int at) {
        return LostBlock.isAt(bytes, at);
    }

    public boolean isPresent(int index) {
        return present.length == 0 ? mapped > 0 : (present[index >>> 3] >>> (index & 7) & 1) != 0;
    }
}
