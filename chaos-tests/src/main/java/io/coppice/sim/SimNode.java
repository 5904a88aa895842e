package io.coppice.sim;

import com.codahale.metrics.MetricRegistry;
import io.coppice.directory.ControlPlane;
import io.coppice.net.Network;
import io.coppice.node.NodeHost;
import io.coppice.node.NodeSession;
import io.coppice.node.StorageNodeConfig;
import io.coppice.node.StoreHome;
import io.coppice.node.ingress.Ingress;
import io.coppice.node.ingress.LaneTable;
import io.coppice.node.lane.Lane;
import io.coppice.node.lane.LaneConfig;
import io.coppice.node.lane.LaneMetrics;
import io.coppice.node.repair.ReadRepair;
import io.coppice.node.replica.NodeLease;
import io.coppice.node.replica.ReplicaLimits;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreIdentity;
import io.coppice.port.Time;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One storage node: a machine with one disk, and the process that runs on it, or not.
final class SimNode {
    private static final int PORT = 7000;
    private static final long CAPACITY = 256L << 20;

    private final String name;
    private final String address;
    private final SimDisk disk = new SimDisk(CAPACITY);
    private final UUID uuid;
    private final Swarm swarm;
    private final Chance chance;
    private long incarnation;
    private long syncExtraNanos;
    private @Nullable String failure;
    private String scrubbed = "";
    private @Nullable Process process;

    SimNode(int number, Swarm swarm, Chance chance) {
        this.name = "n" + number;
        this.address = "127.0.1." + number;
        this.uuid = new UUID(number, number);
        this.swarm = swarm;
        this.chance = chance;
    }

    String name() {
        return name;
    }

    /// Of the newest process; 0: there was none yet.
    long incarnation() {
        return incarnation;
    }

    SimDisk disk() {
        return disk;
    }

    boolean isUp() {
        return process != null && process.host.isAlive();
    }

    Host host() {
        return java.util.Objects.requireNonNull(process).host;
    }

    @Nullable Lane lane() {
        return process == null ? null : process.lane;
    }

    void slowDisk(long nanos) {
        syncExtraNanos = nanos;
    }

    void start(Host host, SimNetwork network, ControlPlane control) throws IOException {
        incarnation++;
        var started = new Process(host, network.of(host));
        process = started;
        network.listen(
                address + ":" + PORT,
                host,
                () ->
                        new Ingress(
                                started.lanes, started.session::hello, started.connections, host));
        started.session.start(control, host.loop());
    }

    static StoreConfig storeConfig() {
        return new StoreConfig(
                Admin.CHUNK_BYTES, 256 << 10, CAPACITY, 2, 95, 512 << 10, 20, 64, 64, 256);
    }

    private LaneConfig laneConfig() {
        var limits =
                new ReplicaLimits(
                        2, swarm.syncAlways(), 64, 1 << 20, 64, 1 << 20, 2, 32, 64, 1024, 50);
        return new LaneConfig(
                20, 2_000, 64 << 10, 5, 1 << 20, 10, 256L << 20, 8L << 20, 20, limits);
    }

    /// The node's process.
    private final class Process implements NodeHost, StoreHome {
        private final Host host;
        private final Network network;
        private final LaneTable lanes = new LaneTable();
        private final AtomicInteger connections = new AtomicInteger();
        private final LaneMetrics metrics = new LaneMetrics(new MetricRegistry());
        private final NodeLease lease;
        private final NodeSession session;
        private @Nullable ChunkStore store;
        private @Nullable Lane lane;
        private boolean suspect;

        Process(Host host, Network network) throws IOException {
            this.host = host;
            this.network = network;
            lease = new NodeLease(host.nanos());
            StoreIdentity identity = ChunkStore.identify(disk);
            if (identity != null) {
                open(storeConfig(), identity);
            }
            var config =
                    new StorageNodeConfig(
                            name,
                            "",
                            List.of(Path.of("nowhere")),
                            address + ":" + PORT,
                            address,
                            address + ":" + PORT,
                            List.of("127.0.2.1:2"),
                            CAPACITY,
                            300,
                            laneConfig(),
                            storeConfig());
            session =
                    new NodeSession(
                            this,
                            config,
                            identity == null ? "" : identity.cluster(),
                            incarnation,
                            storeConfig(),
                            host,
                            lease);
        }

        private void open(StoreConfig config, StoreIdentity identity) throws IOException {
            var report = new Recovery();
            store = ChunkStore.open(disk, config, identity, report);
            suspect = report.suspect();
        }

        @Override
        public UUID uuid() {
            return uuid;
        }

        @Override
        public boolean isOpen() {
            return store != null;
        }

        @Override
        public ChunkStore store() {
            return java.util.Objects.requireNonNull(store);
        }

        @Override
        public boolean isSuspect() {
            return suspect;
        }

        @Override
        public boolean isFailed() {
            return failure != null;
        }

        @Override
        public void fail(String why, long wallMillis) {
            failure = why;
        }

        @Override
        public String scrubProgress() {
            return scrubbed;
        }

        @Override
        public void keepScrubProgress(String text) {
            scrubbed = text;
        }

        @Override
        public void cannotBeUsed(StoreHome home, IOException why) {
            home.fail(String.valueOf(why.getMessage()), host.wallMillis());
        }

        @Override
        public void storeFailed(StoreHome home, int storeId, String why) {
            home.fail(why, host.wallMillis());
        }

        @Override
        public long deviceBytes() {
            return CAPACITY;
        }

        @Override
        public void join(String cluster, StoreConfig config) throws IOException {
            if (store == null) {
                open(config, new StoreIdentity(cluster, uuid));
            }
        }

        @Override
        public InetSocketAddress dataAddress() {
            return InetSocketAddress.createUnresolved(address, PORT);
        }

        @Override
        public InetSocketAddress httpAddress() {
            return InetSocketAddress.createUnresolved(address, PORT);
        }

        @Override
        public List<StoreHome> homes() {
            return List.of(this);
        }

        @Override
        public LaneTable lanes() {
            return lanes;
        }

        @Override
        public Time time() {
            return host;
        }

        @Override
        public Lane startLane(StoreHome home, int storeId, StoreConfig storeConfig) {
            var started =
                    new Lane(
                            new Lane.Parts(
                                    storeId,
                                    home.store(),
                                    home.isSuspect(),
                                    storeConfig.chunkBytes() >>> 12,
                                    laneConfig(),
                                    network,
                                    host.loop(),
                                    session.hello(),
                                    slowly(50_000, 3_000_000),
                                    slowly(1_000_000, 50_000_000),
                                    metrics,
                                    host,
                                    lease,
                                    session,
                                    new ReadRepair()));
            lanes.add(started);
            lane = started;
            host.execute(started::start);
            return started;
        }

        private Executor slowly(long minNanos, long maxNanos) {
            return task -> host.after(chance.between(minNanos, maxNanos) + syncExtraNanos, task);
        }
    }
}
