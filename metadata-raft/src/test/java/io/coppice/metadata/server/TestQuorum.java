package io.coppice.metadata.server;

import io.coppice.directory.ControlClient;
import io.coppice.metadata.raft.StartupException;
import io.coppice.metadata.server.MetadataServerConfig.RaftLimits;
import io.coppice.metadata.server.MetadataServerConfig.Timeouts;
import io.coppice.port.Time;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.InitializeCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Metadata servers in this process, on ports that were free a moment ago.
final class TestQuorum implements AutoCloseable {
    static final String CLUSTER = "test-cluster";
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    final Map<String, MetadataServer> running = new LinkedHashMap<>();
    private final Map<String, MetadataServerConfig> configs = new LinkedHashMap<>();
    final ControlClient control;
    private final Path dir;
    private final RaftLimits raft;
    private final Timeouts timeouts;

    /// So much later than it is do all servers believe that it is.
    final AtomicLong aheadMillis = new AtomicLong();

    TestQuorum(Path dir, int servers, RaftLimits raft, Timeouts timeouts) throws Exception {
        this.dir = dir;
        this.raft = raft;
        this.timeouts = timeouts;
        var raftPeers = new LinkedHashMap<String, String>();
        var controlPeers = new LinkedHashMap<String, String>();
        for (int i = 1; i <= servers; i++) {
            raftPeers.put("m" + i, FreePorts.address());
            controlPeers.put("m" + i, FreePorts.address());
        }
        raftPeers.keySet().forEach(id -> configure(id, raftPeers, controlPeers));
        for (String id : configs.keySet()) {
            start(id);
        }
        control = new ControlClient(List.copyOf(controlPeers.values()), Duration.ofSeconds(60));
    }

    private void configure(
            String id, Map<String, String> raftPeers, Map<String, String> controlPeers) {
        configs.put(
                id,
                new MetadataServerConfig(
                                id,
                                dir.resolve(id),
                                Objects.requireNonNull(raftPeers.get(id)),
                                Objects.requireNonNull(controlPeers.get(id)),
                                "127.0.0.1:0",
                                raftPeers,
                                controlPeers)
                        .with(raft, timeouts));
    }

    /// One more server, which is told to take the place of `lost` beside the others.
    MetadataServerConfig newcomer(String id, String lost) {
        var raftPeers = new LinkedHashMap<>(config(lost).raftPeers());
        var controlPeers = new LinkedHashMap<>(config(lost).controlPeers());
        raftPeers.remove(lost);
        controlPeers.remove(lost);
        raftPeers.put(id, FreePorts.address());
        controlPeers.put(id, FreePorts.address());
        configure(id, raftPeers, controlPeers);
        return config(id);
    }

    static RaftLimits patientRaft() {
        return new RaftLimits(Duration.ofMillis(800), Duration.ofMillis(1500), 20_000, 5_000);
    }

    static Timeouts timeouts() {
        return new Timeouts(
                Duration.ofSeconds(3),
                Duration.ofSeconds(2),
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                true);
    }

    MetadataServerConfig config(String id) {
        return Objects.requireNonNull(configs.get(id));
    }

    void start(String id) throws StartupException {
        running.put(id, MetadataServer.start(config(id), time()));
    }

    private Time time() {
        Time real = Time.system();
        return new Time() {
            @Override
            public long nanos() {
                return real.nanos();
            }

            @Override
            public long wallMillis() {
                return real.wallMillis() + aheadMillis.get();
            }
        };
    }

    MetadataServer server(String id) {
        return Objects.requireNonNull(running.get(id));
    }

    void stop(String id) {
        var server = running.remove(id);
        if (server != null) {
            server.close();
        }
    }

    /// After its directory was emptied: until then it has no vote.
    void awaitMember(String id) {
        Path own = config(id).dir();
        await(
                id + " is a member again",
                () ->
                        Files.exists(own.resolve("raft"))
                                && !Files.exists(own.resolve("coppice-metadata-joins")));
    }

    MetadataServer leader() {
        await("a leader", () -> running.values().stream().anyMatch(MetadataServer::isLeader));
        return running.values().stream().filter(MetadataServer::isLeader).findFirst().orElseThrow();
    }

    String follower() {
        leader();
        return running.values().stream()
                .filter(server -> !server.isLeader())
                .map(MetadataServer::id)
                .findFirst()
                .orElseThrow();
    }

    void initialize(int groups) throws Exception {
        control.execute(
                ExecuteRequest.newBuilder()
                        .setInitializeCluster(
                                InitializeCluster.newBuilder()
                                        .setConfig(
                                                ClusterConfig.newBuilder()
                                                        .setCluster(CLUSTER)
                                                        .setReplicas(3)
                                                        .setMinWriteReplicas(2)
                                                        .setGroups(groups)
                                                        .setChunkBytes(4 << 20))));
    }

    /// Looks again and again; for what happens on its own time in real servers.
    static void await(String what, BooleanSupplier holds) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("never came true: " + what);
            }
            LockSupport.parkNanos(5_000_000);
        }
    }

    @Override
    public void close() throws InterruptedException {
        control.close();
        // Each waits for its own threads; one after the other takes seconds.
        var ends =
                running.values().stream()
                        .map(server -> Thread.ofVirtual().start(server::close))
                        .toList();
        running.clear();
        for (Thread end : ends) {
            end.join();
        }
    }
}
