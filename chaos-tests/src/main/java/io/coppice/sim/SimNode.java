package io.coppice.sim;

import com.codahale.metrics.MetricRegistry;
import io.coppice.directory.ControlPlane;
import io.coppice.net.Network;
import io.coppice.node.NodeHost;
import io.coppice.node.NodeSession;
import io.coppice.node.StorageNodeConfig;
import io.coppice.node.StoreHome;
import io.coppice.node.ingress.Access;
import io.coppice.node.ingress.Ingress;
import io.coppice.node.ingress.LaneTable;
import io.coppice.node.lane.Greeting;
import io.coppice.node.lane.Lane;
import io.coppice.node.lane.LaneConfig;
import io.coppice.node.lane.LaneMetrics;
import io.coppice.node.repair.ReadRepair;
import io.coppice.node.replica.NodeLease;
import io.coppice.node.replica.ReplicaLimits;
import io.coppice.node.store.StoreConfig;
import io.coppice.port.Time;
import io.coppice.wire.pb.ScrubReport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One storage node: a machine with its disks, and the process that runs on it, or not.
final class SimNode {
    private static final int PORT = 7000;

    private final String name;
    private final String address;
    private final String rack;
    private final List<SimStore> stores = new ArrayList<>();
    private final Swarm swarm;
    private final Chance chance;
    private long incarnation;
    private long syncExtraNanos;
    private @Nullable Process process;

    SimNode(int number, Swarm swarm, Hazards hazards, Chance chance) {
        this.name = "n" + number;
        this.address = "127.0.1." + number;
        this.rack = hazards.rackOf(number);
        for (int i = 0; i < hazards.stores(); i++) {
            stores.add(new SimStore(name + "/" + i, new UUID(number, number + 100L * i)));
        }
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

    List<SimStore> stores() {
        return stores;
    }

    /// The machine goes off; its disks keep what they were made to, and some of the rest.
    void powerFails(Chance fate, boolean allLost) {
        stores.forEach(store -> store.powerFails(fate, allLost));
    }

    boolean isUp() {
        return process != null && process.host.isAlive();
    }

    Host host() {
        return java.util.Objects.requireNonNull(process).host;
    }

    /// Whether a store of it is down for good.
    boolean isFailed() {
        return stores.stream().anyMatch(SimStore::isFailed);
    }

    /// Of the newest process.
    List<Lane> lanes() {
        return process == null
                ? List.of()
                : process.homes.stream().flatMap(home -> Stream.ofNullable(home.lane)).toList();
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
                                started.lanes,
                                started.session::hello,
                                started.connections,
                                started.access,
                                host));
        started.session.start(control, host.loop());
    }

    private LaneConfig laneConfig() {
        var limits =
                new ReplicaLimits(
                        2, swarm.syncAlways(), 64, 1 << 20, 64, 1 << 20, 2, 32, 64, 1024, 50);
        return new LaneConfig(
                20, 2_000, 64 << 10, 5, 1 << 20, 10, 256L << 20, 8L << 20, 20, 4, limits);
    }

    /// The node's process.
    private final class Process implements NodeHost {
        private final Host host;
        private final Network network;
        private final LaneTable lanes = new LaneTable();
        private final AtomicInteger connections = new AtomicInteger();
        private final LaneMetrics metrics = new LaneMetrics(new MetricRegistry());
        private final Access access;
        private final NodeSession session;
        private final List<SimStore.Home> homes = new ArrayList<>();

        Process(Host host, Network network) throws IOException {
            this.host = host;
            this.network = network;
            this.access = new Access(new MetricRegistry(), host.nanos());
            String cluster = "";
            for (SimStore store : stores) {
                SimStore.Home home = store.new Home();
                homes.add(home);
                cluster = cluster.isEmpty() ? home.cluster() : cluster;
            }
            var config =
                    new StorageNodeConfig(
                            name,
                            rack,
                            List.of(Path.of("nowhere")),
                            address + ":" + PORT,
                            address,
                            address + ":" + PORT,
                            List.of("127.0.2.1:2"),
                            SimStore.CAPACITY,
                            300,
                            laneConfig(),
                            SimStore.config());
            session = new NodeSession(this, config, cluster, incarnation, SimStore.config(), host);
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
        public InetSocketAddress dataAddress() {
            return InetSocketAddress.createUnresolved(address, PORT);
        }

        @Override
        public InetSocketAddress httpAddress() {
            return InetSocketAddress.createUnresolved(address, PORT);
        }

        @Override
        public List<? extends StoreHome> homes() {
            return homes;
        }

        @Override
        public LaneTable lanes() {
            return lanes;
        }

        @Override
        public Access access() {
            return access;
        }

        @Override
        public Time time() {
            return host;
        }

        /// No scrub runs here.
        @Override
        public ScrubReport scrub(int storeId) {
            return ScrubReport.getDefaultInstance();
        }

        @Override
        public Lane startLane(
                StoreHome home, int storeId, StoreConfig storeConfig, NodeLease lease) {
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
                                    new Greeting(session.hello(), access::pass),
                                    slowly(50_000, 3_000_000),
                                    slowly(1_000_000, 50_000_000),
                                    metrics,
                                    host,
                                    lease,
                                    session,
                                    new ReadRepair()));
            lanes.add(started);
            ((SimStore.Home) home).lane = started;
            host.execute(started::start);
            return started;
        }

        private Executor slowly(long minNanos, long maxNanos) {
            return task -> host.after(chance.between(minNanos, maxNanos) + syncExtraNanos, task);
        }
    }
}
