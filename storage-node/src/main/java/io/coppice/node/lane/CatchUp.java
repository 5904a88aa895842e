package io.coppice.node.lane;

import io.coppice.model.Blocks;
import io.coppice.model.Invariant;
import io.coppice.model.Position;
import io.coppice.net.ReplyHandler;
import io.coppice.node.replica.ChunkSummary;
import io.coppice.node.replica.GroupReplica;
import io.coppice.node.replica.Operation;
import io.coppice.node.replica.Outcome;
import io.coppice.node.store.BlockRead;
import io.coppice.node.store.ChunkStore;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.ChunkPage;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.PlacedRun;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The frames by which replicas come to the same point: a new primary's questions (R6), and a
/// syncing replica's pages and chunks (R7). Both sides of each.
final class CatchUp {
    private static final Logger LOG = LoggerFactory.getLogger(CatchUp.class);

    /// Blocks of one frame: 4 MiB, half of what a frame may carry.
    static final int FRAME_BLOCKS_MAX = 1_024;

    /// Of all chunks that are on their way to this store.
    private static final long FETCHED_BYTES_MAX = 32 << 20;

    private static final int PAGE_CHUNKS = 1_000;

    private static final long UNSYNCED_BYTES_MAX = 8 << 20;

    private static final SyncLine.Waiter NOBODY =
            new SyncLine.Waiter() {
                @Override
                public void durable() {}

                @Override
                public void failed() {}
            };

    /// However deep in debt the pace is, it is asked again after this long.
    private static final long WAIT_NANOS_MAX = 1_000_000_000L;

    private final Lane lane;

    /// When each primary's store may be asked for more data.
    private final Map<Integer, Long> notBeforeNanos = new HashMap<>();

    private final Pace pace;
    private long caughtUpBytes;
    private long unsyncedBytes;
    private int fetching;

    CatchUp(Lane lane) {
        this.lane = lane;
        LaneConfig config = lane.config();
        this.pace =
                new Pace(
                        new Pace.Limits(
                                config.catchUpBytesPerSecondMax(),
                                config.catchUpBytesPerSecondMin(),
                                config.catchUpSlowdownPercent()),
                        lane.time().nanos());
    }

    // ---------------------------------------------------------------- pace

    /// How long to wait before more data is asked of the store: for our own clients' sake, and its.
    long waitNanos(int primary) {
        long now = lane.time().nanos();
        long there = notBeforeNanos.getOrDefault(primary, now) - now;
        return Math.min(WAIT_NANOS_MAX, Math.max(there, pace.waitNanos(now)));
    }

    /// Data came from the store, which is not to be asked again before `waitMicros`.
    void moved(int primary, int bytes, int waitMicros) {
        long now = lane.time().nanos();
        pace.moved(now, bytes);
        caughtUpBytes += bytes;
        lane.metrics().resyncBytes.inc(bytes);
        notBeforeNanos.put(primary, now + waitMicros * 1_000L);
    }

    /// A fetched chunk went to the log. It is synced in small parts, so that the sync which makes a
    /// caught-up replica count does not hold up clients' writes behind all of it.
    void installed(int bytes) {
        unsyncedBytes += bytes;
        if (unsyncedBytes >= UNSYNCED_BYTES_MAX) {
            unsyncedBytes = 0;
            lane.awaitDurable(NOBODY);
        }
    }

    Lane.Space space() {
        Map<Integer, Long> syncing = new TreeMap<>();
        Map<Integer, Long> leading = new TreeMap<>();
        lane.forEachGroup(group -> group.tell(syncing, leading));
        ChunkStore store = lane.store();
        return new Lane.Space(
                store.capacityBytes(),
                store.usedBytes(),
                store.liveBytes(),
                store.chunkCount(),
                Collections.unmodifiableMap(syncing),
                Collections.unmodifiableMap(leading),
                caughtUpBytes,
                pace.bytesPerSecond());
    }

    void clientWaited(long nanos) {
        pace.wrote(nanos);
    }

