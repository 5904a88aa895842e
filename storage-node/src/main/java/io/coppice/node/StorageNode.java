package io.coppice.node;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.coppice.directory.ControlClient;
import io.coppice.net.FrameServer;
import io.coppice.net.HttpEndpoint;
import io.coppice.net.RecentMetrics;
import io.coppice.net.Transport;
import io.coppice.node.ingress.Access;
import io.coppice.node.ingress.Ingress;
import io.coppice.node.ingress.LaneTable;
import io.coppice.node.lane.Greeting;
import io.coppice.node.lane.Lane;
import io.coppice.node.lane.LaneMetrics;
import io.coppice.node.repair.ReadRepair;
import io.coppice.node.repair.Scrubber;
import io.coppice.node.replica.NodeLease;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreFormatException;
import io.coppice.port.Disk;
import io.coppice.port.Time;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.ScrubReport;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running storage node. Thread-safe.
public final class StorageNode implements NodeHost, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StorageNode.class);
    private static final int STOP_SECONDS = 30;

    private final StorageNodeConfig config;
    private final @Nullable Credentials credentials;
    private final UnaryOperator<Disk> device;
    private final Time time;
    private final MetricRegistry metrics = new RecentMetrics();
    private final LaneMetrics laneMetrics = new LaneMetrics(metrics);
    private final LaneTable lanes = new LaneTable();
    private final AtomicInteger connections = new AtomicInteger();
    private final Access access;
    private final List<StoreDirectory> directories = new ArrayList<>();
    private final Map<Integer, Scrubber> scrubbers = new ConcurrentHashMap<>();
    private final List<ExecutorService> threads = new ArrayList<>();

    /// The lanes' loops.
    private @Nullable Transport transport;

    /// The loops of connections and of the heartbeat: with several stores not those of lanes, so
    /// that a lane which is stuck in a write holds up nothing of the others. With one store a frame
    /// need not change threads.
    private @Nullable Transport doors;

    private @Nullable FrameServer server;
    private @Nullable HttpEndpoint http;
    private @Nullable ControlClient control;
    private @Nullable NodeSession session;
    private boolean closed;

    private StorageNode(StorageNodeConfig config, UnaryOperator<Disk> device, Time time)
            throws IOException {
        this.config = config;
        this.credentials = config.tls().isEmpty() ? null : Credentials.load(config.tls().get());
        this.device = device;
        this.time = time;
        Credentials shown = credentials;
        this.access =
                shown == null
                        ? new Access(metrics, time.nanos())
                        : new Access(metrics, time.nanos(), shown::takeRefused);
    }

    /// Opens the stores, listens, and registers with the quorum in the background, for as long as
    /// it takes.
    ///
    /// @throws IOException one line for the operator: a directory in use or of another cluster, a
    ///   port in use
    public static StorageNode start(StorageNodeConfig config) throws IOException {
        return start(config, disk -> disk, Time.system());
    }

    /// As above, on other devices than the plain ones, with a clock of its own.
    static StorageNode start(StorageNodeConfig config, UnaryOperator<Disk> device, Time time)
            throws IOException {
        var node = new StorageNode(config, device, time);
        try {
            node.open();
            return node;
        } catch (IOException | RuntimeException e) {
            node.close();
            throw e;
        }
    }

    private void open() throws IOException {
        requireOwnName();
        for (Path path : config.stores()) {
            directories.add(StoreDirectory.lock(path, device));
        }
        String cluster = commonCluster();
        StoreConfig storeConfig = config.store().withCapacityBytes(config.capacityBytesPerStore());
        for (StoreDirectory directory : directories) {
            recover(directory, storeConfig);
        }
        metrics.register(
                "node.stores.down",
                (Gauge<Long>) () -> directories.stream().filter(StoreDirectory::isFailed).count());
        long incarnation = 0;
        for (StoreDirectory directory : directories) {
            incarnation = Math.max(incarnation, nextIncarnation(directory));
        }
        incarnation = incarnation == 0 ? time.wallMillis() : incarnation;
        transport = Transport.create("node-" + config.name(), directories.size(), credentials);
        doors =
                directories.size() == 1
                        ? transport
                        : Transport.create(
                                "node-" + config.name() + "-door", directories.size(), credentials);
        control = new ControlClient(config.controlEndpoints(), Duration.ofSeconds(10), credentials);
        session = new NodeSession(this, config, cluster, incarnation, storeConfig, time);
        server =
                doors.listen(
                        Transport.parse(config.dataAddress()),
                        () -> new Ingress(lanes, this::hello, connections, access, time));
        http =
                HttpEndpoint.start(
                        (InetSocketAddress) Transport.parse(config.httpAddress()),
                        metrics,
                        session()::isRegistered);
        session().start(control, doors.next());
        LOG.info(
                "node {} serves {} stores on {}", config.name(), directories.size(), dataAddress());
    }

    private void requireOwnName() throws IOException {
        if (credentials == null) {
            return;
        }
        Identity own = credentials.identity();
        if (own.kind() != Identity.Kind.SERVER || !own.name().equals(config.name())) {
            throw new IOException(
                    credentials.dir()
                            + " holds the certificate of "
                            + own
                            + ", and this is node "
                            + config.name()
                            + ": issue one with 'coppice cert issue "
                            + config.name()
                            + " --server'");
        }
    }

    /// A disk that does not work ends its store; the others of the node go on. A directory that is
    /// not what it should be ends the start: that is a mistake of the operator's.
    private void recover(StoreDirectory directory, StoreConfig storeConfig) throws IOException {
        try {
            directory.recover(storeConfig);
        } catch (StoreFormatException e) {
            throw e;
        } catch (IOException e) {
            cannotBeUsed(directory, e);
        }
    }

    private long nextIncarnation(StoreDirectory directory) throws StoreFormatException {
        try {
            return directory.isFailed() ? 0 : directory.nextIncarnation(time.wallMillis());
        } catch (StoreFormatException e) {
            throw e;
        } catch (IOException e) {
            cannotBeUsed(directory, e);
            return 0;
        }
    }

    @Override
    public void cannotBeUsed(StoreHome directory, IOException why) {
        LOG.error("store {} is down: it cannot be used: {}", directory, why.toString());
        directory.fail("it cannot be used: " + why.getMessage(), time.wallMillis());
    }

    private String commonCluster() throws IOException {
        String cluster = "";
        for (StoreDirectory directory : directories) {
            if (!cluster.isEmpty()
                    && !directory.cluster().isEmpty()
                    && !cluster.equals(directory.cluster())) {
                throw new IOException(
                        "store directory "
                                + directory.path()
                                + " belongs to cluster "
                                + directory.cluster()
                                + ", the others to "
                                + cluster);
            }
            cluster = cluster.isEmpty() ? directory.cluster() : cluster;
        }
        return cluster;
    }

    // ---------------------------------------------------------------- for the session

    NodeSession session() {
        return java.util.Objects.requireNonNull(session);
    }

    Hello hello() {
        return session().hello();
    }

    @Override
    public List<StoreDirectory> homes() {
        return directories;
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
        return time;
    }

    @Override
    public Lane startLane(StoreHome home, int storeId, StoreConfig storeConfig, NodeLease lease)
            throws StoreFormatException {
        EventLoop loop = java.util.Objects.requireNonNull(transport).next();
        ExecutorService background = thread("checkpoint", storeId);
        var mender = new ReadRepair();
        var lane =
                new Lane(
                        new Lane.Parts(
                                storeId,
                                home.store(),
                                home.isSuspect(),
                                storeConfig.chunkBytes() >>> io.coppice.model.Blocks.BLOCK_SHIFT,
                                config.lane(),
                                java.util.Objects.requireNonNull(transport),
                                loop,
                                new Greeting(hello(), access::pass),
                                thread("sync", storeId),
                                background,
                                laneMetrics,
                                time,
                                lease,
                                session(),
                                mender));
        lanes.add(lane);
        lane.execute(lane::start);
        gauges(lane);
        var scrubber =
                new Scrubber(lane, mender, home.uuid(), scrubJournal(home, background), time);
        scrubber.register(metrics, "node.store." + storeId + ".scrub");
        scrubbers.put(storeId, scrubber);
        lane.execute(scrubber::start);
        return lane;
    }

    @Override
    public void revoked(List<String> serials) {
        if (credentials != null) {
            credentials.revoke(Set.copyOf(serials));
        }
    }

    @Override
    public ScrubReport scrub(int storeId) {
        Scrubber scrubber = scrubbers.get(storeId);
        return scrubber == null ? ScrubReport.getDefaultInstance() : scrubber.report();
    }

    private static Scrubber.Journal scrubJournal(StoreHome directory, Executor background) {
        return new Scrubber.Journal() {
            @Override
            public String load() {
                return directory.scrubProgress();
            }

            @Override
            public void save(String text, Runnable done) {
                background.execute(() -> {
                    directory.keepScrubProgress(text);
                    done.run();
                });
            }
        };
    }

    /// The disk may hang, so no loop waits for it.
    @Override
    public void storeFailed(StoreHome directory, int storeId, String why) {
        thread("failed", storeId).execute(() -> directory.fail(why, time.wallMillis()));
    }

    private ExecutorService thread(String what, int storeId) {
        ExecutorService thread =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform()
                                .name("node-" + config.name() + "-store-" + storeId + "-" + what)
                                .daemon()
                                .factory());
        synchronized (threads) {
            threads.add(thread);
        }
        return thread;
    }

    private void gauges(Lane lane) {
        String prefix = "node.store." + lane.storeId();
        metrics.register(
                prefix + ".capacity.bytes", (Gauge<Long>) () -> lane.space().capacityBytes());
        metrics.register(prefix + ".used.bytes", (Gauge<Long>) () -> lane.space().usedBytes());
        metrics.register(prefix + ".live.bytes", (Gauge<Long>) () -> lane.space().liveBytes());
        metrics.register(prefix + ".chunks", (Gauge<Long>) () -> lane.space().chunks());
        metrics.register(
                prefix + ".resync.pace", (Gauge<Long>) () -> lane.space().paceBytesPerSecond());
    }

    // ---------------------------------------------------------------- for everybody

    @Override
    public InetSocketAddress dataAddress() {
        return (InetSocketAddress) java.util.Objects.requireNonNull(server).address();
    }

    @Override
    public InetSocketAddress httpAddress() {
        return java.util.Objects.requireNonNull(http).address();
    }

    public MetricRegistry metrics() {
        return metrics;
    }

    /// True once the quorum knows this node.
    public boolean isRegistered() {
        return session().isRegistered();
    }

    /// Ends cleanly: the stores are synced and checkpointed, so that the next start has nothing to
    /// read again.
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        if (server != null) {
            server.close();
        }
        if (session != null) {
            session.close();
        }
        stopLanes();
        if (control != null) {
            control.close();
        }
        if (http != null) {
            http.close();
        }
        if (doors != null) {
            doors.close();
        }
        if (transport != null) {
            transport.close();
        }
        synchronized (threads) {
            threads.forEach(ExecutorService::shutdown);
        }
        for (StoreDirectory directory : directories) {
            try {
                directory.close();
            } catch (IOException e) {
                LOG.warn("store {} was not closed cleanly: {}", directory.path(), e.getMessage());
            }
        }
    }

    private void stopLanes() {
        List<Lane> all = lanes.all();
        var stopped = new CountDownLatch(all.size());
        all.forEach(lane -> lane.execute(() -> lane.stop(stopped::countDown)));
        try {
            if (!stopped.await(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn(
                        "node {}: the stores did not come to rest in {} s",
                        config.name(),
                        STOP_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
