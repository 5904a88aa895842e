package io.coppice.node.store;

/// What [ChunkStore#read] found.
///
/// @param present bit i (byte i / 8, bit i % 8): block firstBlock + i is mapped; empty: all are
/// @param mapped number of mapped blocks = blocks put into the target
/// @param crcs CRC32C of each mapped block, in order; [LostBlock#UNKNOWN_CRC] where the header of a
///   damaged block's record is not readable
/// @param bad numbers (in the chunk) of mapped blocks that are damaged; [LostBlock] stands in the
///   target for them
public record BlockRead(byte[] present, int mapped, int[] crcs, int[] bad) {
    public boolean isPresent(int index) {
        return present.length == 0 ? mapped > 0 : (present[index >>> 3] >>> (index & 7) & 1) != 0;
    }
}
