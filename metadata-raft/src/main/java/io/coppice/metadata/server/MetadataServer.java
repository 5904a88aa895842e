package io.coppice.metadata.server;

import com.codahale.metrics.MetricRegistry;
import io.coppice.directory.ControlTls;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Revocation;
import io.coppice.metadata.raft.Addresses;
import io.coppice.metadata.raft.RaftQuorum;
import io.coppice.metadata.raft.StartupException;
import io.coppice.net.HttpEndpoint;
import io.coppice.net.RecentMetrics;
import io.coppice.port.Entropy;
import io.coppice.port.Time;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.Introduction;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One metadata server: its part in the quorum, the control plane, metrics. Everything is put
/// together here.
public final class MetadataServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MetadataServer.class);
    private static final int MESSAGE_BYTES_MAX = 16 << 20;
    private static final long TICK_MILLIS = 100;
    private static final int TICKS_DEAD_MAX = 30;
    private static final int TICKS_UNTOLD_MAX = 10;

    private final MetadataServerConfig config;
    private final MetricRegistry registry = new RecentMetrics();
    private final ServerMetrics metrics = ServerMetrics.in(registry);
    private final Time time;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService lane;
    private final @Nullable Credentials credentials;
    private final ChunkStats stats;

    /// What to close, in the order of closing.
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    private volatile @Nullable Entrance entrance;
    private volatile @Nullable RaftQuorum quorum;
    private volatile @Nullable Present present;
    private volatile @Nullable String failure;
    private volatile boolean closed;

    /// Only on the lane.
    private int ticksDead;

    /// Only on the lane, since the audit log was told whom this leader turned away.
    private int ticksUntold;

    private @Nullable InetSocketAddress controlAddress;
    private @Nullable InetSocketAddress httpAddress;

    /// What exists while this server leads.
    private record Present(ControlService.Serving serving, Accounts accounts) {
        Leader leader() {
            return serving.leader();
        }
    }

    private MetadataServer(
            MetadataServerConfig config, @Nullable Credentials credentials, Time time) {
        this.config = config;
        this.credentials = credentials;
        this.stats = new ChunkStats(credentials);
        this.time = time;
        this.lane =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform()
                                .name("metadata-leader-" + config.id())
                                .daemon()
                                .factory());
    }

    /// Starts the server; it joins the quorum on its own time. When this returns its ports answer.
    ///
    /// @throws StartupException one line for a person; nothing is left running
    public static MetadataServer start(MetadataServerConfig config) throws StartupException {
        return start(config, Time.system());
    }

    /// As above, by another clock.
    static MetadataServer start(MetadataServerConfig config, Time time) throws StartupException {
        var server = new MetadataServer(config, credentials(config), time);
        try {
            server.open();
            return server;
        } catch (StartupException | RuntimeException failed) {
            server.close();
            throw failed;
        }
    }

    private static @Nullable Credentials credentials(MetadataServerConfig config)
            throws StartupException {
        if (config.tls().isEmpty()) {
            return null;
        }
        Credentials loaded;
        try {
            loaded = Credentials.load(config.tls().get());
        } catch (IOException wrong) {
            throw new StartupException("tls.dir: " + wrong.getMessage());
        }
        Identity own = loaded.identity();
        if (own.kind() != Identity.Kind.SERVER || !own.name().equals(config.id())) {
            throw new StartupException(
                    loaded.dir()
                            + " holds the certificate of "
                            + own
                            + ", and this is metadata server "
                            + config.id()
                            + ": issue one with 'coppice cert issue "
                            + config.id()
                            + " --server'");
        }
        return loaded;
    }

    private void open() throws StartupException {
        var control = Addresses.parse("control.listen", config.controlAddress());
        var http = Addresses.parse("http.listen", config.httpAddress());
        parts.push(DataDirectory.open(config.dir(), config.id(), config.cluster()));
        Entrance way =
                Entrance.open(config, credentials, registry, new QuorumListener(), this::entered);
        parts.push(way);
        entrance = way;
        controlAddress = listen(control);
        try {
            HttpEndpoint endpoint = HttpEndpoint.start(http, registry, this::isReady);
            parts.push(endpoint);
            httpAddress = endpoint.address();
        } catch (IOException taken) {
            throw new StartupException(
                    taken.getMessage()
                            + " (http.listen); stop what uses the port or choose another");
        }
        lane.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        log.info(
                "metadata server {} serves control at {}, raft at {}, metrics at {}",
                config.id(),
                controlAddress,
                config.raftAddress(),
                httpAddress);
    }

    private void entered(RaftQuorum part) {
        quorum = part;
        // Leadership may have come before the quorum was known here.
        onLane(this::reconsider);
    }

    private InetSocketAddress listen(InetSocketAddress address) throws StartupException {
        var boss = new NioEventLoopGroup(1);
        var workers = new NioEventLoopGroup(2);
        NettyServerBuilder builder = NettyServerBuilder.forAddress(address);
        Credentials shown = credentials;
        if (shown == null) {
            builder.channelType(NioServerSocketChannel.class);
        } else {
            builder.sslContext(ControlTls.serving(shown))
                    .channelFactory(() -> ControlDoor.watched(shown));
        }
        Server server =
                builder.bossEventLoopGroup(boss)
                        .workerEventLoopGroup(workers)
                        .withOption(ChannelOption.SO_REUSEADDR, true)
                        .executor(threads)
                        .maxInboundMessageSize(MESSAGE_BYTES_MAX)
                        .permitKeepAliveTime(1, TimeUnit.SECONDS)
                        .permitKeepAliveWithoutCalls(true)
                        .keepAliveTime(5, TimeUnit.SECONDS)
                        .keepAliveTimeout(5, TimeUnit.SECONDS)
                        .intercept(new Callers(this::isRevoked, this::refused))
                        .addService(
                                new ControlService(
                                        this::serving,
                                        this::leaderAddress,
                                        this::introduction,
                                        this::takeRefused))
                        .build();
        parts.push(() -> {
            server.shutdownNow();
            server.awaitTermination(2, TimeUnit.SECONDS);
            boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        });
        try {
            server.start();
        } catch (IOException taken) {
            throw new StartupException(
                    "cannot listen on "
                            + config.controlAddress()
                            + " (control.listen): the address is in use or not of this machine;"
                            + " stop what uses the port or choose another");
        }
        return new InetSocketAddress(address.getHostString(), server.getPort());
    }

    // ------------------------------------------------------------ leading

    private final class QuorumListener implements RaftQuorum.Listener {
        @Override
        public void leading() {
            onLane(MetadataServer.this::reconsider);
        }

        @Override
        public void following() {
            onLane(MetadataServer.this::reconsider);
        }

        @Override
        public void failed(String why) {
            if (failure != null) {
                return;
            }
            failure = why;
            log.error("metadata server {} cannot go on: {}", config.id(), why);
            onLane(MetadataServer.this::reconsider);
            // It must neither lead nor vote any more. The caller is a thread of the quorum.
            Entrance way = entrance;
            if (way != null && !closed) {
                threads.execute(way::close);
            }
        }
    }

    private void onLane(Runnable task) {
        if (!lane.isShutdown()) {
            lane.execute(task);
        }
    }

    private Runnable after(long nanos, Runnable task) {
        try {
            var scheduled = lane.schedule(() -> threads.execute(task), nanos, TimeUnit.NANOSECONDS);
            return () -> scheduled.cancel(false);
        } catch (RejectedExecutionException closing) {
            return () -> {};
        }
    }

    /// On the lane: starts or ends a leadership when the quorum says so.
    private void reconsider() {
        RaftQuorum part = quorum;
        if (part == null) {
            return;
        }
        boolean leads = part.leads() && failure == null && !closed;
        Present was = present;
        if (leads && was == null) {
            var calling = ControlTls.calling(credentials);
            var leader =
                    new Leader(
                            new Leader.Ports(
                                    part,
                                    time,
                                    this::after,
                                    Entropy.system(),
                                    threads,
                                    Probe::refusesConnections,
                                    () -> Companions.of(part.membership(), config, calling)),
                            config,
                            metrics);
            var usage = new ChunkUsage(leader.leadership(), stats);
            present =
                    new Present(
                            new ControlService.Serving(
                                    leader, new Queries(leader.leadership(), usage)),
                            new Accounts(leader.leadership(), stats));
            log.info(
                    "metadata server {} follower→leader at log index {}",
                    config.id(),
                    part.logIndex());
        } else if (!leads && was != null) {
            present = null;
            was.leader().close();
            log.info(
                    "metadata server {} leader→follower at log index {}",
                    config.id(),
                    part.logIndex());
        }
    }

    /// The state tells at once; the credentials, which the transport asks, a moment later.
    private boolean isRevoked(Identity who) {
        RaftQuorum part = quorum;
        return part != null && part.read(view -> view.isRevoked(who.serial()));
    }

    private void learnRevoked() {
        RaftQuorum part = quorum;
        if (credentials != null && part != null) {
            credentials.revoke(
                    part.read(MetadataView::revocations).stream()
                            .map(Revocation::serial)
                            .collect(Collectors.toSet()));
        }
    }

    private void tick() {
        try {
            learnRevoked();
            reconsider();
            requireAlive();
            Present now = present;
            if (now != null) {
                now.leader().tick();
                tellRefused(now.leader());
                if (now.leader().clockAgrees()) {
                    now.accounts().tick();
                }
            }
        } catch (RuntimeException bug) {
            log.error("a leader's duty failed", bug);
        }
    }

    private void refused(Caller caller, String why) {
        if (credentials != null) {
            credentials.refused(caller.name(), caller.address(), why);
        }
    }

    private List<AccessRefused> takeRefused() {
        return credentials == null ? List.of() : credentials.takeRefused();
    }

    /// A follower's are asked for by the leader.
    private void tellRefused(Leader leader) {
        if (++ticksUntold >= TICKS_UNTOLD_MAX) {
            ticksUntold = 0;
            takeRefused().forEach(leader::turnedAway);
        }
    }

    /// Ratis ends a part whose log it cannot handle, and tells nobody. Where it does tell, that
    /// comes first.
    private void requireAlive() {
        RaftQuorum part = quorum;
        if (part == null || failure != null || closed || part.isAlive()) {
            ticksDead = 0;
        } else if (++ticksDead > TICKS_DEAD_MAX) {
            new QuorumListener()
                    .failed("its part in the quorum broke off, the log says why; restart it");
        }
    }

    private Optional<ControlService.Serving> serving() {
        return Optional.ofNullable(present).map(Present::serving);
    }

    private String leaderAddress() {
        RaftQuorum part = quorum;
        return part == null
                ? ""
                : part.leader()
                        .map(id -> QuorumMembers.controlOf(part.membership(), config, id))
                        .orElse("");
    }

    private Introduction introduction() {
        Entrance way = entrance;
        return way == null
                ? Introduction.newBuilder().setId(config.id()).setHoldsLog(true).build()
                : way.introduction(leaderAddress(), time.wallMillis());
    }

    // ------------------------------------------------------------ about this server

    /// Where nodes, clients and the command line reach it.
    public InetSocketAddress controlAddress() {
        return known(controlAddress);
    }

    public InetSocketAddress httpAddress() {
        return known(httpAddress);
    }

    private static InetSocketAddress known(@Nullable InetSocketAddress address) {
        if (address == null) {
            throw new IllegalStateException("the server was not started");
        }
        return address;
    }

    public String id() {
        return config.id();
    }

    /// Whether it leads the quorum now.
    public boolean isLeader() {
        return present != null;
    }

    /// Whether it takes part: a leader is known.
    public boolean isReady() {
        RaftQuorum part = quorum;
        return part != null && failure == null && part.leader().isPresent();
    }

    /// Why it cannot go on, if so: the process is to be restarted.
    public Optional<String> failure() {
        return Optional.ofNullable(failure);
    }

    public MetricRegistry metrics() {
        return registry;
    }

    @Override
    public void close() {
        closed = true;
        lane.shutdown();
        Present was = present;
        present = null;
        if (was != null) {
            was.leader().close();
        }
        while (!parts.isEmpty()) {
            AutoCloseable part = parts.pop();
            try {
                part.close();
            } catch (Exception failed) {
                log.warn(
                        "metadata server {}: {} did not close cleanly: {}",
                        config.id(),
                        part,
                        failed.toString());
            }
        }
        stats.close();
        threads.shutdownNow();
    }
}
