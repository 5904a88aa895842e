package io.coppice.node.store;

import io.coppice.model.Position;
import java.nio.ByteBuffer;
import java.util.List;

/// A chunk as another replica has it: whole, or as the difference from something that this store
/// holds.
///
/// @param parent chunk that it was derived from, 0: none
/// @param base what it starts from
/// @param version last operation that changed it
/// @param blocks numbers of the blocks in `data`, ascending
/// @param crcs CRC32C of each of them
/// @param data the blocks, one after the other; not copied, must stay valid until the batch is
///   committed
/// @param unmapped blocks that the base has and this chunk has not, ascending
/// @param references blocks that are those of other chunks of the group, which this store holds:
///   they are shared, not stored again
public record ChunkImage(
        long chunk,
        long parent,
        Base base,
        Position version,
        int[] blocks,
        int[] crcs,
        ByteBuffer data,
        int[] unmapped,
        List<Reference> references) {
    /// What an image starts from.
    public enum Base {
        /// From no blocks.
        NOTHING,
        /// From those of the parent, which must be held.
        PARENT,
        /// From those of the version that this store holds.
        HELD
    }

    /// Blocks [first, first + count) are those of `chunk`.
    public record Reference(long chunk, int first, int count) {}

    public ChunkImage {
        references = List.copyOf(references);
    }
}
