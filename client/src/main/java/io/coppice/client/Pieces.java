package io.coppice.client;

import io.coppice.client.plan.ChunkOp.Kind;
import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// How a byte range is cut into operations on chunks. Immutable.
record Pieces(long chunkBytes, int pieceBytes) {
    private static final int BLOCK_MASK = Blocks.BLOCK_BYTES - 1;

    /// Where the piece that starts at `from` ends. Writes of parts of blocks are pieces of one
    /// block.
    long end(Kind kind, long from, long end) {
        long chunkEnd = (from / chunkBytes + 1) * chunkBytes;
        return switch (kind) {
            case ZERO, EXTENTS -> Math.min(end, chunkEnd);
            case READ -> Math.min(Math.min(end, chunkEnd), from - (from & BLOCK_MASK) + pieceBytes);
            case WRITE, PATCH -> {
                long blockEnd = from - (from & BLOCK_MASK) + Blocks.BLOCK_BYTES;
                if ((from & BLOCK_MASK) != 0 || end < blockEnd) {
                    yield Math.min(end, blockEnd);
                }
                long wholeBlocks = end - (end & BLOCK_MASK);
                yield Math.min(Math.min(wholeBlocks, chunkEnd), from + pieceBytes);
            }
        };
    }

    /// The operation for `[from, from + length)`, which [#end] has cut.
    DataOp piece(RemoteDevice device, Request request, long from, int length, int bufferIndex) {
        return piece(
                device,
                request.kind,
                from,
                length,
                request.buffer,
                bufferIndex,
                request.fua,
                request.startNanos,
                request.deadlineNanos,
                request);
    }

    DataOp piece(
            RemoteDevice device,
            Kind kind,
            long from,
            int length,
            @Nullable ByteBuf buffer,
            int bufferIndex,
            boolean fua,
            long startNanos,
            long deadlineNanos,
            Completion done) {
        long index = from / chunkBytes;
        int inChunk = (int) (from - index * chunkBytes);
        int block = inChunk >>> Blocks.BLOCK_SHIFT;
        int skip = inChunk & BLOCK_MASK;
        int count = (int) Blocks.count(skip + length);
        boolean partial = kind == Kind.WRITE && (skip != 0 || (length & BLOCK_MASK) != 0);
        return new DataOp(
                device,
                partial ? Kind.PATCH : kind,
                index,
                block,
                count,
                buffer,
                bufferIndex,
                skip,
                length,
                fua,
                startNanos,
                deadlineNanos,
                done);
    }
}
