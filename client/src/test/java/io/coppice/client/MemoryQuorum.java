package io.coppice.client;

import com.google.protobuf.ByteString;
import io.coppice.model.ChunkId;
import io.coppice.wire.pb.Attached;
import io.coppice.wire.pb.ChunkIdRange;
import io.coppice.wire.pb.ChunkIdsLeased;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientHeartbeat;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ClusterInfo;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.Detached;
import io.coppice.wire.pb.Failure;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.Flipped;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.MapPage;
import io.coppice.wire.pb.MapPages;
import io.coppice.wire.pb.OpenedSource;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.RefcountCheck;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.SessionOpened;
import io.coppice.wire.pb.VolumeChanged;
import io.coppice.wire.pb.VolumeKey;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One volume `vol` and its snapshots, decided in memory behind the real control service.
final class MemoryQuorum extends ControlGrpc.ControlImplBase implements AutoCloseable {
    static final int CHUNK_BYTES = 64 << 10;
    static final int GROUPS = 3;
    private static final long VOLUME = 5;

    private final Server server;
    private final MemoryNode node;
    private final TreeMap<Long, Long> map = new TreeMap<>();
    private final Map<Long, Long> ownedIn = new HashMap<>();
    private final Map<String, TreeMap<Long, Long>> snapshots = new TreeMap<>();
    private final Map<Long, Boolean> commands = new HashMap<>();
    private @Nullable StreamObserver<ClientDirective> client;
    private long generation = 1;
    private long fence = 9;
    private long nextChunk = 1;
    private long epoch = 1;
    private long lossEpoch;
    private long size;
    private boolean attached;

    /// What the last detach said.
    volatile boolean detachedUnsure;

    private boolean serves = true;
    private final List<ClientDirective> heldAttaches = new ArrayList<>();
    volatile boolean holdsAttaches;
    volatile int leaseMillis = 60_000;

    /// A second replica of every group; empty: none.
    volatile String backup = "";

    /// Of the volume; without an id: it is not encrypted.
    volatile VolumeKey key = VolumeKey.getDefaultInstance();

    int pagesAsked;
    int flipMessages;
    int flips;
    int abandoned;

