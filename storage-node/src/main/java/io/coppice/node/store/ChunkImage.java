package io.coppice.node.store;

import io.coppice.model.Position;
import java.nio.ByteBuffer;

/// A chunk as another replica has it: either whole (`parent` 0, or not held here), or as the
/// difference from `parent`, which this store holds.
///
/// @param parent chunk that it was derived from, 0: none
/// @param fromParent start from the parent's blocks (the parent must be held); otherwise from no
///   blocks
/// @param version last operation that changed it
/// @param blocks numbers of the blocks in `data`, ascending
/// @param crcs CRC32C of each of them
/// @param data the blocks, one after the other; not copied, must stay valid until the batch is
///   committed
/// @param unmapped blocks that the parent has and this chunk has not, ascending
public record ChunkImage(
        long chunk,
        long parent,
        boolean fromParent,
        Position version,
        int[] blocks,
        int[] crcs,
        ByteBuffer data,
        int[] unmapped) {}
