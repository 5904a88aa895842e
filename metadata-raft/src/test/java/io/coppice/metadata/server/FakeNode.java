package io.coppice.metadata.server;

import io.coppice.directory.ControlClient;
import io.coppice.directory.LeaderSession;
import io.coppice.directory.StreamListener;
import io.coppice.directory.StreamSender;
import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.BarrierDone;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeHeartbeat;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.NodeWelcome;
import io.coppice.wire.pb.PurgeDone;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.StoreReport;
import io.coppice.wire.pb.VolumeBarrier;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A storage node as the quorum sees one: registers, beats, answers barriers and purges, holds
/// nothing.
final class FakeNode implements AutoCloseable, StreamListener<NodeMessage, NodeDirective> {
    final String name;
    private final long incarnation;
    private final String store;
    final Map<Integer, GroupInfo> views = new ConcurrentHashMap<>();
    final List<Barrier> barriers = new CopyOnWriteArrayList<>();
    final ConcurrentLinkedQueue<Long> purged = new ConcurrentLinkedQueue<>();
    volatile @Nullable NodeWelcome welcome;
    volatile boolean answersBarriers = true;
    volatile boolean beats = true;

    /// Beats that were answered.
    final AtomicInteger answers = new AtomicInteger();

    volatile List<VolumeBarrier> knownSeals = List.of();
    private volatile @Nullable StreamSender<NodeMessage> sender;
    private final AtomicLong sequences = new AtomicLong();
    private final Map<Long, Long> sentNanos = new ConcurrentHashMap<>();
    private final AtomicLong leaseEndNanos = new AtomicLong(System.nanoTime());
    private volatile long registration;
    private final ServerSocket listening;
    private final LeaderSession stream;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

    FakeNode(ControlClient control, String name) throws IOException {
        this(control, name, 1, "store-" + name);
    }

    FakeNode(ControlClient control, String name, long incarnation, String store)
            throws IOException {
        this.name = name;
        this.incarnation = incarnation;
        this.store = store;
        this.listening = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        this.stream = control.nodeSession(this);
        clock.scheduleAtFixedRate(this::beat, 200, 200, TimeUnit.MILLISECONDS);
    }

    private void beat() {
        if (beats) {
            var beat = NodeHeartbeat.newBuilder().setSequence(nextBeat()).addStores(report());
            send(NodeMessage.newBuilder().setHeartbeat(beat).build());
        }
    }

    private long nextBeat() {
        long sequence = sequences.incrementAndGet();
        sentNanos.put(sequence, System.nanoTime());
        return sequence;
    }

    private void answered(long sequence, int leaseMillis) {
        Long sent = sentNanos.remove(sequence);
        if (sent != null) {
            long end = sent + TimeUnit.MILLISECONDS.toNanos(leaseMillis);
            leaseEndNanos.accumulateAndGet(end, Math::max);
        }
    }

    /// Until when it may serve, by what was answered so far.
    long leaseEndNanos() {
        return leaseEndNanos.get();
    }

    int id() {
        return Objects.requireNonNull(welcome).getNode();
    }

    private StoreReport report() {
        return StoreReport.newBuilder()
                .setUuid(store)
                .setCapacityBytes(1L << 40)
                .setUsedBytes(3L << 20)
                .setLiveBytes(2L << 20)
                .build();
    }

    void send(NodeMessage message) {
        var to = sender;
        if (to != null && (welcome != null || message.hasRegister())) {
            to.send(message);
        }
    }

    void breakStream() {
        var to = sender;
        if (to != null) {
            to.abort("test");
        }
    }

    @Override
    public void opened(StreamSender<NodeMessage> opened, String leader) {
        welcome = null;
        sender = opened;
        registration = nextBeat();
        send(
                NodeMessage.newBuilder()
                        .setRegister(
                                RegisterNode.newBuilder()
                                        .setName(name)
                                        .setAddress("127.0.0.1:" + listening.getLocalPort())
                                        .setIncarnation(incarnation)
                                        .setRack("r-" + name)
                                        .setCluster("")
                                        .addStores(report())
                                        .addAllBarriers(knownSeals))
                        .build());
    }

    @Override
    public void received(NodeDirective directive) {
        switch (directive.getDirectiveCase()) {
            case WELCOME -> {
                answered(registration, directive.getWelcome().getLeaseMillis());
                welcome = directive.getWelcome();
            }
            case HEARTBEAT -> {
                var reply = directive.getHeartbeat();
                answered(reply.getSequence(), reply.getLeaseMillis());
                answers.incrementAndGet();
            }
            case VIEWS ->
                    directive.getViews().getGroupsList().forEach(g -> views.put(g.getId(), g));
            case BARRIER -> {
                barriers.add(directive.getBarrier());
                if (answersBarriers) {
                    answer(directive.getBarrier());
                }
            }
            case PURGE -> {
                purged.addAll(directive.getPurge().getChunksList());
                send(
                        NodeMessage.newBuilder()
                                .setPurgeDone(
                                        PurgeDone.newBuilder()
                                                .setGroup(directive.getPurge().getGroup())
                                                .addAllChunks(directive.getPurge().getChunksList()))
                                .build());
            }
            default -> {}
        }
    }

    void answer(Barrier barrier) {
        send(
                NodeMessage.newBuilder()
                        .setBarrierDone(BarrierDone.newBuilder().setBarrier(barrier.getBarrier()))
                        .build());
    }

    @Override
    public void closed(String why) {
        welcome = null;
        sender = null;
    }

    @Override
    public void close() throws IOException {
        clock.shutdownNow();
        stream.close();
        listening.close();
    }
}