    MemoryQuorum(MemoryNode node, long size) throws IOException {
        this.node = node;
        this.size = size;
        server =
                NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                        .addService(this)
                        .build()
                        .start();
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    // ------------------------------------------------------------ for the test

    synchronized void snapshot(String name, boolean tell) {
        synchronized (node) {
            node.sealed = generation;
        }
        snapshots.put(name, new TreeMap<>(map));
        generation++;
        if (tell) {
            push(changed().setGeneration(generation));
        }
    }

    synchronized void resize(long newSize) {
        size = newSize;
        push(changed());
    }

    synchronized void takeOver() {
        fence++;
        node.minFence = fence;
        push(changed().setLost(true).setWhy("broken by an administrator"));
    }

    synchronized void dropStream() {
        StreamObserver<ClientDirective> to = client;
        client = null;
        if (to != null) {
            to.onError(Status.UNAVAILABLE.withDescription("dropped by the test").asException());
        }
    }

    /// Every group begins an epoch without what was not flushed in the one before; what the client
    /// sends from now on has heard of it.
    synchronized void loses(long newEpoch) {
        epoch = newEpoch;
        lossEpoch = newEpoch;
        node.epoch = newEpoch;
        if (client != null) {
            client.onNext(ClientDirective.newBuilder().setViews(views()).build());
        }
    }

    /// In a new epoch all groups serve, or none does; clients are told.
    synchronized void serves(boolean serving) {
        epoch++;
        node.epoch = epoch;
        serves = serving;
        if (client != null) {
            client.onNext(ClientDirective.newBuilder().setViews(views()).build());
        }
    }

    /// What was attached meanwhile is answered now.
    synchronized void answerAttaches() {
        holdsAttaches = false;
        heldAttaches.forEach(java.util.Objects.requireNonNull(client)::onNext);
        heldAttaches.clear();
    }

    synchronized boolean isAttached() {
        return attached;
    }

    synchronized int mapped() {
        return map.size();
    }

    private VolumeChanged.Builder changed() {
        return VolumeChanged.newBuilder()
                .setVolume(VOLUME)
                .setGeneration(generation)
                .setSize(size)
                .setFence(fence);
    }

    private void push(VolumeChanged.Builder changed) {
        if (client != null) {
            client.onNext(ClientDirective.newBuilder().setChanged(changed).build());
        }
    }

    // ------------------------------------------------------------ the session

    @Override
    public StreamObserver<ClientMessage> clientSession(StreamObserver<ClientDirective> out) {
        return new StreamObserver<>() {
            @Override
            public void onNext(ClientMessage message) {
                synchronized (MemoryQuorum.this) {
                    if (message.hasOpen()) {
                        client = out;
                    }
                    if (client == out) {
                        ClientDirective answer = answer(message).setId(message.getId()).build();
                        if (holdsAttaches && message.hasAttach()) {
                            heldAttaches.add(answer);
                        } else {
                            out.onNext(answer);
                        }
                    }
                }
            }

            @Override
            public void onError(Throwable error) {}

            @Override
            public void onCompleted() {
                out.onCompleted();
            }
        };
    }

    private ClientDirective.Builder answer(ClientMessage message) {
        var answer = ClientDirective.newBuilder();
        switch (message.getMessageCase()) {
            case OPEN ->
                    answer.setOpened(
                            SessionOpened.newBuilder()
                                    .setSession(77)
                                    .setLeaseMillis(leaseMillis)
                                    .setConfig(config())
                                    .setViews(views()));
            case ATTACH -> {
                if (!message.getAttach().getVolume().equals("vol")) {
                    return answer.setFailure(failure(Code.CODE_NOT_FOUND, "no such volume"));
                }
                attached = true;
                answer.setAttached(
                        Attached.newBuilder()
                                .setVolume(VOLUME)
                                .setSize(size)
                                .setGeneration(generation)
                                .setFence(fence)
                                .setDataKey(key.getId())
                                .setName("vol"));
            }
            case DETACH -> {
                attached = false;
                detachedUnsure = message.getDetach().getUnsure();
                answer.setDetached(Detached.getDefaultInstance());
            }
            case LEASE -> {
                var leased = ChunkIdsLeased.newBuilder();
                for (int group : message.getLease().getGroupsList()) {
                    leased.addRanges(
                            ChunkIdRange.newBuilder()
                                    .setGroup(group)
                                    .setFirst(ChunkId.of(group, nextChunk).value())
                                    .setCount(message.getLease().getCount()));
                    nextChunk += message.getLease().getCount();
                }
                answer.setLeased(leased);
            }
            case FLIP -> flip(message.getFlip(), answer);
            case ABANDON -> {
                abandoned += message.getAbandon().getChunksCount();
                message.getAbandon().getChunksList().forEach(node.chunks::remove);
            }
            case MAP_PAGES -> {
                pagesAsked++;
                answer.setMapPages(pages(message.getMapPages()));
            }
            case HEARTBEAT ->
                    answer.setHeartbeat(
                            ClientHeartbeat.newBuilder()
                                    .setSequence(message.getHeartbeat().getSequence())
                                    .setLeaseMillis(leaseMillis));
            case MESSAGE_NOT_SET -> answer.setFailure(failure(Code.CODE_BAD_REQUEST, "empty"));
        }
        return answer;
    }

    private void flip(Flip flip, ClientDirective.Builder answer) {
        Boolean before = commands.get(flip.getSequence());
        boolean good =
                before != null
                        ? before
                        : flip.getGeneration() == generation && flip.getFence() == fence;
        if (before == null) {
            for (FlipSlot slot : flip.getSlotsList()) {
                good &= map.getOrDefault(slot.getIndex(), 0L) == slot.getOldChunk();
            }
            commands.put(flip.getSequence(), good);
            if (good) {
                flipMessages++;
                flips += flip.getSlotsCount();
                flip.getSlotsList().forEach(this::set);
            }
        }
        if (good) {
            answer.setFlipped(Flipped.getDefaultInstance());
        } else {
            answer.setFailure(failure(Code.CODE_STALE, "the volume has moved on"));
        }
    }

    private void set(FlipSlot slot) {
        if (slot.getNewChunk() == 0) {
            map.remove(slot.getIndex());
        } else {
            map.put(slot.getIndex(), slot.getNewChunk());
            ownedIn.put(slot.getIndex(), generation);
        }
    }

    private MapPages pages(GetMapPages request) {
        TreeMap<Long, Long> source = map;
        if (request.getSnapshot() != 0) {
            source =
                    snapshots.values().stream()
                            .skip(request.getSnapshot() - 1)
                            .findFirst()
                            .orElseThrow();
        }
        var pages = MapPages.newBuilder().setGeneration(generation);
        for (long number : request.getPagesList()) {
            var page = MapPage.newBuilder().setPage(number);
            var owned = new byte[64];
            for (var slot : source.subMap(number * 512, (number + 1) * 512).entrySet()) {
                int at = (int) (slot.getKey() - number * 512);
                while (page.getChunksCount() < at) {
                    page.addChunks(0);
                }
                page.addChunks(slot.getValue());
                if (source == map && ownedIn.getOrDefault(slot.getKey(), 0L) == generation) {
                    owned[at >> 3] |= (byte) (1 << (at & 7));
                }
            }
            pages.addPages(page.setOwned(ByteString.copyFrom(owned)));
        }
        return pages.build();
    }

    // ------------------------------------------------------------ queries

    @Override
    public synchronized void query(QueryRequest request, StreamObserver<QueryResponse> out) {
        var response = QueryResponse.newBuilder();
        switch (request.getQueryCase()) {
            case OPEN_SOURCE -> {
                String name = request.getOpenSource().getSource().getSnapshot();
                int at = 1 + snapshots.keySet().stream().toList().indexOf(name);
                if (name.isEmpty() || at > 0) {
                    response.setOpened(
                            OpenedSource.newBuilder()
                                    .setVolume(VOLUME)
                                    .setSnapshot(at)
                                    .setSize(size)
                                    .setKey(key)
                                    .setGeneration(generation));
                } else {
                    response.setFailure(failure(Code.CODE_NOT_FOUND, "no such snapshot"));
                }
            }
            case LIST_GROUPS -> response.addAllGroups(views().getGroupsList());
            case GET_CLUSTER -> response.setCluster(ClusterInfo.newBuilder().setConfig(config()));
            case CHECK_REFCOUNTS -> response.setRefcounts(RefcountCheck.getDefaultInstance());
            case GET_INSPECTION -> {} // an empty capability: nodes ask for none
            default -> response.setFailure(failure(Code.CODE_BAD_REQUEST, "unknown query"));
        }
        out.onNext(response.build());
        out.onCompleted();
    }

    @Override
    public synchronized void stream(QueryRequest request, StreamObserver<QueryResponse> out) {
        int group = request.getListMappedChunks().getGroup();
        var response = QueryResponse.newBuilder();
        map.values().stream()
                .filter(id -> ChunkId.group(id) == group)
                .forEach(response::addMappedChunks);
        snapshots
                .values()
                .forEach(snapshot ->
                        snapshot.values().stream()
                                .filter(id -> ChunkId.group(id) == group)
                                .forEach(response::addMappedChunks));
        out.onNext(response.build());
        out.onCompleted();
    }

    private static ClusterConfig config() {
        return ClusterConfig.newBuilder()
                .setChunkBytes(CHUNK_BYTES)
                .setCluster("test")
                .setGroups(GROUPS)
                .build();
    }

    private GroupViews views() {
        var views = GroupViews.newBuilder().setComplete(true);
        for (int id = 1; id <= GROUPS; id++) {
            var group =
                    GroupInfo.newBuilder()
                            .setId(id)
                            .setEpoch(epoch)
                            .setLossEpoch(lossEpoch)
                            .setPrimary(serves ? 1 : 0)
                            .addReplicas(replica(1, node.address()));
            if (!backup.isEmpty()) {
                group.addReplicas(replica(2, backup));
            }
            views.addGroups(group);
        }
        return views.build();
    }

    private ReplicaInfo replica(int number, String address) {
        return ReplicaInfo.newBuilder()
                .setStore(number)
                .setNode(number)
                .setAddress(address)
                .setState(serves ? ReplicaState.REPLICA_SERVING : ReplicaState.REPLICA_LAST)
                .build();
    }

    private static Failure failure(Code code, String message) {
        return Failure.newBuilder().setCode(code).setMessage(message).build();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
