package io.coppice.node.lane;

import io.coppice.model.Blocks;
import io.coppice.model.Position;
import io.coppice.net.ReplyHandler;
import io.coppice.node.replica.ChunkSummary;
import io.coppice.node.replica.GroupReplica;
import io.coppice.node.replica.Operation;
import io.coppice.node.replica.Outcome;
import io.coppice.node.store.BlockRead;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.ChunkPage;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The frames by which replicas come to the same point: a new primary's questions (R6), and a
/// syncing replica's pages and chunks (R7). Both sides of each.
final class CatchUp {
    private static final Logger LOG = LoggerFactory.getLogger(CatchUp.class);

    /// Blocks of one frame: 4 MiB, half of what a frame may carry.
    static final int FRAME_BLOCKS_MAX = 1_024;

    private static final int PAGE_CHUNKS = 1_000;

    private final Lane lane;

    CatchUp(Lane lane) {
        this.lane = lane;
    }

    // ---------------------------------------------------------------- tails

    void askTail(LaneGroup group, int store, long epoch, long after) {
        GroupReplica replica = group.replica();
        DataHeader.Builder request =
                DataHeader.newBuilder()
                        .setKind(DataKind.TAIL)
                        .setGroup(group.group())
                        .setEpoch(epoch)
                        .setGroupSequence(after);
        lane.links()
                .call(
                        store,
                        request,
                        new ReplyHandler() {
                            @Override
                            public void reply(DataHeader header, ByteBuf payload) {
                                var operations = new OperationFrames(lane.blocksPerChunk());
                                boolean has =
                                        header.getReplicatedKind()
                                                != DataKind.DATA_KIND_UNSPECIFIED;
                                boolean sound =
                                        !has
                                                || operations.operationProblem(
                                                                header, payload.readableBytes())
                                                        == null;
                                if (header.getStatus() != DataStatus.OK
                                        || !sound
                                        || (has && operations.damagedBlock(header, payload) >= 0)) {
                                    payload.release();
                                    replica.tailFailed(store, epoch);
                                } else if (has) {
                                    Operation next =
                                            operations.operation(
                                                    header, header.getVersionSequence(), payload);
                                    replica.tailReceived(
                                            store, epoch, header.getGroupSequence(), next);
                                } else {
                                    payload.release();
                                    replica.tailReceived(
                                            store, epoch, header.getGroupSequence(), null);
                                }
                            }

                            @Override
                            public void failed(String why) {
                                replica.tailFailed(store, epoch);
                            }
                        });
    }

    void tail(Request request, DataHeader header, LaneGroup group) {
        GroupReplica replica = group.replica();
        Outcome outcome = replica.askedForTail(header.getEpoch());
        if (outcome == Outcome.OK && replica.appendedSequence() < replica.last()) {
            outcome = Outcome.NOT_SERVING; // at the end of this turn it will be right
        }
        if (outcome != Outcome.OK) {
            request.answer(outcome, replica.epoch());
            return;
        }
        DataHeader.Builder reply = request.reply(DataStatus.OK);
        Operation next = replica.tailAfter(header.getGroupSequence());
        ByteBuf data = null;
        if (next != null) {
            reply.setGroup(group.group());
            OperationFrames.encode(reply, next, header.getEpoch());
            reply.setVersionSequence(next.sequence());
            data = OperationFrames.data(next);
        }
        request.answer(reply.setGroupSequence(replica.last()), data);
    }

    // ---------------------------------------------------------------- pages

