package io.coppice.node;

import io.coppice.directory.ControlPlane;
import io.coppice.directory.LeaderSession;
import io.coppice.directory.StreamListener;
import io.coppice.directory.StreamSender;
import io.coppice.model.Position;
import io.coppice.node.lane.Lane;
import io.coppice.node.lane.LaneListener;
import io.coppice.node.replica.NodeLease;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreFormatException;
import io.coppice.port.Time;
import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.BarrierDone;
import io.coppice.wire.pb.GoneReplica;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeHeartbeat;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.NodeWelcome;
import io.coppice.wire.pb.Purge;
import io.coppice.wire.pb.PurgeDone;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.ReplicaFailed;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.ReplicaSynced;
import io.coppice.wire.pb.StoreId;
import io.coppice.wire.pb.VolumeBarrier;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The node's stream with the metadata quorum's leader: what the node holds goes up, what it is to
/// do comes down. Directives arrive one at a time on a thread of the stream's; lanes report from
/// their loops.
public final class NodeSession implements StreamListener<NodeMessage, NodeDirective>, LaneListener {
    private static final Logger LOG = LoggerFactory.getLogger(NodeSession.class);
    private static final int PROTOCOL = 1;
    private static final int REGISTER_AGAIN_MILLIS = 500;

    /// Volumes whose barriers a registration names: with more it would not fit a message some day,
    /// and the node could never register again. At the bound it does at once, and begins anew.
    private static final int RECENT_BARRIERS_MAX = 65_536;

    private final NodeHost node;
    private final StorageNodeConfig config;
    private final StoreConfig storeConfig;
    private final long incarnation;
    private final Map<String, Lane> lanesByUuid = new ConcurrentSkipListMap<>();
    private final Set<Integer> failedStores = ConcurrentHashMap.newKeySet();
    private final BarrierBoard board = new BarrierBoard();

    /// Seals and fences that came since the last registration, by volume.
    private final Map<Long, VolumeBarrier> recentBarriers = new ConcurrentHashMap<>();

    private volatile String cluster;
    private volatile int nodeId;
    private volatile boolean registered;
    private volatile @Nullable StreamSender<NodeMessage> sender;
    private volatile boolean registeringAgain;

    /// Groups for whose view of an epoch this node has registered again. Only in directives.
    private final Map<Integer, Long> askedAgain = new HashMap<>();

    private @Nullable LeaderSession stream;
    private @Nullable EventLoop clock;

    /// Registrations are beats too: their answer, the welcome, grants a lease.
    private final AtomicLong beats = new AtomicLong();

    private volatile long registrationBeat;
    private volatile long registrationNanos;
    private final Time time;

    /// The node's own, for the log: what a store serves by is in `leases`.
    private final NodeLease lease;

    private final StoreLeases<Lane> leases = new StoreLeases<>();

    /// Lanes that are asked for their positions.
    private volatile Map<Lane, CompletableFuture<Optional<Map<Integer, Position>>>> asked =
            Map.of();

    /// Stores were given up since the node began to register: it has to do so again, without them.
    private volatile boolean isWithoutSome;

    /// Only on the clock.
    private final LeaseWatch watch = new LeaseWatch();

    /// @param cluster the cluster that the stores belong to, or empty
    public NodeSession(
            NodeHost node,
            StorageNodeConfig config,
            String cluster,
            long incarnation,
            StoreConfig storeConfig,
            Time time) {
        this.node = node;
        this.config = config;
        this.cluster = cluster;
        this.incarnation = incarnation;
        this.storeConfig = storeConfig;
        this.time = time;
        this.lease = new NodeLease(time.nanos());
    }

    /// Opens the session and keeps it open; beats on `loop`.
    public void start(ControlPlane control, EventLoop loop) {
        clock = loop;
        stream = control.nodeSession(this);
        loop.scheduleWithFixedDelay(
                this::heartbeat,
                config.heartbeatMillis(),
                config.heartbeatMillis(),
                TimeUnit.MILLISECONDS);
    }

