package io.coppice.node.lane;

import io.netty.buffer.ByteBuf;

/// Finds a good copy of a damaged block (R10).
public interface BlockMender {
    /// How a search ended; called on the lane, once.
    interface Answer {
        /// The block's data, which the callee owns. The copy in this lane's store has been mended.
        void found(ByteBuf good);

        /// @param lost every other replica that serves or catches up has said that it has no good
        ///   copy; else some could not be asked
        void notFound(boolean lost);
    }

    /// Called on the lane.
    ///
    /// @param crc the checksum that is stored for the block, or
    ///   [io.coppice.node.store.BlockRead#UNKNOWN_CRC]
    void mend(Lane lane, int group, long chunk, int block, int crc, Answer answer);
}
