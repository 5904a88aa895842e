package io.coppice.node.lane;

import io.coppice.model.Position;
import io.coppice.net.Connection;
import io.coppice.node.replica.Outcome;
import io.coppice.port.Marks;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupEpoch;
import io.netty.buffer.ByteBuf;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What each kind of frame means on the lane. Everything in a header is checked before it is
/// believed: a malformed one is answered BAD_REQUEST and costs nobody else anything.
public final class LaneFrames {
    private final Lane lane;
    private final OperationFrames operations;
    private final CheckService checks;
    private final NewestConnections newest = new NewestConnections();
    private final Births births = new Births();

    LaneFrames(Lane lane) {
        this.lane = lane;
        this.operations = new OperationFrames(lane.blocksPerChunk());
        this.checks = new CheckService(lane, operations);
    }

    /// One frame for a group of this lane; takes the payload over.
    ///
    /// @param fresh it changes a chunk by the tag of its lease
    public void frame(
            Connection from, DataHeader header, ByteBuf payload, boolean fresh, long arrivedNanos) {
        lane.frameCame();
        LaneGroup group = lane.group(header.getGroup());
        switch (header.getKind()) {
            case WRITE, ZERO -> change(from, header, payload, group, fresh, arrivedNanos);
            case REPLICATE -> {
                if (header.getReply()) {
                    payload.release();
                    lane.links().acknowledgement(header);
                } else {
                    replicate(from, header, payload, group);
                }
            }
            case COMMITTED -> {
                payload.release();
                committed(from, header, group);
            }
            case FREED_BLOCKS -> {
                freed(new Request(from, header, arrivedNanos), header, payload, group);
                payload.release();
            }
            default -> {
                payload.release();
                withoutPayload(new Request(from, header, arrivedNanos), header, group);
            }
        }
    }

    Births births() {
        return births;
    }

    private boolean isLeased(Request request) {
        if (lane.mayServe(request.startNanos)) {
            return true;
        }
        lane.refuseWithoutLease(request);
        return false;
    }

    private void withoutPayload(Request request, DataHeader header, @Nullable LaneGroup group) {
        if (group == null) {
            refuseUnknownGroup(request);
            return;
        }
        switch (header.getKind()) {
            case READ, EXTENTS -> read(request, header, group);
            case READ_REPLICA -> readReplica(request, header, group);
            case REPAIR -> repair(request, header);
            case CHUNK_STATS -> checks.stats(request, header);
            case LIST_CHUNKS -> checks.list(request, header);
            case TAIL -> lane.catchUp().tail(request, header, group);
            case PULL_CHUNKS -> lane.catchUp().page(request, header, group);
            case FETCH_CHUNK -> lane.catchUp().fetch(request, header, group, operations);
            case SYNCED -> lane.catchUp().ready(request, header, group);
            default ->
                    request.refuse(
                            DataStatus.BAD_REQUEST, "a node does not serve " + header.getKind());
        }
    }

    private void freed(
            Request request, DataHeader header, ByteBuf payload, @Nullable LaneGroup group) {
        if (group == null) {
            refuseUnknownGroup(request);
        } else {
            checks.freed(request, header, payload.nioBuffer());
        }
    }

    static void refuseUnknownGroup(Request request) {
        request.refuse(DataStatus.NOT_PRIMARY, "group " + request.group() + " has no replica here");
    }

    // ---------------------------------------------------------------- clients

    private void change(
            Connection from,
            DataHeader header,
            ByteBuf payload,
            @Nullable LaneGroup group,
            boolean fresh,
            long arrivedNanos) {
        if (isSuperseded(from, header)) {
            payload.release();
            return; // nobody waits for an answer there
        }
        var request = new Request(from, header, arrivedNanos);
        String problem =
                operations.changeProblem(header, header.getKind(), payload.readableBytes());
        if (problem != null || group == null) {
            payload.release();
            if (problem != null) {
                request.refuse(DataStatus.BAD_REQUEST, problem);
            } else {
                refuseUnknownGroup(request);
            }
            return;
        }
        if (header.getKind() == DataKind.WRITE && isDamaged(header, payload)) {
            payload.release();
            request.refuse(DataStatus.BAD_CHECKSUM, "a block was damaged on the way");
            return;
        }
        if (!isLeased(request)) {
            payload.release();
            return;
        }
        if (fresh && isOlder(header)) {
            payload.release();
            request.refuse(
                    DataStatus.NO_SUCH_CHUNK,
                    "the chunk is not known to be of the volume's present generation");
            return;
        }
        lane.metrics().writeBytes.mark(payload.readableBytes());
        request.decidedNanos = lane.time().nanos();
        group.replica()
                .write(
                        request,
                        header.getEpoch(),
                        operations.change(header, header.getKind(), payload),
                        OperationFrames.origin(header));
    }

    /// The chunk is here, and not known to be made in the generation that wants to change it.
    private boolean isOlder(DataHeader header) {
        return lane.store().contains(header.getChunk())
                && !births.isOf(header.getChunk(), header.getVolume(), header.getGeneration());
    }

    private boolean isSuperseded(Connection from, DataHeader header) {
        boolean superseded =
                from.attachment() instanceof Accepted accepted
                        && newest.isSuperseded(header.getSession(), accepted.number());
        if (superseded) {
            Marks.hit("what came over a superseded connection was dropped");
        }
        return superseded;
    }

    private boolean isDamaged(DataHeader header, ByteBuf payload) {
        long start = lane.time().nanos();
        boolean damaged = operations.damagedBlock(header, payload) >= 0;
        lane.metrics().writeVerify.update(lane.time().nanos() - start, TimeUnit.NANOSECONDS);
        if (damaged) {
            lane.metrics().damagedFrames.inc();
        }
        return damaged;
    }

