package io.coppice.node;

import io.coppice.model.AccessKey;
import io.coppice.model.AccessKeys;
import io.coppice.wire.AccessKeyCodec;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.HeartbeatReply;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.NodeWelcome;
import io.coppice.wire.pb.Purge;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.ScrubReport;
import io.coppice.wire.pb.StoreId;
import io.coppice.wire.pb.StoreReport;
import io.coppice.wire.pb.VolumeBarrier;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;

/// As much of a metadata quorum as three nodes with one store each need: ids, views, barriers,
/// purges. One lock, in memory.
@NullUnmarked
final class FakeControl extends ControlGrpc.ControlImplBase implements AutoCloseable {
    static final String CLUSTER = "test-cluster";
    static final int LEASE_MILLIS = 10_000;

    private final Server server;
    private final int nodesWanted;
    private final int groupCount;
    private final Map<String, Integer> ids = new TreeMap<>();
    private final Map<String, RegisterNode> registrations = new HashMap<>();
    private final Map<Integer, ScrubReport> scrubs = new HashMap<>();
    private final Map<Integer, StreamObserver<NodeDirective>> sessions = new HashMap<>();
    private final Map<Integer, GroupInfo.Builder> groups = new TreeMap<>();
    private final Map<Long, Set<Integer>> barriersDone = new HashMap<>();
    private final Set<Long> purged = new HashSet<>();
    private long lastBarrier;
    private boolean answersBeats = true;
    private boolean takesOutFailed;
    private long fencesGiven;
    private AccessKeys accessKeys = AccessKeys.NONE;
    private final List<AccessRefused> refusals = new ArrayList<>();
    private final Map<String, Integer> storeIds = new HashMap<>();

