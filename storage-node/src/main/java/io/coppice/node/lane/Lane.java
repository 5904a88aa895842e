package io.coppice.node.lane;

import io.coppice.model.Position;
import io.coppice.net.Network;
import io.coppice.net.ReplyHandler;
import io.coppice.node.replica.GroupView;
import io.coppice.node.replica.NodeLease;
import io.coppice.node.replica.ReplicaLimits;
import io.coppice.node.replica.VolumeBarriers;
import io.coppice.node.store.ChunkStore;
import io.coppice.port.Marks;
import io.coppice.port.Time;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.VolumeBarrier;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The loop of one store. Everything but [#execute], [#loop] and the space figures is called on the
/// loop.
public final class Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    /// A loop that misses more than so many ticks is stuck.
    private static final int TICKS_MISSED_MAX = 50;

    /// How full the store is, and how fast catching up may move data beside the clients.
    ///
    /// @param syncing bytes that each replica which catches up has still to fetch, about
    /// @param leading crowded groups that are led and served from here -> their epoch
    /// @param caughtUpBytes what catching up has brought since the lane was made
    public record Space(
            long capacityBytes,
            long usedBytes,
            long liveBytes,
            long chunks,
            Map<Integer, Long> syncing,
            Map<Integer, Long> leading,
            long caughtUpBytes,
            long paceBytesPerSecond) {}

    /// What a lane is made of.
    ///
    /// @param lease what the node may serve by (R5)
    /// @param syncThread runs fdatasync, one at a time
    /// @param backgroundThread writes checkpoints
    public record Parts(
            int storeId,
            ChunkStore store,
            boolean suspect,
            int blocksPerChunk,
            LaneConfig config,
            Network network,
            EventLoop loop,
            Greeting greeting,
            Executor syncThread,
            Executor backgroundThread,
            LaneMetrics metrics,
            Time time,
            NodeLease lease,
            LaneListener listener,
            BlockMender mender) {}

    private final Parts parts;
    private final StoreIndex index;
    private final LaneLinks links;
    private final ReadService reads;
    private final CatchUp catchUp;
    private final SyncLine syncLine;
    private final Housekeeping housekeeping;
    private final LaneFrames frames;
    private final VolumeBarriers barriers = new VolumeBarriers();
    private final IntObjectHashMap<LaneGroup> groups = new IntObjectHashMap<>();
    private final OpenBarriers openBarriers = new OpenBarriers();
    private final Batch batch;
    private final Mending mending = new Mending(this);
    private final Runnable turn = this::endTurnSafely;
    private List<LaneGroup> dirtyGroups = new ArrayList<>();
    private List<LaneGroup> spareGroups = new ArrayList<>();
    private LaneConfig config;
    private @Nullable ScheduledFuture<?> ticking;
    private boolean turnScheduled;
    private boolean failed;
    private boolean closed;
    private long framesSinceTick;
    private long framesSeen;
    private volatile Space space;
    private volatile long tickedNanos;

    public Lane(Parts parts) {
        this.parts = parts;
        this.config = parts.config();
        batch = new Batch(parts.store(), parts.metrics());
        index = new StoreIndex(parts.store(), parts.suspect());
        links = new LaneLinks(this, parts.network(), parts.loop(), parts.greeting());
        reads = new ReadService(this, parts.mender());
        catchUp = new CatchUp(this);
        syncLine =
                new SyncLine(
                        parts.store(),
                        parts.loop(),
                        parts.syncThread(),
                        parts.metrics(),
                        this::fail,
                        this::scheduleTurn);
        housekeeping = new Housekeeping(this, parts.backgroundThread());
        frames = new LaneFrames(this);
        space = catchUp.space();
        tickedNanos = parts.time().nanos();
    }

    /// Starts the lane's clock.
    public void start() {
        ticking =
                parts.loop()
                        .scheduleWithFixedDelay(
                                this::tick,
                                config.tickMillis(),
                                config.tickMillis(),
                                TimeUnit.MILLISECONDS);
    }

    // ---------------------------------------------------------------- any thread

    public EventLoop loop() {
        return parts.loop();
    }

    public void execute(Runnable task) {
        parts.loop().execute(task);
    }

    public int storeId() {
        return parts.storeId();
    }

    /// As of the last tick.
    public Space space() {
        return space;
    }

    @Override
    public String toString() {
        return "store " + parts.storeId();
    }

    // ---------------------------------------------------------------- the quorum

    /// The newest membership of a group that has, or had, a replica here.
    public void view(GroupInfo info) {
        info.getReplicasList()
                .forEach(replica -> links.locate(replica.getStore(), replica.getAddress()));
        boolean here =
                info.getReplicasList().stream()
                        .anyMatch(replica -> replica.getStore() == storeId());
        LaneGroup group = groups.get(info.getId());
        if (failed || !here) {
            if (!failed && group != null && info.getEpoch() > group.replica().epoch()) {
                leave(info.getId());
            }
            return;
        }
        if (group == null) {
            group = new LaneGroup(this, info.getId(), barriers);
            groups.put(info.getId(), group);
        }
        group.crowded = info.getCrowded();
        if (info.getEpoch() > group.replica().epoch()) {
            group.parts().removeAll();
        }
        String before = group.replica().roleName();
        group.replica().view(ViewFrames.view(info));
        LOG.debug(
                "{}: group {} epoch {}: {} -> {}",
                this,
                info.getId(),
                info.getEpoch(),
                before,
                group.replica().roleName());
        dirty(group);
    }

    /// The quorum has taken the group's replica off this store: it ends, and its data is deleted.
    public void leave(int groupId) {
        LaneGroup group = groups.remove(groupId);
        if (group != null) {
            group.replica().stop();
        }
        if (!failed) {
            LOG.info("{}: group {} has left", this, groupId);
            parts.store().dropGroup(groupId);
            scheduleTurn();
        }
    }

    /// Groups that the quorum does not place here any more stop.
    public void keepOnly(Set<Integer> groupIds) {
        for (LaneGroup group : List.copyOf(groups.values())) {
            if (!groupIds.contains(group.group())) {
                group.replica().stop();
                groups.remove(group.group());
            }
        }
    }

    /// Raises seals and fences. True: nothing accepted before is unfinished; else the listener
    /// hears later.
    public boolean barrier(long barrier, List<VolumeBarrier> volumes) {
        ViewFrames.raise(volumes, barriers);
        int open = 0;
        for (LaneGroup group : groups.values()) {
            for (VolumeBarrier volume : volumes) {
                if (!group.replica().barrier(barrier, volume.getVolume())) {
                    open++;
                }
            }
        }
        openBarriers.opened(barrier, open);
        return open == 0;
    }

    /// The barriers of all volumes that the quorum has, and the highest fence token by now.
    public void barriers(List<VolumeBarrier> listed, long fencesGiven) {
        ViewFrames.list(listed, fencesGiven, barriers);
    }

    public void purge(int groupId, long[] chunks) {
        LaneGroup group = groups.get(groupId);
        if (group != null && !failed) {
            group.replica().purge(chunks);
        }
    }

    /// The cluster's settings of durability.
    public void durability(int minWriteReplicas, boolean always) {
        ReplicaLimits limits =
                config.replicas().withDurability(Math.max(1, minWriteReplicas), always);
        config = config.withReplicas(limits);
        forEachGroup(group -> group.replica().limits(limits));
    }

    /// Position of every group that the store knows.
    public Map<Integer, Position> positions() {
        Map<Integer, Position> positions = new HashMap<>();
        for (int group : parts.store().groups()) {
            positions.put(group, parts.store().position(group));
        }
        forEachGroup(group -> positions.put(group.group(), group.replica().position()));
        return positions;
    }

    // ---------------------------------------------------------------- turns

    void dirty(LaneGroup group) {
        if (!group.dirty) {
            group.dirty = true;
            dirtyGroups.add(group);
        }
        scheduleTurn();
    }

    /// At the end of this turn of the loop the batch is written.
    void scheduleTurn() {
        if (!turnScheduled) {
            turnScheduled = true;
            parts.loop().execute(turn);
        }
    }

    /// The buffer's data is part of the batch: it is released when the batch is written.
    void holdForBatch(ByteBuf buffer) {
        batch.hold(buffer);
    }

    /// A bug in here leaves the store's replicas in an unknown state: better none than wrong ones.
    private void endTurnSafely() {
        try {
            endTurn();
        } catch (RuntimeException | Error bug) {
            fail(new IOException("unexpected error on the lane: " + bug, bug));
            throw bug;
        }
    }

    private void endTurn() {
        turnScheduled = false;
        if (batch.isSmall()) {
            links.flush();
        }
        if (!commitBatch()) {
            return;
        }
        List<LaneGroup> done = dirtyGroups;
        dirtyGroups = spareGroups;
        spareGroups = done;
        for (LaneGroup group : done) {
            group.dirty = false;
            group.replica().appended();
            awaitSync(group);
        }
        done.clear();
        links.flush();
        syncLine.start();
        housekeeping.keepPace();
    }

    private boolean commitBatch() {
        try {
            batch.commit();
            return !failed;
        } catch (IOException e) {
            fail(e);
            return false;
        } finally {
            batch.release();
        }
    }

    private void awaitSync(LaneGroup group) {
        if (group.wantsSync) {
            group.wantsSync = false;
            syncLine.await(group.replica().whenSynced()::run);
        }
    }

    /// Tells `waiter` when everything that has been decided on in this turn is durable.
    void awaitDurable(SyncLine.Waiter waiter) {
        if (failed) {
            waiter.failed();
            return;
        }
        syncLine.await(waiter);
        scheduleTurn();
    }

    private void tick() {
        if (failed || closed) {
            return;
        }
        tickedNanos = parts.time().nanos();
        forEachGroup(group -> group.replica().tick());
        leaveWhenSlow();
        catchUp.tick();
        housekeeping.tick(framesSinceTick == 0);
        framesSinceTick = 0;
        space = catchUp.space();
        scheduleTurn();
    }

    /// A disk that does not come back from a sync holds up the flushes of all of its groups.
    private void leaveWhenSlow() {
        int bound = config.replicas().slowSyncTicks();
        if (bound != 0 && syncLine.tick() >= bound) {
            forEachGroup(group ->
                    group.replica().leave("its store takes too long to make writes durable"));
        }
    }

    /// Whether the loop has turned lately; for whoever speaks for the node.
    public boolean turns(long nowNanos) {
        return nowNanos - tickedNanos
                < TimeUnit.MILLISECONDS.toNanos((long) config.tickMillis() * TICKS_MISSED_MAX);
    }

    void frameCame() {
        framesSinceTick++;
        framesSeen++;
    }

    void wrote(Request request, long now) {
        if (request.kind() == DataKind.WRITE || request.kind() == DataKind.ZERO) {
            catchUp.clientWaited(now - request.startNanos);
            parts.metrics().writeTotal.update(now - request.startNanos, TimeUnit.NANOSECONDS);
            parts.metrics().writeReplicate.update(now - request.decidedNanos, TimeUnit.NANOSECONDS);
        }
    }

    /// Whether this node may answer for its groups (R5). Asked twice for each request: when it
    /// comes, and again when its answer is ready.
    boolean mayServe(long nowNanos) {
        return parts.lease().holds(nowNanos);
    }

    /// The client asks again: here, once the lease holds again, or elsewhere, once it has the view.
    void refuseWithoutLease(Request request) {
        Marks.hit("a request was refused for want of a lease");
        parts.metrics().withoutLease.inc();
        request.refuse(DataStatus.NOT_SERVING, "this node holds no lease now");
    }

    /// On this lane, after a while; not at all once the lane has ended.
    void later(long nanos, Runnable task) {
        Runnable unlessEnded =
                () -> {
                    if (!failed && !closed) {
                        task.run();
                    }
                };
        parts.loop().schedule(unlessEnded, nanos, TimeUnit.NANOSECONDS);
    }

    void barrierPassed(long barrier) {
        if (openBarriers.passed(barrier)) {
            parts.listener().barrierPassed(this, barrier);
        }
    }

    // ---------------------------------------------------------------- mending

    /// Other stores whose replicas of the group are in this state.
    public List<Integer> others(int groupId, GroupView.State state) {
        LaneGroup group = groups.get(groupId);
        return group == null
                ? List.of()
                : group.replica().view().members().stream()
                        .filter(member -> member.state() == state && member.store() != storeId())
                        .map(GroupView.Member::store)
                        .toList();
    }

    public long epochOf(int groupId) {
        LaneGroup group = groups.get(groupId);
        return group == null ? 0 : group.replica().epoch();
    }

    public void callReplica(int store, DataHeader.Builder request, ReplyHandler handler) {
        links.call(store, request, handler);
    }

    /// The last operation that changed the chunk here; [Position#NONE]: it is not held.
    public Position versionOf(long chunk) {
        return index.version(chunk);
    }

    /// Whether the block is still damaged, with this checksum.
    public boolean isDamaged(long chunk, int block, int crc) {
        return mending.isDamaged(chunk, block, crc);
    }

    /// Puts good data in the place of a damaged block, unless the block was written, or mended,
    /// meanwhile. The caller keeps its reference to `good`.
    ///
    /// @param crc what is stored for the block, maybe [BlockRead#UNKNOWN_CRC]
    public boolean mendBlock(long chunk, int block, int crc, ByteBuf good) {
        return mending.mend(chunk, block, crc, good);
    }

    // ---------------------------------------------------------------- ends

    /// A write or sync failed: the store is down, and so are its replicas (R11).
    public void fail(IOException error) {
        if (failed) {
            return;
        }
        failed = true;
        String why = String.valueOf(error.getMessage());
        Marks.hit("a store failed and stays down");
        LOG.error("{} is down: {}", this, why, error.getCause());
        parts.store().fail(why);
        for (LaneGroup group : groups.values()) {
            parts.listener().replicaFailed(group.group(), group.replica().epoch(), storeId(), why);
            group.replica().stop();
        }
        batch.release();
        syncLine.fail();
        links.close();
        parts.listener().storeFailed(this, why);
    }

    /// A replica that cannot follow its group's order leaves it, and comes back by catching up.
    void replicaBroken(LaneGroup group, String why) {
        LOG.error("{}: group {}: {}", this, group.group(), why);
        parts.loop()
                .execute(() -> {
                    parts.listener()
                            .replicaFailed(group.group(), group.replica().epoch(), storeId(), why);
                    group.replica().stop();
                    groups.remove(group.group());
                });
    }

    /// Stops serving and writes what is left; then `stopped` runs on the lane, and the store may be
    /// closed.
    public void stop(Runnable stopped) {
        closed = true;
        if (ticking != null) {
            ticking.cancel(false);
        }
        groups.values().forEach(group -> group.replica().stop());
        links.close();
        if (failed || !commitBatch()) {
            stopped.run();
            return;
        }
        awaitDurable(
                new SyncLine.Waiter() {
                    @Override
                    public void durable() {
                        housekeeping.lastCheckpoint(stopped);
                    }

                    @Override
                    public void failed() {
                        stopped.run();
                    }
                });
    }

    // ---------------------------------------------------------------- for the parts of the lane

    public LaneFrames frames() {
        return frames;
    }

    public boolean isFailed() {
        return failed;
    }

    /// Frames that came so far: when it grows there is foreground work.
    public long framesSeen() {
        return framesSeen;
    }

    public boolean isClosed() {
        return closed;
    }

    public ChunkStore store() {
        return parts.store();
    }

    public LaneMetrics metrics() {
        return parts.metrics();
    }

    VolumeBarriers barriers() {
        return barriers;
    }

    LaneLinks links() {
        return links;
    }

    Time time() {
        return parts.time();
    }

    StoreIndex index() {
        return index;
    }

    public LaneConfig config() {
        return config;
    }

    LaneListener listener() {
        return parts.listener();
    }

    ReadService reads() {
        return reads;
    }

    CatchUp catchUp() {
        return catchUp;
    }

    int blocksPerChunk() {
        return parts.blocksPerChunk();
    }

    @Nullable LaneGroup group(int group) {
        return groups.get(group);
    }

    void forEachGroup(Consumer<LaneGroup> each) {
        groups.values().forEach(each);
    }

    public Set<Integer> groupIds() {
        return Set.copyOf(groups.keySet());
    }
}