    /// True once the quorum knows this node.
    public boolean isRegistered() {
        return registered;
    }

    /// What this node says of itself on the data plane.
    public Hello hello() {
        return Hello.newBuilder()
                .setProtocol(PROTOCOL)
                .setCluster(cluster)
                .setNode(nodeId)
                .setIncarnation(incarnation)
                .build();
    }

    void close() {
        if (stream != null) {
            stream.close();
        }
    }

    // ---------------------------------------------------------------- up

    @Override
    public void opened(StreamSender<NodeMessage> opened, String endpoint) {
        sender = opened;
        isWithoutSome = false;
        Map<Lane, CompletableFuture<Optional<Map<Integer, Position>>>> asking =
                new LinkedHashMap<>();
        for (Lane lane : lanesByUuid.values()) {
            if (!failedStores.contains(lane.storeId()) && !leases.isStuck(lane)) {
                asking.put(lane, positions(lane));
            }
        }
        asked = asking;
        CompletableFuture.allOf(asking.values().toArray(CompletableFuture[]::new))
                .thenRun(() -> register(opened, asking));
    }

    /// Empty: the lane is stuck.
    private static CompletableFuture<Optional<Map<Integer, Position>>> positions(Lane lane) {
        var answer = new CompletableFuture<Optional<Map<Integer, Position>>>();
        lane.execute(() -> answer.complete(Optional.of(lane.positions())));
        return answer;
    }

    private void register(
            StreamSender<NodeMessage> to,
            Map<Lane, CompletableFuture<Optional<Map<Integer, Position>>>> answers) {
        try {
            Map<Lane, Map<Integer, Position>> held = new LinkedHashMap<>();
            answers.forEach((lane, answer) ->
                    answer.join().ifPresent(positions -> held.put(lane, positions)));
            NodeMessage message = NodeMessage.newBuilder().setRegister(registration(held)).build();
            long now = time.nanos();
            registrationBeat = beat(now);
            registrationNanos = now;
            leases.registering(held.keySet(), registrationBeat, now);
            to.send(message);
        } catch (IOException e) {
            LOG.error("node {} cannot register: {}", config.name(), e.getMessage());
            to.abort("cannot register");
        }
    }

    /// The next beat's number; its lease counts from now.
    private long beat(long nowNanos) {
        long sequence = beats.incrementAndGet();
        lease.sent(sequence, nowNanos);
        return sequence;
    }

    private RegisterNode registration(Map<Lane, Map<Integer, Position>> positions)
            throws IOException {
        RegisterNode.Builder register =
                RegisterNode.newBuilder()
                        .setName(config.name())
                        .setAddress(config.advertised(node.dataAddress()))
                        .setHttpAddress(config.advertised(node.httpAddress()))
                        .setIncarnation(incarnation)
                        .setPid(ProcessHandle.current().pid())
                        .setRack(config.rack())
                        .setCluster(cluster)
                        .addAllBarriers(recentBarriers.values());
        StoreReports.all(
                register,
                node.homes(),
                lanesByUuid,
                lane -> failedStores.contains(lane.storeId()),
                positions,
                config.capacityBytesPerStore());
        return register.build();
    }

    private void heartbeat() {
        long now = time.nanos();
        watchLease(now);
        watchStores(now);
        if (!registered || !leases.mayBeat()) {
            return;
        }
        NodeHeartbeat.Builder beat = NodeHeartbeat.newBuilder();
        lanesByUuid.forEach((uuid, lane) -> {
            if (leases.takesPart(lane)) {
                beat.addStores(StoreReports.space(uuid, lane).setScrub(node.scrub(lane.storeId())));
            }
        });
        long sequence = beat(now);
        leases.sent(sequence, now);
        send(NodeMessage.newBuilder().setHeartbeat(beat.setSequence(sequence)).build());
        node.access().tick(time.wallMillis(), now, this::send);
    }