    FakeControl(int nodesWanted, int groupCount) throws IOException {
        this.nodesWanted = nodesWanted;
        this.groupCount = groupCount;
        server =
                NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                        .addService(this)
                        .build()
                        .start();
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    synchronized GroupInfo group(int id) {
        GroupInfo.Builder group = groups.get(id);
        return group == null ? GroupInfo.getDefaultInstance() : group.build();
    }

    /// What the node said of itself last.
    synchronized RegisterNode registration(String name) {
        return registrations.get(name);
    }

    /// What the store's node said of its scrub last.
    synchronized ScrubReport scrub(int store) {
        return scrubs.getOrDefault(store, ScrubReport.getDefaultInstance());
    }

    synchronized ReplicaState state(int group, int store) {
        return groups.get(group).getReplicasList().stream()
                .filter(replica -> replica.getStore() == store)
                .findFirst()
                .orElseThrow()
                .getState();
    }

    synchronized boolean allServe() {
        return !groups.isEmpty()
                && groups.values().stream()
                        .allMatch(group ->
                                group.getReplicasList().stream()
                                        .allMatch(replica ->
                                                replica.getState()
                                                        == ReplicaState.REPLICA_SERVING));
    }

    long pushBarrier(VolumeBarrier volume) {
        return pushBarrier(List.of(volume));
    }

    synchronized long pushBarrier(List<VolumeBarrier> volumes) {
        Barrier barrier =
                Barrier.newBuilder().setBarrier(++lastBarrier).addAllVolumes(volumes).build();
        barriersDone.put(lastBarrier, new HashSet<>());
        tellAll(NodeDirective.newBuilder().setBarrier(barrier).build());
        return lastBarrier;
    }

    synchronized boolean isDone(long barrier) {
        return barriersDone.get(barrier).size() == nodesWanted;
    }

    synchronized void pushPurge(int group, long chunk) {
        Purge purge = Purge.newBuilder().setGroup(group).addChunks(chunk).build();
        tellAll(NodeDirective.newBuilder().setPurge(purge).build());
    }

    synchronized boolean isPurged(long chunk) {
        return purged.contains(chunk);
    }

    /// From now on replicas that fail are taken out.
    synchronized void takeOutFailed() {
        takesOutFailed = true;
    }

    /// Every node hears of one more key.
    synchronized AccessKeys rotateAccessKey() {
        int next = accessKeys.newest() + 1;
        accessKeys = accessKeys.with(new AccessKey(next, next, 5, 6, 7));
        tellAll(
                NodeDirective.newBuilder()
                        .setAccessKeys(AccessKeyCodec.encode(accessKeys))
                        .build());
        return accessKeys;
    }

    /// What nodes have said that they refused.
    synchronized List<AccessRefused> refusals() {
        return List.copyOf(refusals);
    }

    synchronized void answerBeats(boolean answer) {
        answersBeats = answer;
    }

    /// The node registers again, and is told that no volume has a token up to this one.
    synchronized void forgetFences(int node, long given) {
        fencesGiven = given;
        sessions.get(node).onCompleted();
    }

    /// A node's replicas are taken out of service, as when its session was lost for too long.
    synchronized void lose(String name) {
        changeStates(ids.get(name), ReplicaState.REPLICA_DOWN);
    }

    @Override
    public StreamObserver<NodeMessage> nodeSession(StreamObserver<NodeDirective> down) {
        return new StreamObserver<>() {
            private int id;

            @Override
            public void onNext(NodeMessage message) {
                synchronized (FakeControl.this) {
                    if (message.hasRegister()) {
                        id = register(message.getRegister(), down);
                    } else {
                        handle(id, message, down);
                    }
                }
            }

            @Override
            public void onError(Throwable broken) {}

            @Override
            public void onCompleted() {
                down.onCompleted();
            }
        };
    }

    private int register(RegisterNode node, StreamObserver<NodeDirective> down) {
        int id = // node-N is node N, whoever comes first
                ids.computeIfAbsent(
                        node.getName(), name -> Integer.parseInt(name.replace("node-", "")));
        registrations.put(node.getName(), node);
        sessions.put(id, down);
        NodeWelcome.Builder welcome = NodeWelcome.newBuilder();
        for (StoreReport store : node.getStoresList()) {
            // a node's first store has its number, and the groups
            int number = storeIds.merge(store.getUuid(), 0, (known, none) -> known);
            if (number == 0) {
                number = storeIds.containsValue(id) ? 100 + id : id;
                storeIds.put(store.getUuid(), number);
            }
            welcome.addStores(StoreId.newBuilder().setId(number).setUuid(store.getUuid()));
        }
        down.onNext(
                NodeDirective.newBuilder()
                        .setWelcome(
                                welcome.setNode(id)
                                        .setLeaseMillis(LEASE_MILLIS)
                                        .setFencesGiven(fencesGiven)
                                        .setAccessKeys(AccessKeyCodec.encode(accessKeys))
                                        .setCluster(CLUSTER)
                                        .setConfig(
                                                ClusterConfig.newBuilder()
                                                        .setReplicas(3)
                                                        .setMinWriteReplicas(2)
                                                        .setChunkBytes(4 << 20)
                                                        .setCluster(CLUSTER)))
                        .build());
        if (groups.isEmpty() && ids.size() == nodesWanted) {
            makeGroups();
        } else {
            changeStates(
                    id,
                    node.getStoresList().stream()
                                    .anyMatch(store -> storeIds.get(store.getUuid()) == id)
                            ? ReplicaState.REPLICA_SYNCING
                            : ReplicaState.REPLICA_DOWN);
        }
        push();
        return id;
    }

    private void makeGroups() {
        for (int group = 1; group <= groupCount; group++) {
            GroupInfo.Builder info = GroupInfo.newBuilder().setId(group).setEpoch(1);
            for (int i = 0; i < nodesWanted; i++) {
                int node = (group + i) % nodesWanted + 1;
                info.addReplicas(
                        ReplicaInfo.newBuilder()
                                .setStore(node)
                                .setNode(node)
                                .setState(ReplicaState.REPLICA_SERVING));
            }
            groups.put(group, info);
        }
    }

    private void changeStates(int store, ReplicaState state) {
        for (GroupInfo.Builder group : groups.values()) {
            for (ReplicaInfo.Builder replica : group.getReplicasBuilderList()) {
                if (replica.getStore() == store && replica.getState() != state) {
                    replica.setState(state);
                    group.setEpoch(group.getEpoch() + 1);
                }
            }
        }
        push();
    }

    private void push() {
        GroupViews.Builder views = GroupViews.newBuilder().setComplete(true);
        for (GroupInfo.Builder group : groups.values()) {
            group.setPrimary(0);
            for (ReplicaInfo.Builder replica : group.getReplicasBuilderList()) {
                ids.forEach((name, id) -> {
                    if (id == replica.getStore()) {
                        replica.setAddress(registrations.get(name).getAddress());
                    }
                });
                if (group.getPrimary() == 0 && replica.getState() == ReplicaState.REPLICA_SERVING) {
                    group.setPrimary(replica.getStore());
                }
            }
            views.addGroups(group.build());
        }
        tellAll(NodeDirective.newBuilder().setViews(views).build());
    }

    private void tellAll(NodeDirective directive) {
        sessions.values()
                .forEach(session -> {
                    try {
                        session.onNext(directive);
                    } catch (RuntimeException gone) {
                        // the node has left; it registers again
                    }
                });
    }

    private void handle(int id, NodeMessage message, StreamObserver<NodeDirective> down) {
        switch (message.getMessageCase()) {
            case HEARTBEAT -> {
                message.getHeartbeat()
                        .getStoresList()
                        .forEach(store -> scrubs.put(store.getId(), store.getScrub()));
                if (answersBeats) {
                    down.onNext(
                            NodeDirective.newBuilder()
                                    .setHeartbeat(
                                            HeartbeatReply.newBuilder()
                                                    .setLeaseMillis(LEASE_MILLIS)
                                                    .setSequence(
                                                            message.getHeartbeat().getSequence()))
                                    .build());
                }
            }
            case BARRIER_DONE -> barriersDone.get(message.getBarrierDone().getBarrier()).add(id);
            case PURGE_DONE -> purged.addAll(message.getPurgeDone().getChunksList());
            case REPLICA_SYNCED -> {
                var synced = message.getReplicaSynced();
                GroupInfo.Builder group = groups.get(synced.getGroup());
                if (group.getEpoch() == synced.getEpoch()) {
                    group.getReplicasBuilderList().stream()
                            .filter(replica -> replica.getStore() == synced.getStore())
                            .forEach(replica -> replica.setState(ReplicaState.REPLICA_SERVING));
                    group.setEpoch(group.getEpoch() + 1);
                    push();
                }
            }
            case REPLICA_FAILED -> {
                var failed = message.getReplicaFailed();
                if (takesOutFailed && group(failed.getGroup()).getEpoch() == failed.getEpoch()) {
                    changeStates(failed.getStore(), ReplicaState.REPLICA_DOWN);
                }
            }
            case ACCESS_REFUSED -> refusals.add(message.getAccessRefused());
            default -> throw new AssertionError("unexpected: " + message);
        }
    }
}
