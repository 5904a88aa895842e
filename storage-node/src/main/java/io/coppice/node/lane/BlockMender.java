package io.coppice.node.lane;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Finds a good copy of a damaged block (R10).
public interface BlockMender {
    /// Called on the lane with the checksum that is stored for the block, or
    /// [io.coppice.node.store.BlockRead#UNKNOWN_CRC]; `done` is called there too, once, and owns
    /// the buffer: the block's good data, or null when no other serving replica has it. The copy in
    /// this lane's store has been mended by then.
    void mend(
            Lane lane, int group, long chunk, int block, int crc, Consumer<@Nullable ByteBuf> done);
}
