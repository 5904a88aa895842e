package io.coppice.node.lane;

import io.coppice.model.ChunkId;
import io.coppice.node.store.ChunkDigest;
import io.coppice.node.store.ChunkSummary;
import io.coppice.node.store.FreedBlocks;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.ChunkPage;
import io.coppice.wire.pb.ChunkStat;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// Answers of `usage` and `check` about the chunks of a store, in pages that fit a frame and a
/// moment.
final class CheckService {
    private static final int STATS_MAX = 3_000;
    private static final int PAGE_CHUNKS = 800;

    /// Data that one deep page reads at most, plus one chunk.
    private static final int DEEP_BLOCKS = 2_048;

    private final Lane lane;
    private final OperationFrames operations;

    CheckService(Lane lane, OperationFrames operations) {
        this.lane = lane;
        this.operations = operations;
    }

    void stats(Request request, DataHeader header) {
        if (header.getChunksCount() > STATS_MAX) {
            request.refuse(DataStatus.BAD_REQUEST, "at most " + STATS_MAX + " chunks per request");
            return;
        }
        DataHeader.Builder reply = request.reply(DataStatus.OK);
        for (int i = 0; i < header.getChunksCount(); i++) {
            long chunk = header.getChunks(i);
            ChunkSummary summary =
                    ChunkId.group(chunk) == request.group() ? lane.store().summary(chunk) : null;
            if (summary != null) {
                reply.addStats(
                        ChunkStat.newBuilder()
                                .setChunk(chunk)
                                .setBlocks(summary.blocks())
                                .setOwnBlocks(summary.ownBlocks()));
            }
        }
        request.answer(reply, null);
    }

    /// How many blocks would go with the chunks whose ids are in `payload`, counted from where the
    /// asker had come.
    void freed(Request request, DataHeader header, ByteBuffer payload) {
        var chunks = new long[payload.remaining() / Long.BYTES];
        String problem = null;
        if (payload.remaining() != chunks.length * Long.BYTES || header.getCrcsCount() != 1) {
            problem = "the ids of chunks are 8 bytes each, with one checksum";
        } else if (Checksums.crc32c(payload) != header.getCrcs(0)) {
            request.refuse(DataStatus.BAD_CHECKSUM, "the ids were damaged on the way");
            return;
        }
        payload.asLongBuffer().get(chunks);
        for (int i = 0; problem == null && i < chunks.length; i++) {
            boolean grows = i == 0 || chunks[i - 1] < chunks[i];
            if (!grows || ChunkId.group(chunks[i]) != request.group()) {
                problem = "the ids of chunks must grow, and be of the group";
            }
        }
        if (problem != null || header.getBlock() < 0) {
            request.refuse(DataStatus.BAD_REQUEST, problem == null ? "no such block" : problem);
            return;
        }
        FreedBlocks.Page page =
                FreedBlocks.count(
                        lane.store(),
                        operations.blocksPerChunk(),
                        request.group(),
                        chunks,
                        new FreedBlocks.At(header.getCursor(), header.getBlock()));
        var reply = request.reply(DataStatus.OK).setFreedBlocks(page.blocks());
        FreedBlocks.At next = page.next();
        if (next == null) {
            reply.setLast(true);
        } else {
            reply.setCursor(next.chunk()).setBlock(next.block());
        }
        request.answer(reply, null);
    }

    void list(Request request, DataHeader header) {
        List<ChunkSummary> chunks =
                lane.store().list(request.group(), header.getCursor(), PAGE_CHUNKS);
        var page = ChunkPage.newBuilder().setNextCursor(header.getCursor());
        int deepBlocks = 0;
        int listed = 0;
        try {
            for (ChunkSummary summary : chunks) {
                if (header.getDeep() && deepBlocks >= DEEP_BLOCKS) {
                    break;
                }
                page.addChunks(info(summary, header.getDeep())).setNextCursor(summary.chunk());
                deepBlocks +=
                        operations.blocksPerChunk() < DEEP_BLOCKS
                                ? Math.max(1, summary.blocks())
                                : DEEP_BLOCKS;
                listed++;
            }
        } catch (IOException e) {
            request.refuse(DataStatus.IO_ERROR, "the store is down: " + e.getMessage());
            lane.fail(e);
            return;
        }
        page.setLast(listed == chunks.size() && chunks.size() < PAGE_CHUNKS);
        request.answer(request.reply(DataStatus.OK).setChunkPage(page), null);
    }

    private ChunkInfo info(ChunkSummary summary, boolean deep) throws IOException {
        ChunkInfo.Builder info =
                ChunkInfo.newBuilder()
                        .setChunk(summary.chunk())
                        .setVersionEpoch(summary.version().epoch())
                        .setVersionSequence(summary.version().sequence())
                        .setBlocks(summary.blocks())
                        .setParent(summary.parent());
        ChunkDigest digest =
                deep
                        ? lane.store().deepVerify(summary.chunk())
                        : lane.store().digest(summary.chunk());
        if (digest != null) {
            info.setDigest(digest.digest()).setBadBlocks(digest.bad().length);
            if (deep) {
                lane.metrics().checksumErrors.inc(digest.bad().length);
            }
        }
        return info.build();
    }
}
