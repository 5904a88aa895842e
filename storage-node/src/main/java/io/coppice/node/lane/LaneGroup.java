package io.coppice.node.lane;

import io.coppice.model.Position;
import io.coppice.net.Connection;
import io.coppice.node.replica.Ack;
import io.coppice.node.replica.Change;
import io.coppice.node.replica.Effects;
import io.coppice.node.replica.FetchedChunk;
import io.coppice.node.replica.GroupReplica;
import io.coppice.node.replica.GroupView;
import io.coppice.node.replica.Operation;
import io.coppice.node.replica.Outcome;
import io.coppice.node.replica.Ticket;
import io.coppice.node.replica.VolumeBarriers;
import io.coppice.port.Marks;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One group on a lane: carries out what its replica wants.
final class LaneGroup implements Effects {
    private final Lane lane;
    private final GroupReplica replica;

    /// Where operations come from, and acknowledgements go to.
    private final PrimaryLink primaryLink = new PrimaryLink();

    private final SharedPlaces sharedPlaces = new SharedPlaces();
    private final SyncProgress progress = new SyncProgress();
    private final PartChunks parts;
    private final LostBlocks lostBlocks = new LostBlocks();

    /// The group has a replica more than the cluster's number, and is to lose one.
    boolean crowded;

    boolean dirty;
    boolean wantsSync;
    private boolean broken;

    LaneGroup(Lane lane, int group, VolumeBarriers barriers) {
        this.lane = lane;
        this.replica =
                new GroupReplica(
                        group,
                        lane.storeId(),
                        lane.config().replicas(),
                        lane.index(),
                        barriers,
                        this);
        parts = new PartChunks(lane.store());
        parts.removeLeft(group);
        lane.store().outcomes(group, (session, sequence, _) -> replica.remember(session, sequence));
    }

    GroupReplica replica() {
        return replica;
    }

    /// What came from the primary's store in this epoch.
    SharedPlaces sharedPlaces(int primary, long epoch) {
        sharedPlaces.of(primary, epoch);
        return sharedPlaces;
    }

    /// Adds what is left to fetch, if this replica catches up, and its epoch, if it leads a crowded
    /// group.
    void tell(Map<Integer, Long> bytesLeft, Map<Integer, Long> leading) {
        if (isSyncing()) {
            bytesLeft.put(group(), progress.bytesLeft(replica.missingChunks()));
        } else if (crowded && replica.isServingPrimary()) {
            leading.put(group(), replica.epoch());
        }
    }

    boolean isSyncing() {
        return replica.view().stateOf(replica.store()) == GroupView.State.SYNCING;
    }

    PartChunks parts() {
        return parts;
    }

    LostBlocks lostBlocks() {
        return lostBlocks;
    }

    SyncProgress progress() {
        return progress;
    }

    int group() {
        return replica.group();
    }

    /// A REPLICATE or COMMITTED frame came on this connection.
    void heardPrimary(Connection connection, long epoch) {
        if (connection.attachment() instanceof Accepted accepted) {
            primaryLink.heard(connection, accepted.number(), epoch);
        }
    }

    // ---------------------------------------------------------------- own store

    @Override
    public void append(Operation operation) {
        lane.dirty(this);
        Change change = operation.change();
        if (!broken && misses(change)) {
            broken = true;
            lane.replicaBroken(this, "operation " + operation + " needs a chunk that is not here");
        }
        if (broken || lane.isFailed()) {
            return;
        }
        var position = new Position(operation.epoch(), operation.sequence());
        var origin = operation.origin();
        if (change.makesChunk() && !lane.store().contains(change.chunk())) {
            lane.frames().births().made(change.chunk(), origin.volume(), origin.generation());
        }
        switch (change.kind()) {
            case WRITE -> {
                var payload = (BufferPayload) change.payload();
                payload.retain();
                lane.holdForBatch(payload.buffer());
                lane.store()
                        .write(
                                position,
                                origin.session(),
                                origin.sequence(),
                                change.chunk(),
                                change.fromChunk(),
                                change.create(),
                                change.block(),
                                change.crcs(),
                                payload.buffer().nioBuffer());
            }
            case ZERO ->
                    lane.store()
                            .zero(
                                    position,
                                    origin.session(),
                                    origin.sequence(),
                                    change.chunk(),
                                    change.fromChunk(),
                                    change.create(),
                                    change.block(),
                                    change.blockCount());
            case PURGE -> lane.store().purge(group(), position, change.purged());
        }
    }

    private boolean misses(Change change) {
        if (change.kind() == Change.Kind.PURGE
                || change.create()
                || lane.store().contains(change.chunk())) {
            return false;
        }
        return change.fromChunk() == 0 || !lane.store().contains(change.fromChunk());
    }

    @Override
    public void skip(Operation operation) {
        lane.dirty(this);
    }

    @Override
    public void mark(Position position, boolean complete) {
        if (!lane.isFailed()) {
            lane.store().mark(group(), position, complete ? 0 : 1);
        }
        if (complete) {
            lane.index().compared(group());
        }
        lane.dirty(this);
    }