    void askPage(LaneGroup group, int primary, long epoch, long cursor) {
        GroupReplica replica = group.replica();
        DataHeader.Builder request =
                DataHeader.newBuilder()
                        .setKind(DataKind.PULL_CHUNKS)
                        .setGroup(group.group())
                        .setEpoch(epoch)
                        .setCursor(cursor)
                        .setAskingStore(lane.storeId());
        lane.links()
                .call(
                        primary,
                        request,
                        new ReplyHandler() {
                            @Override
                            public void reply(DataHeader header, ByteBuf payload) {
                                payload.release();
                                if (header.getStatus() != DataStatus.OK) {
                                    LOG.debug(
                                            "{}: group {}: no page from store {}: {}",
                                            lane,
                                            group.group(),
                                            primary,
                                            header.getStatus());
                                    replica.catchUpFailed(epoch, 0);
                                    return;
                                }
                                ChunkPage page = header.getChunkPage();
                                List<ChunkSummary> chunks = new ArrayList<>(page.getChunksCount());
                                for (ChunkInfo info : page.getChunksList()) {
                                    var version =
                                            new Position(
                                                    info.getVersionEpoch(),
                                                    info.getVersionSequence());
                                    chunks.add(
                                            new ChunkSummary(
                                                    info.getChunk(), version, info.getParent()));
                                }
                                var position =
                                        new Position(
                                                header.getVersionEpoch(),
                                                header.getVersionSequence());
                                replica.pageReceived(
                                        epoch,
                                        cursor,
                                        position,
                                        chunks,
                                        page.getNextCursor(),
                                        page.getLast());
                                lane.dirty(group);
                            }

                            @Override
                            public void failed(String why) {
                                LOG.debug(
                                        "{}: group {}: no page from store {}: {}",
                                        lane,
                                        group.group(),
                                        primary,
                                        why);
                                replica.catchUpFailed(epoch, 0);
                            }
                        });
    }

    void page(Request request, DataHeader header, LaneGroup group) {
        GroupReplica replica = group.replica();
        int from = header.getAskingStore();
        Outcome outcome = replica.askedToCatchUp(from, header.getEpoch(), header.getCursor() == 0);
        if (outcome != Outcome.OK) {
            request.answer(outcome, replica.epoch());
            return;
        }
        var chunks = lane.store().list(group.group(), header.getCursor(), PAGE_CHUNKS);
        var page =
                ChunkPage.newBuilder()
                        .setNextCursor(header.getCursor())
                        .setLast(chunks.size() < PAGE_CHUNKS);
        for (var chunk : chunks) {
            page.setNextCursor(chunk.chunk())
                    .addChunks(
                            ChunkInfo.newBuilder()
                                    .setChunk(chunk.chunk())
                                    .setVersionEpoch(chunk.version().epoch())
                                    .setVersionSequence(chunk.version().sequence())
                                    .setParent(chunk.parent()));
        }
        Position position = replica.position();
        request.answer(
                request.reply(DataStatus.OK)
                        .setVersionEpoch(position.epoch())
                        .setVersionSequence(position.sequence())
                        .setChunkPage(page),
                null);
    }

    void askReady(LaneGroup group, int primary, long epoch, long sequence) {
        DataHeader.Builder request =
                DataHeader.newBuilder()
                        .setKind(DataKind.SYNCED)
                        .setGroup(group.group())
                        .setEpoch(epoch)
                        .setGroupSequence(sequence)
                        .setAskingStore(lane.storeId());
        lane.links()
                .call(
                        primary,
                        request,
                        new ReplyHandler() {
                            @Override
                            public void reply(DataHeader header, ByteBuf payload) {
                                payload.release();
                                group.replica()
                                        .readyAnswered(epoch, Request.outcome(header.getStatus()));
                            }

                            @Override
                            public void failed(String why) {
                                group.replica().readyAnswered(epoch, Outcome.NOT_SERVING);
                            }
                        });
    }

    void ready(Request request, DataHeader header, LaneGroup group) {
        Outcome outcome =
                group.replica()
                        .askedReady(
                                header.getAskingStore(),
                                header.getEpoch(),
                                header.getGroupSequence());
        request.answer(outcome, group.replica().epoch());
    }

    // ---------------------------------------------------------------- chunks

    void askChunk(
            LaneGroup group,
            int primary,
            long epoch,
            long chunk,
            long parent,
            Position parentVersion) {
        new ChunkFetch(lane, group, primary, epoch, chunk, parent, parentVersion).askNext();
    }