    /// A node does not claim for a store that it lives while its loop is stuck in a write that does
    /// not return: its lease ends, and others serve in its place.
    private void watchStores(long now) {
        StoreLeases.Seen<Lane> seen = leases.look(lane -> lane.turns(now), now);
        seen.givenUp()
                .forEach(lane ->
                        LOG.warn(
                                "node {}: {} serving→stuck: its loop stands still",
                                config.name(),
                                lane));
        isWithoutSome |= !seen.givenUp().isEmpty();
        asked.forEach((lane, answer) -> {
            if (leases.isStuck(lane)) {
                answer.complete(Optional.empty());
            }
        });
        if (registered && isWithoutSome) {
            registerAgain("a store is stuck");
        } else if (registered && !seen.back().isEmpty()) {
            registerAgain(seen.back() + " moves again");
        }
    }

    /// Those that take part in the session.
    private List<Lane> lanes() {
        return lanesByUuid.values().stream().filter(leases::takesPart).toList();
    }

    private void watchLease(long now) {
        switch (watch.look(lease.holds(now), registered, now)) {
            case LOST ->
                    LOG.warn(
                            "node {} serving→waiting: its lease has run out, the quorum's leader"
                                    + " does not answer",
                            config.name());
            case GAINED -> LOG.info("node {} waiting→serving: it holds a lease", config.name());
            case SILENT -> withStream(to -> to.hangUp("the metadata server went silent"));
            case NONE -> {}
        }
    }

    private void send(NodeMessage message) {
        withStream(to -> to.send(message));
    }

    private void withStream(Consumer<StreamSender<NodeMessage>> how) {
        StreamSender<NodeMessage> to = sender;
        if (to != null) {
            how.accept(to);
        }
    }

    // ---------------------------------------------------------------- down

    @Override
    public void received(NodeDirective directive) {
        switch (directive.getDirectiveCase()) {
            case WELCOME -> welcome(directive.getWelcome());
            case VIEWS -> views(directive.getViews());
            case BARRIER -> barrier(directive.getBarrier());
            case PURGE -> purge(directive.getPurge());
            case ACCESS_KEYS -> node.access().keys(directive.getAccessKeys(), time.wallMillis());
            case REFUSED ->
                    LOG.error(
                            "node {} is refused: {}",
                            config.name(),
                            directive.getRefused().getMessage());
            case HEARTBEAT ->
                    answered(
                            directive.getHeartbeat().getSequence(),
                            directive.getHeartbeat().getLeaseMillis());
            case REVOKED -> node.revoked(directive.getRevoked().getSerialsList());
            case DIRECTIVE_NOT_SET -> {}
        }
    }

    @Override
    public void closed(String why) {
        registered = false;
        sender = null;
        LOG.info("node {}: session ended: {}", config.name(), why);
    }

    private void answered(long sequence, int leaseMillis) {
        long leaseNanos = TimeUnit.MILLISECONDS.toNanos(leaseMillis);
        lease.answered(sequence, leaseNanos);
        leases.answered(sequence, leaseNanos);
    }

    private void welcome(NodeWelcome welcome) {
        nodeId = welcome.getNode();
        node.access().keys(welcome.getAccessKeys(), time.wallMillis());
        if (!welcome.getCluster().isEmpty()) {
            cluster = welcome.getCluster();
            try {
                startLanes(welcome);
            } catch (IOException e) {
                LOG.error("node {} cannot serve: {}", config.name(), e.getMessage());
                withStream(to -> to.abort("stores cannot be opened"));
                return;
            }
        }
        node.homes().forEach(StoreHome::keepBoot); // only now does the quorum know what was lost
        recentBarriers.clear();
        for (Lane lane : lanes()) {
            lane.execute(() -> {
                lane.durability(
                        welcome.getConfig().getMinWriteReplicas(),
                        welcome.getConfig().getDurabilityAlways());
                lane.barriers(welcome.getBarriersList(), welcome.getFencesGiven());
            });
        }
        answered(registrationBeat, welcome.getLeaseMillis());
        if (welcome.getLeaseMillis() < 3L * config.heartbeatMillis()) {
            LOG.warn(
                    "node {}: the cluster's lease of {} ms is short for a heartbeat of {} ms: one"
                            + " that is late stops service",
                    config.name(),
                    welcome.getLeaseMillis(),
                    config.heartbeatMillis());
        }
        registered = true;
        registeringAgain = false;
        LOG.info(
                "node {} is node {} of cluster {}",
                config.name(),
                nodeId,
                cluster.isEmpty() ? "(none yet)" : cluster);
    }