    @Override
    public void sync() {
        wantsSync = true;
        lane.dirty(this);
    }

    @Override
    public void drop(long chunk) {
        if (!lane.isFailed()) {
            lane.store().drop(chunk);
        }
        lane.dirty(this);
    }

    @Override
    public void install(long chunk, FetchedChunk fetched) {
        var image = (FetchedImage) fetched;
        lane.dirty(this);
        lane.holdForBatch(image.data());
        if (!lane.isFailed()) {
            lane.store().install(image.image());
            Marks.hit("a chunk was fetched by a replica that catches up");
            lane.catchUp().installed(image.data().readableBytes());
            lane.metrics().fetchedChunks.inc();
        }
    }

    // ---------------------------------------------------------------- primary

    @Override
    public void replicate(int store, long epoch, Operation operation, long committed) {
        DataHeader.Builder header =
                DataHeader.newBuilder()
                        .setKind(DataKind.REPLICATE)
                        .setGroup(group())
                        .setStore(store)
                        .setGroupSequence(operation.sequence())
                        .setCommitted(committed);
        OperationFrames.encode(header, operation, epoch);
        lane.links().send(store, header.build(), OperationFrames.data(operation));
    }

    @Override
    public void committed(int store, long epoch, long committed, boolean sync) {
        DataHeader header =
                DataHeader.newBuilder()
                        .setKind(DataKind.COMMITTED)
                        .setGroup(group())
                        .setStore(store)
                        .setEpoch(epoch)
                        .setCommitted(committed)
                        .setFua(sync)
                        .build();
        lane.links().send(store, header, null);
    }

    @Override
    public void answer(Ticket ticket, Outcome outcome) {
        var request = (Request) ticket;
        long now = lane.time().nanos();
        if (saysWhatIs(outcome) && !lane.mayServe(now)) {
            lane.refuseWithoutLease(request);
            return;
        }
        if (outcome == Outcome.NO_SPACE) {
            Marks.hit("a write was refused for want of space");
        }
        request.answer(outcome, replica.epoch());
        if (outcome == Outcome.OK && request.kind() != DataKind.READ) {
            lane.wrote(request, now);
        }
    }

    /// Whether the answer is about the group's content, and not just about this replica.
    private static boolean saysWhatIs(Outcome outcome) {
        return switch (outcome) {
            case OK, SEALED, FENCED, NO_SPACE, NO_SUCH_CHUNK, TOO_OLD -> true;
            case STALE_EPOCH, NOT_PRIMARY, NOT_SERVING, OVERLOADED -> false;
        };
    }

    @Override
    public void serveRead(Ticket ticket) {
        lane.reads().serve((Request) ticket);
    }

    @Override
    public void barrierPassed(long barrier) {
        lane.barrierPassed(barrier);
    }

    @Override
    public void purged(long[] chunks) {
        lane.listener().purged(group(), chunks);
    }

    @Override
    public void memberFailed(int store, long epoch, String why) {
        lane.listener().replicaFailed(group(), epoch, store, why);
    }

    // ---------------------------------------------------------------- backup

    /// Goes with the operations that this store sends to the primary's as the primary of other
    /// groups: one write to one socket for both. Back over the connection that the operation came
    /// on if there is no such link, or if the primary is one that the view does not know.
    @Override
    public void acknowledge(Ack ack) {
        int primary = replica.view().primary();
        DataHeader header =
                DataHeader.newBuilder()
                        .setKind(DataKind.REPLICATE)
                        .setReply(true)
                        .setGroup(group())
                        .setStore(primary)
                        .setAskingStore(replica.store())
                        .setEpoch(ack.epoch())
                        .setStatus(Request.status(ack.outcome()))
                        .setGroupSequence(ack.appended())
                        .setSyncedSequence(ack.synced())
                        .build();
        boolean known = replica.isBackup() && primaryLink.epoch() == replica.epoch();
        Connection back = primaryLink.connection();
        if (!(known && lane.links().sendIfUp(primary, header)) && back != null) {
            back.send(header, null);
        }
    }

    // ---------------------------------------------------------------- asking others

    @Override
    public void askTail(int store, long epoch, long after) {
        lane.catchUp().askTail(this, store, epoch, after);
    }

    @Override
    public void askPage(int primary, long epoch, long cursor) {
        lane.catchUp().askPage(this, primary, epoch, cursor);
    }

    @Override
    public boolean mayFetch() {
        return lane.catchUp().mayFetch();
    }

    @Override
    public void askChunk(
            int primary, long epoch, long chunk, long parent, @Nullable Position parentVersion) {
        lane.catchUp()
                .askChunk(
                        this,
                        primary,
                        epoch,
                        chunk,
                        parent,
                        Objects.requireNonNullElse(parentVersion, Position.NONE));
    }

    @Override
    public void askReady(int primary, long epoch, long sequence) {
        lane.catchUp().askReady(this, primary, epoch, sequence);
    }

    @Override
    public void caughtUp(long epoch) {
        sharedPlaces.clear();
        progress.restart();
        lane.listener().replicaSynced(group(), epoch, replica.store());
    }
}