    private void read(Request request, DataHeader header, LaneGroup group) {
        String problem = operations.rangeProblem(header, false);
        if (problem == null
                && request.blockCount() > CatchUp.FRAME_BLOCKS_MAX
                && request.kind() == DataKind.READ) {
            problem = "a read is at most " + CatchUp.FRAME_BLOCKS_MAX + " blocks";
        }
        if (problem != null) {
            request.refuse(DataStatus.BAD_REQUEST, problem);
        } else if (lane.barriers().isFenced(header.getVolume(), header.getFence())) {
            // Its map may be behind its successor's: what it would read is no longer the volume.
            request.refuse(DataStatus.FENCED, "the volume was taken over by another client");
        } else if (isLeased(request)) {
            group.replica()
                    .read(
                            request,
                            request.epoch(),
                            request.chunk(),
                            request.block(),
                            request.blockCount(),
                            header.getSealed());
        }
    }

    /// Makes durable what was appended to the groups, which are all of this lane's; tells the
    /// outcome once.
    public void sync(List<GroupEpoch> groupEpochs, long arrivedNanos, Consumer<DataStatus> done) {
        if (!lane.mayServe(arrivedNanos)) {
            done.accept(DataStatus.NOT_SERVING);
            return;
        }
        for (GroupEpoch each : groupEpochs) {
            LaneGroup group = lane.group(each.getGroup());
            Outcome outcome =
                    group == null
                            ? Outcome.NOT_SERVING
                            : group.replica().flushesIn(each.getEpoch());
            if (outcome != Outcome.OK) {
                done.accept(Request.status(outcome));
                return;
            }
        }
        lane.awaitDurable(
                new SyncLine.Waiter() {
                    @Override
                    public void durable() {
                        long now = lane.time().nanos();
                        lane.metrics().flushTotal.update(now - arrivedNanos, TimeUnit.NANOSECONDS);
                        done.accept(
                                lane.mayServe(now)
                                        ? stillServing(groupEpochs)
                                        : DataStatus.NOT_SERVING);
                    }

                    @Override
                    public void failed() {
                        done.accept(DataStatus.NOT_SERVING);
                    }
                });
    }

    /// A view that came while the disk worked may have made the answer worthless.
    private DataStatus stillServing(List<GroupEpoch> groupEpochs) {
        for (GroupEpoch each : groupEpochs) {
            LaneGroup group = lane.group(each.getGroup());
            if (group == null || group.replica().flushesIn(each.getEpoch()) != Outcome.OK) {
                return DataStatus.STALE_EPOCH;
            }
        }
        return DataStatus.OK;
    }

    // ---------------------------------------------------------------- replicas

    private void replicate(
            Connection from, DataHeader header, ByteBuf payload, @Nullable LaneGroup group) {
        String problem = operations.operationProblem(header, payload.readableBytes());
        if (group == null || problem != null || header.getGroupSequence() <= 0) {
            payload.release();
            if (problem != null) {
                lane.metrics().damagedFrames.inc();
            }
            return; // the primary, if it is one, hears no acknowledgement and sends again
        }
        group.heardPrimary(from, header.getEpoch());
        if (operations.damagedBlock(header, payload) >= 0) {
            payload.release();
            lane.metrics().damagedFrames.inc();
            return; // what follows has a gap now, which is refused, and this is sent again
        }
        group.replica()
                .replicated(
                        header.getEpoch(),
                        operations.operation(header, header.getGroupSequence(), payload),
                        header.getCommitted());
        lane.dirty(group);
    }

    private static void committed(Connection from, DataHeader header, @Nullable LaneGroup group) {
        if (group != null) {
            group.heardPrimary(from, header.getEpoch());
            group.replica()
                    .committedUpTo(header.getEpoch(), header.getCommitted(), header.getFua());
        }
    }

    private void readReplica(Request request, DataHeader header, LaneGroup group) {
        String problem = operations.rangeProblem(header, false);
        if (problem != null || request.blockCount() > CatchUp.FRAME_BLOCKS_MAX) {
            request.refuse(DataStatus.BAD_REQUEST, problem == null ? "too many blocks" : problem);
            return;
        }
        request.ofContent = header.getCrcsCount() == 1 || isAsHeld(header);
        if (request.ofContent) {
            lane.reads().serveReplica(request);
            return;
        }
        if (header.getHeldSequence() != 0 && group.isSyncing() && !isMapped(request)) {
            request.refuse(DataStatus.NO_SUCH_CHUNK, "there is no such block here");
            return;
        }
        if (!isLeased(request)) {
            return;
        }
        Outcome serves = group.replica().servesIn(request.epoch());
        if (serves != Outcome.OK) {
            request.answer(serves, group.replica().epoch());
        } else {
            lane.reads().serveReplica(request);
        }
    }

    private boolean isMapped(Request request) {
        var mapped = new BitSet(1);
        lane.store().presence(request.chunk(), request.block(), 1, mapped, new BitSet(1));
        return !mapped.isEmpty();
    }

    /// The chunk is here as the asker has it: then its blocks are the same, whatever this replica
    /// is to its group now.
    private boolean isAsHeld(DataHeader header) {
        var held = new Position(header.getHeldEpoch(), header.getHeldSequence());
        return !held.equals(Position.NONE)
                && lane.index().trustsVersions(header.getGroup())
                && lane.index().version(header.getChunk()).equals(held);
    }

    private void repair(Request request, DataHeader header) {
        String problem = operations.rangeProblem(header, false);
        if (problem != null) {
            request.refuse(DataStatus.BAD_REQUEST, problem);
        } else {
            lane.reads().repair(request);
        }
    }
}