    /// One piece of a chunk: what is mapped from `block` on, or what differs from the parent that
    /// the asker has too.
    void fetch(Request request, DataHeader header, LaneGroup group, OperationFrames operations) {
        GroupReplica replica = group.replica();
        String problem = operations.rangeProblem(header, true);
        if (problem != null) {
            request.refuse(DataStatus.BAD_REQUEST, problem);
            return;
        }
        Outcome outcome = replica.askedToCatchUp(header.getAskingStore(), header.getEpoch(), false);
        if (outcome == Outcome.OK && !lane.store().contains(request.chunk())) {
            outcome = Outcome.NO_SUCH_CHUNK;
        }
        if (outcome != Outcome.OK) {
            request.answer(outcome, replica.epoch());
            return;
        }
        try {
            answerPiece(request, header, operations.blocksPerChunk());
        } catch (IOException e) {
            request.refuse(DataStatus.NOT_SERVING, "the store is down: " + e.getMessage());
            lane.fail(e);
        }
    }

    private void answerPiece(Request request, DataHeader header, int blocksPerChunk)
            throws IOException {
        long chunk = request.chunk();
        long parent = header.getFromChunk();
        var parentVersion = new Position(header.getVersionEpoch(), header.getVersionSequence());
        boolean difference = parent != 0 && parentVersion.equals(lane.store().version(parent));
        var wanted = new BitSet(blocksPerChunk);
        var unmapped = new BitSet(blocksPerChunk);
        if (difference) {
            lane.store().difference(chunk, parent, wanted, unmapped);
        } else {
            lane.store().presence(chunk, 0, blocksPerChunk, wanted, new BitSet(blocksPerChunk));
        }
        wanted.clear(0, request.block());
        unmapped.clear(0, request.block());
        int end = end(wanted, blocksPerChunk);
        wanted.clear(end, blocksPerChunk);
        unmapped.clear(end, blocksPerChunk);
        DataHeader.Builder reply = request.reply(DataStatus.OK);
        ByteBuf data = blocks(request, wanted, reply);
        if (data == null) {
            return;
        }
        Position version = lane.index().version(chunk);
        request.answer(
                reply.setChunk(chunk)
                        .setFromChunk(difference ? parent : lane.store().parent(chunk))
                        .setDifference(difference)
                        .setVersionEpoch(version.epoch())
                        .setVersionSequence(version.sequence())
                        .setBlock(request.block())
                        .setBlockCount(end - request.block())
                        .setPresent(Bitmaps.encode(wanted))
                        .setUnmapped(Bitmaps.encode(unmapped))
                        .setLast(end == blocksPerChunk),
                data);
    }

    /// Where a frame's worth of blocks ends.
    private static int end(BitSet wanted, int blocksPerChunk) {
        int blocks = 0;
        for (int bit = wanted.nextSetBit(0); bit >= 0; bit = wanted.nextSetBit(bit + 1)) {
            if (blocks == FRAME_BLOCKS_MAX) {
                return bit;
            }
            blocks++;
        }
        return blocksPerChunk;
    }

    /// The data of the wanted blocks, with their checksums in the reply; null: some are damaged,
    /// they are being mended, and the asker was told to come again.
    private @Nullable ByteBuf blocks(Request request, BitSet wanted, DataHeader.Builder reply)
            throws IOException {
        int count = wanted.cardinality();
        ByteBuf data =
                PooledByteBufAllocator.DEFAULT.directBuffer(
                        Math.max(1, count << Blocks.BLOCK_SHIFT));
        int from = wanted.nextSetBit(0);
        while (from >= 0) {
            int to = wanted.nextClearBit(from);
            int offset = data.writerIndex();
            int bytes = (to - from) << Blocks.BLOCK_SHIFT;
            BlockRead read =
                    lane.store()
                            .read(request.chunk(), from, to - from, data.nioBuffer(offset, bytes));
            if (read.bad().length > 0 || read.mapped() != to - from) {
                data.release();
                request.refuse(DataStatus.NOT_SERVING, "blocks of the chunk are damaged here");
                lane.reads().mendQuietly(request, from, read);
                return null;
            }
            for (int crc : read.crcs()) {
                reply.addCrcs(crc);
            }
            data.writerIndex(offset + bytes);
            from = wanted.nextSetBit(to);
        }
        return data;
    }
}