    private void startLanes(NodeWelcome welcome) throws IOException {
        StoreConfig sized =
                storeConfig.withChunkBytes(Math.toIntExact(welcome.getConfig().getChunkBytes()));
        Map<String, Integer> ids = new HashMap<>();
        for (StoreId store : welcome.getStoresList()) {
            ids.put(store.getUuid(), store.getId());
        }
        for (StoreHome directory : node.homes()) {
            String uuid = directory.uuid().toString();
            Integer id = ids.get(uuid);
            if (id != null && !lanesByUuid.containsKey(uuid) && !directory.isFailed()) {
                join(directory, id, sized);
            }
        }
    }

    /// One store's disk does not keep the others from serving.
    private void join(StoreHome directory, int id, StoreConfig sized) throws StoreFormatException {
        try {
            directory.join(cluster, sized);
        } catch (StoreFormatException e) {
            throw e;
        } catch (IOException e) {
            node.cannotBeUsed(directory, e);
            return;
        }
        var held = new NodeLease(time.nanos());
        Lane lane = node.startLane(directory, id, sized, held);
        leases.add(lane, held, registrationBeat, registrationNanos);
        lanesByUuid.put(uuidOf(directory), lane);
    }

    private void views(GroupViews views) {
        boolean canServe = node.homes().stream().anyMatch(each -> !each.isFailed());
        if (views.getGroupsCount() > 0 && lanesByUuid.isEmpty() && canServe) {
            registerAgain("the cluster was initialised");
            return;
        }
        Map<Integer, List<Lane>> placed = new HashMap<>();
        boolean down = false;
        for (GroupInfo info : views.getGroupsList()) {
            placed.put(info.getId(), lanesOf(info));
            for (Lane lane : lanes()) {
                lane.execute(() -> lane.view(info));
            }
            down |= isDownHere(info);
        }
        views.getGoneList().forEach(gone -> gone(gone, placed));
        node.lanes().place(placed);
        if (views.getComplete()) {
            Set<Integer> all = new HashSet<>(placed.keySet());
            for (Lane lane : lanes()) {
                lane.execute(() -> lane.keepOnly(all));
            }
        }
        if (down) {
            registerAgain("a replica here is down and can catch up");
        }
    }

    /// A replica here was replaced while this node was away.
    private void gone(GoneReplica gone, Map<Integer, List<Lane>> placed) {
        placed.putIfAbsent(gone.getGroup(), List.of());
        for (Lane lane : lanes()) {
            if (lane.storeId() == gone.getStore()) {
                lane.execute(() -> lane.leave(gone.getGroup()));
            }
        }
    }

    /// Lanes that hold a replica, the primary's first.
    private List<Lane> lanesOf(GroupInfo info) {
        List<Lane> lanes = new ArrayList<>(1);
        for (ReplicaInfo replica : info.getReplicasList()) {
            for (Lane lane : lanes()) {
                if (lane.storeId() == replica.getStore()) {
                    lanes.add(replica.getStore() == info.getPrimary() ? 0 : lanes.size(), lane);
                }
            }
        }
        return lanes;
    }

    /// Also the last that served may have been taken out alive; the quorum must hear that it is
    /// here, and what it holds by now.
    private static boolean isOut(ReplicaState state) {
        return state == ReplicaState.REPLICA_DOWN || state == ReplicaState.REPLICA_LAST;
    }