    void tick() {
        pace.tick(lane.time().nanos());
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
                                long blocks = 0;
                                List<ChunkSummary> chunks = new ArrayList<>(page.getChunksCount());
                                for (ChunkInfo info : page.getChunksList()) {
                                    var version =
                                            new Position(
                                                    info.getVersionEpoch(),
                                                    info.getVersionSequence());
                                    blocks += info.getBlocks();
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
                                if (cursor == 0) {
                                    group.progress().restart();
                                }
                                group.progress()
                                        .page(
                                                page.getChunksCount(),
                                                blocks,
                                                replica.missingChunks(),
                                                page.getChunksLeft());
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
                        .setLast(chunks.size() < PAGE_CHUNKS)
                        .setChunksLeft(
                                chunks.size() < PAGE_CHUNKS
                                        ? 0
                                        : lane.store()
                                                .countAbove(
                                                        group.group(), chunks.getLast().chunk()));
        for (var chunk : chunks) {
            page.setNextCursor(chunk.chunk())
                    .addChunks(
                            ChunkInfo.newBuilder()
                                    .setChunk(chunk.chunk())
                                    .setVersionEpoch(chunk.version().epoch())
                                    .setVersionSequence(chunk.version().sequence())
                                    .setBlocks(chunk.blocks())
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
        fetching++;
        new ChunkFetch(lane, group, primary, epoch, chunk, parent, parentVersion).askNext();
    }

    /// A chunk is in memory twice when its last piece has come.
    boolean mayFetch() {
        long bytes = 2L * lane.blocksPerChunk() * Blocks.BLOCK_BYTES;
        return fetching < Math.max(1, FETCHED_BYTES_MAX / bytes);
    }

    /// Each fetch says so once, however it ended.
    void fetchEnded() {
        fetching--;
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
        if (outcome != Outcome.OK) {
            request.answer(outcome, replica.epoch());
            return;
        }
        if (!lane.store().contains(request.chunk())) {
            request.answer(
                    request.reply(DataStatus.NO_SUCH_CHUNK).setGroupSequence(replica.last()), null);
            return;
        }
        try {
            if (header.getWanted().isEmpty()) {
                answerPiece(request, header, group, operations.blocksPerChunk());
            } else {
                answerWanted(request, header, operations.blocksPerChunk());
            }
        } catch (IOException e) {
            request.refuse(DataStatus.NOT_SERVING, "the store is down: " + e.getMessage());
            lane.fail(e);
        }
    }

    /// What a piece is made of; all but `wanted` is only told.
    private record Piece(
            BitSet wanted, BitSet unmapped, BitSet placed, boolean difference, boolean fromHeld) {}

    private Piece piece(Request request, DataHeader header, LaneGroup group, int blocksPerChunk) {
        long chunk = request.chunk();
        long parent = header.getFromChunk();
        var wanted = new BitSet(blocksPerChunk);
        var unmapped = new BitSet(blocksPerChunk);
        var held = new Position(header.getHeldEpoch(), header.getHeldSequence());
        BitSet changed = group.replica().changedSince(chunk, held);
        if (changed != null) {
            lane.store().presence(chunk, 0, blocksPerChunk, wanted, new BitSet(blocksPerChunk));
            unmapped.or(changed);
            unmapped.andNot(wanted);
            wanted.and(changed);
            return new Piece(wanted, unmapped, new BitSet(), false, true);
        }
        var parentVersion = new Position(header.getVersionEpoch(), header.getVersionSequence());
        if (parent != 0 && parentVersion.equals(lane.store().version(parent))) {
            lane.store().difference(chunk, parent, wanted, unmapped);
            return new Piece(wanted, unmapped, new BitSet(), true, false);
        }
        var own = new BitSet(blocksPerChunk);
        lane.store().presence(chunk, 0, blocksPerChunk, wanted, own);
        var placed = new BitSet(blocksPerChunk);
        if (header.getByPlace()) {
            placed.or(wanted);
            placed.andNot(own);
            wanted.and(own);
        }
        return new Piece(wanted, unmapped, placed, false, false);
    }

    private void answerPiece(
            Request request, DataHeader header, LaneGroup group, int blocksPerChunk)
            throws IOException {
        Piece piece = piece(request, header, group, blocksPerChunk);
        piece.wanted().clear(0, request.block());
        int end = end(piece.wanted(), blocksPerChunk);
        for (BitSet part : List.of(piece.wanted(), piece.unmapped(), piece.placed())) {
            part.clear(0, request.block());
            part.clear(end, blocksPerChunk);
        }
        DataHeader.Builder reply = request.reply(DataStatus.OK);
        ByteBuf data = blocks(request, piece.wanted(), reply);
        if (data == null) {
            return;
        }
        placedRuns(request.chunk(), piece.placed(), reply);
        Position version = lane.index().version(request.chunk());
        request.answer(
                reply.setChunk(request.chunk())
                        .setFromChunk(
                                piece.difference()
                                        ? header.getFromChunk()
                                        : lane.store().parent(request.chunk()))
                        .setDifference(piece.difference())
                        .setFromHeld(piece.fromHeld())
                        .setVersionEpoch(version.epoch())
                        .setVersionSequence(version.sequence())
                        .setBlock(request.block())
                        .setBlockCount(end - request.block())
                        .setPresent(Bitmaps.encode(piece.wanted()))
                        .setUnmapped(Bitmaps.encode(piece.unmapped()))
                        .setWaitMicros(gave(data))
                        .setLast(end == blocksPerChunk),
                data);
    }

    private void placedRuns(long chunk, BitSet placed, DataHeader.Builder reply) {
        if (placed.isEmpty()) {
            return;
        }
        long[] places = lane.store().places(chunk);
        for (int from = placed.nextSetBit(0); from >= 0; ) {
            int to = from + 1;
            while (placed.get(to) && places[to] == places[from] + (to - from)) {
                to++;
            }
            reply.addPlaces(
                    PlacedRun.newBuilder()
                            .setBlock(from)
                            .setCount(to - from)
                            .setPlace(places[from]));
            from = placed.nextSetBit(to);
        }
    }

    private void answerWanted(Request request, DataHeader header, int blocksPerChunk)
            throws IOException {
        BitSet asked = Bitmaps.decode(header.getWanted());
        if (asked.length() > blocksPerChunk || asked.cardinality() > FRAME_BLOCKS_MAX) {
            request.refuse(DataStatus.BAD_REQUEST, "too many blocks are wanted");
            return;
        }
        var wanted = new BitSet(blocksPerChunk);
        lane.store()
                .presence(request.chunk(), 0, blocksPerChunk, wanted, new BitSet(blocksPerChunk));
        wanted.and(asked);
        DataHeader.Builder reply = request.reply(DataStatus.OK);
        ByteBuf data = blocks(request, wanted, reply);
        if (data == null) {
            return;
        }
        Position version = lane.index().version(request.chunk());
        request.answer(
                reply.setChunk(request.chunk())
                        .setVersionEpoch(version.epoch())
                        .setVersionSequence(version.sequence())
                        .setPresent(Bitmaps.encode(wanted))
                        .setWanted(header.getWanted())
                        .setWaitMicros(gave(data)),
                data);
    }

    /// Takes note of what leaves; the answer is how long not to ask for more.
    private int gave(ByteBuf data) {
        long now = lane.time().nanos();
        pace.moved(now, data.readableBytes());
        return (int) (Math.min(WAIT_NANOS_MAX, pace.waitNanos(now)) / 1_000);
    }

    /// Where a piece ends.
    private int end(BitSet wanted, int blocksPerChunk) {
        int blocks = 0;
        for (int bit = wanted.nextSetBit(0); bit >= 0; bit = wanted.nextSetBit(bit + 1)) {
            if (blocks == lane.config().catchUpPieceBlocks()) {
                return bit;
            }
            blocks++;
        }
        return blocksPerChunk;
    }

    /// The data of the wanted blocks, with their checksums in the reply. Blocks that are lost come
    /// with what stands for them: the group is not to wait for ever for what nobody has, and that
    /// is the same on all replicas then. Null: others are damaged, they are being mended, and the
    /// asker was told to come again.
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
            Invariant.check(read.mapped() == to - from, "blocks went while they were read", from);
            if (isMended(request, from, read)) {
                data.release();
                request.refuse(DataStatus.NOT_SERVING, "blocks of the chunk are damaged here");
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

    /// Whether blocks are damaged that others may have; then they are searched for.
    private boolean isMended(Request request, int from, BlockRead read) {
        LaneGroup group = Objects.requireNonNull(lane.group(request.group()));
        boolean isMended = false;
        for (int block : read.bad()) {
            int crc = read.crcs()[block - from];
            if (!group.lostBlocks().has(request.epoch(), request.chunk(), block, crc)) {
                isMended = true;
                lane.reads().mendFor(request, block, crc);
            }
        }
        return isMended;
    }
}
