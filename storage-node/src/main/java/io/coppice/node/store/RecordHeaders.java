package io.coppice.node.store;

import io.coppice.model.ChunkId;
import io.coppice.model.Position;
import io.coppice.node.format.RecordHeader;
import io.coppice.node.format.RecordKind;

/// The headers that a store writes, as far as they have something in common.
final class RecordHeaders {
    private RecordHeaders() {}

    /// A record about blocks of a chunk.
    static RecordHeader change(
            RecordKind kind,
            boolean create,
            Position position,
            long session,
            long sequence,
            long chunk,
            long fromChunk,
            int firstBlock,
            int blockCount,
            int dataBlocks) {
        return new RecordHeader(
                kind,
                create ? RecordHeader.CREATE : 0,
                ChunkId.group(chunk),
                position.epoch(),
                position.sequence(),
                chunk,
                fromChunk,
                session,
                sequence,
                firstBlock,
                blockCount,
                dataBlocks,
                0);
    }

    /// A record about a group or a chunk as a whole.
    static RecordHeader bare(
            RecordKind kind, int group, Position position, long chunk, long session, long request) {
        return new RecordHeader(
                kind,
                0,
                group,
                position.epoch(),
                position.sequence(),
                chunk,
                0,
                session,
                request,
                0,
                0,
                0,
                0);
    }
}