    private boolean isDownHere(GroupInfo info) {
        for (ReplicaInfo replica : info.getReplicasList()) {
            boolean here = lanes().stream().anyMatch(lane -> lane.storeId() == replica.getStore());
            if (here && isOut(replica.getState())) {
                // Once per view: until it changes, nothing else would come of it.
                Long before = askedAgain.put(info.getId(), info.getEpoch());
                return before == null || before != info.getEpoch();
            }
        }
        return false;
    }

    /// Only a registration brings a replica back that the quorum took out; not more often than
    /// twice a second.
    private void registerAgain(String why) {
        if (registeringAgain || clock == null) {
            return;
        }
        registeringAgain = true;
        clock.schedule(
                () -> {
                    registeringAgain = false;
                    withStream(to -> to.abort(why));
                },
                REGISTER_AGAIN_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    private void barrier(Barrier barrier) {
        for (VolumeBarrier volume : barrier.getVolumesList()) {
            recentBarriers.put(volume.getVolume(), volume);
        }
        if (recentBarriers.size() > RECENT_BARRIERS_MAX) {
            registerAgain("many volumes were sealed");
        }
        List<Lane> lanes = lanes();
        if (lanes.isEmpty()) {
            barrierDone(barrier.getBarrier());
            return;
        }
        board.open(barrier.getBarrier(), lanes);
        for (Lane lane : lanes) {
            lane.execute(() -> {
                if (lane.barrier(barrier.getBarrier(), barrier.getVolumesList())) {
                    barrierPassed(lane, barrier.getBarrier());
                }
            });
        }
    }

    private void purge(Purge purge) {
        var chunks = new long[purge.getChunksCount()];
        for (int i = 0; i < chunks.length; i++) {
            chunks[i] = purge.getChunks(i);
        }
        for (Lane lane : lanes()) {
            lane.execute(() -> lane.purge(purge.getGroup(), chunks));
        }
    }

    // ---------------------------------------------------------------- from the lanes

    @Override
    public void barrierPassed(Lane lane, long barrier) {
        if (board.passed(barrier, lane)) {
            barrierDone(barrier);
        }
    }

    private void barrierDone(long barrier) {
        send(
                NodeMessage.newBuilder()
                        .setBarrierDone(BarrierDone.newBuilder().setBarrier(barrier))
                        .build());
    }

    @Override
    public void purged(int group, long[] chunks) {
        PurgeDone.Builder done = PurgeDone.newBuilder().setGroup(group);
        for (long chunk : chunks) {
            done.addChunks(chunk);
        }
        send(NodeMessage.newBuilder().setPurgeDone(done).build());
    }

    @Override
    public void replicaSynced(int group, long epoch, int store) {
        send(
                NodeMessage.newBuilder()
                        .setReplicaSynced(
                                ReplicaSynced.newBuilder()
                                        .setGroup(group)
                                        .setEpoch(epoch)
                                        .setStore(store))
                        .build());
    }

    @Override
    public void replicaFailed(int group, long epoch, int store, String why) {
        send(
                NodeMessage.newBuilder()
                        .setReplicaFailed(
                                ReplicaFailed.newBuilder()
                                        .setGroup(group)
                                        .setEpoch(epoch)
                                        .setStore(store)
                                        .setWhy(why))
                        .build());
    }

    @Override
    public void storeFailed(Lane lane, String why) {
        failedStores.add(lane.storeId());
        leases.remove(lane);
        for (StoreHome directory : node.homes()) {
            if (lanesByUuid.get(uuidOf(directory)) == lane) {
                node.storeFailed(directory, lane.storeId(), why);
            }
        }
        // Registering without it says that it is not coming back: its replicas are made anew.
        registerAgain("store " + lane.storeId() + " is down");
    }

    private static String uuidOf(StoreHome directory) {
        try {
            return directory.uuid().toString();
        } catch (StoreFormatException e) {
            throw new IllegalStateException("a directory with a lane has an id", e);
        }
    }
}
