package io.coppice.client;

import com.codahale.metrics.MetricRegistry;
import com.google.protobuf.ByteString;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.model.Blocks;
import io.coppice.model.Invariant;
import io.coppice.net.Network;
import io.coppice.net.RecentMetrics;
import io.coppice.net.Transport;
import io.coppice.port.Entropy;
import io.coppice.port.Time;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Detach;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.GetCluster;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.OpenedSource;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.ResizeVolume;
import io.coppice.wire.pb.SessionOpened;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.VolumeChanged;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A program's way into a cluster: one session with the metadata quorum, one event loop, one
/// connection to each storage node in use. Thread-safe; share one. Volumes opened here are attached
/// in its name.
public final class CoppiceClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CoppiceClient.class);
    private static final long TICK_MILLIS = 200;
    private static final long CLOSE_SECONDS_MAX = 5;
    private static final long REFRESH_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(500);

    /// A live volume that is read without an attachment is looked up again this often.
    private static final int TICKS_PER_MAP_REFRESH = 5;

    private static final int GROUPS_PREPARED_MAX = 256;

    private final ClientConfig config;
    private final Runnable release;
    private final EventLoop loop;
    private final ControlPlane control;
    private final Executor waiters;
    private final Time time;
    private final ClientMetrics metrics;
    private final Views views = new Views();
    private final Sequences sequences = new Sequences();
    private final ControlSession session;
    private final NodeCalls calls;
    private final IdLeases leases;
    private final Attachments attachments;
    private final CompletableFuture<Void> connected = new CompletableFuture<>();
    private final Set<RemoteDevice> devices = new LinkedHashSet<>();
    private final AbandonedChunks abandoned;
    private @Nullable ScheduledFuture<?> ticker;
    private long ticks;
    private long refreshedNanos;
    private volatile int chunkBytes;
    private volatile boolean syncsAlways;
    private volatile boolean closed;

    /// The world around a client.
    ///
    /// @param loop everything happens on it
    /// @param waiters for what waits for the control plane
    /// @param release runs when the client has closed
    public record World(
            Network network,
            EventLoop loop,
            ControlPlane control,
            Executor waiters,
            Time time,
            Entropy entropy,
            Runnable release) {}

    private CoppiceClient(ClientConfig config, World world, MetricRegistry registry) {
        this.config = config;
        this.release = world.release();
        this.loop = world.loop();
        this.control = world.control();
        this.waiters = world.waiters();
        this.time = world.time();
        refreshedNanos = time.nanos() - REFRESH_NANOS_MIN;
        metrics = new ClientMetrics(registry);
        session = new ControlSession(loop, time, config.clientName(), new SessionOwner());
        calls =
                new NodeCalls(
                        world.network(),
                        loop,
                        config,
                        views,
                        registry,
                        this::refreshViews,
                        time,
                        world.entropy());
        leases =
                new IdLeases(
                        session, config.chunkIdsLeased(), this::placementChanged, loop::execute);
        abandoned = new AbandonedChunks(loop, session);
        attachments = new Attachments(this, session, loop, config);
    }

    /// Connects with an event loop of its own.
    ///
    /// @throws IOException when the cluster did not answer within the control deadline
    public static CoppiceClient connect(ClientConfig config) throws IOException {
        Transport transport =
                Transport.create(config.clientName(), 1, config.credentials().orElse(null));
        return connect(config, transport, transport::close, transport.next(), new RecentMetrics());
    }

    /// Connects on an event loop of the caller's, who keeps `transport` open for the client's life
    /// and made it with the same credentials.
    public static CoppiceClient connect(
            ClientConfig config, Transport transport, EventLoop loop, MetricRegistry registry)
            throws IOException {
        return connect(config, transport, () -> {}, loop, registry);
    }

    private static CoppiceClient connect(
            ClientConfig config,
            Transport transport,
            Runnable release,
            EventLoop loop,
            MetricRegistry registry)
            throws IOException {
        if (loop.inEventLoop()) {
            throw new IllegalStateException(
                    "connecting waits, so it must not run on the event loop");
        }
        ExecutorService waiters = Executors.newVirtualThreadPerTaskExecutor();
        var world =
                new World(
                        transport,
                        loop,
                        new ControlClient(
                                config.endpoints(),
                                config.controlDeadline(),
                                config.credentials().orElse(null)),
                        waiters,
                        Time.system(),
                        Entropy.system(),
                        () -> {
                            waiters.shutdownNow();
                            release.run();
                        });
        CoppiceClient client = start(config, world, registry);
        try {
            client.awaitConnected();
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /// A client in a world of the caller's; devices can be opened at once, and wait for the
    /// cluster.
    public static CoppiceClient start(ClientConfig config, World world, MetricRegistry registry) {
        var client = new CoppiceClient(config, world, registry);
        client.session.start(client.control);
        client.ticker =
                client.loop.scheduleWithFixedDelay(
                        client::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        return client;
    }

    private void awaitConnected() throws IOException {
        try {
            connected.get(config.controlDeadline().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new DeviceException(
                    DeviceException.Reason.TIMED_OUT,
                    "the cluster at "
                            + String.join(",", config.endpoints())
                            + " did not answer within "
                            + config.controlDeadline().toSeconds()
                            + " s ("
                            + session.trouble()
                            + ")",
                    e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DeviceException refused) {
                throw refused;
            }
            throw new IOException(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    // ------------------------------------------------------------ public

    /// Opens `volume` for reading and writing, which attaches it, or `volume@snapshot` for reading.
    /// Opening a volume that this client has open already shares the device; it ends when all have
    /// closed it.
    ///
    /// @throws DeviceException when there is no such source, another client has it, or the cluster
    ///   does not answer
    public BlockDevice open(String name, OpenOption... options) throws IOException {
        if (loop.inEventLoop()) {
            throw new IllegalStateException(
                    "waiting on the event loop would wait for ever; use openAsync");
        }
        return waitFor(openAsync(name, options));
    }

    private static <T> T waitFor(CompletableFuture<T> future) throws IOException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DeviceException failure) {
                throw new DeviceException(
                        failure.reason(), String.valueOf(failure.getMessage()), failure);
            }
            throw new IOException(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /// As [#open]; completes on the event loop.
    public CompletableFuture<BlockDevice> openAsync(String name, OpenOption... options) {
        return openAsync(name, "", options);
    }

    /// As [#openAsync], on behalf of somebody whom the audit log names when `name` is attached.
    public CompletableFuture<BlockDevice> openFor(String user, String name) {
        return openAsync(name, user);
    }

    private CompletableFuture<BlockDevice> openAsync(
            String name, String user, OpenOption... options) {
        var future = new CompletableFuture<BlockDevice>();
        if (closed) {
            future.completeExceptionally(closedFailure());
            return future;
        }
        boolean attach =
                !name.contains("@") && !Arrays.asList(options).contains(OpenOption.READ_ONLY);
        waiters.execute(() -> {
            try {
                learnCluster();
                if (attach) {
                    var cipher = config.keys() == null ? null : cipher(name, find(name));
                    loop.execute(() -> attachments.attach(name, user, cipher, future));
                } else {
                    Source source = source(name, find(name));
                    loop.execute(() -> openFound(source, future));
                }
            } catch (ControlException e) {
                future.completeExceptionally(
                        Attachments.failure(name, e.code(), String.valueOf(e.getMessage())));
            } catch (IOException | RuntimeException e) {
                future.completeExceptionally(e);
            }
        });
        return future;
    }

    /// Gives a volume another size; waits. What is beyond a smaller one reads as zeros should the
    /// volume grow again: the quorum drops whole chunks, and what is cut off the last one that is
    /// kept is made zeros here first, under an attachment that lasts until the quorum has cut. So
    /// nobody writes there in between; when the cut fails, its zeros may stay. A volume that is
    /// attached cannot shrink.
    ///
    /// @throws DeviceException when it is in use, also here, or the cluster does not answer
    public ExecuteResponse resize(String name, long size) throws IOException, ControlException {
        learnCluster();
        boolean endsInChunk = size > 0 && Blocks.isAligned(size) && size % chunkBytes != 0;
        if (!endsInChunk || size >= find(name).getSize()) {
            return resize(name, size, 0);
        }
        try (RemoteDevice device = (RemoteDevice) open(name)) {
            waitFor(device.cutOff(size));
            return resize(name, size, device.fence());
        }
    }

    private ExecuteResponse resize(String name, long size, long fence) throws ControlException {
        var resize = ResizeVolume.newBuilder().setName(name).setSize(size).setFence(fence);
        return control.execute(ExecuteRequest.newBuilder().setResizeVolume(resize));
    }

    /// Administration of the same cluster.
    public ControlPlane control() {
        return control;
    }

    /// The loop on which everything happens.
    public EventLoop eventLoop() {
        return loop;
    }

    /// Closes every device (what is under way may finish within seconds), ends the session.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        Invariant.check(!loop.inEventLoop(), "a client is not closed on its event loop");
        closed = true;
        var drained = new CompletableFuture<Void>();
        loop.execute(() -> {
            var closing = new ArrayList<CompletableFuture<Void>>();
            for (RemoteDevice device : new ArrayList<>(devices)) {
                closing.add(device.closeForAll());
            }
            CompletableFuture.allOf(closing.toArray(CompletableFuture[]::new))
                    .whenComplete((nothing, failure) -> drained.complete(null));
        });
        drained.completeOnTimeout(null, CLOSE_SECONDS_MAX, TimeUnit.SECONDS).join();
        var ended = new CompletableFuture<Void>();
        loop.execute(() -> {
            if (ticker != null) {
                ticker.cancel(false);
            }
            new ArrayList<>(devices).forEach(device -> device.abort("the client was closed"));
            devices.clear();
            calls.close();
            session.close();
            ended.complete(null);
        });
        ended.join();
        control.close();
        release.run();
    }

    // ------------------------------------------------------------ for the devices

    NodeCalls calls() {
        return calls;
    }

    ControlSession session() {
        return session;
    }

    Executor waiters() {
        return waiters;
    }

    IdLeases leases() {
        return leases;
    }

    Views views() {
        return views;
    }

    ClientMetrics metrics() {
        return metrics;
    }

    Time time() {
        return time;
    }

    long nextSequence(int group) {
        return sequences.next(group);
    }

    /// What may explain that nothing is answered, for a message in brackets; empty: nothing known.
    String trouble() {
        String refusal = leases.refusal();
        return refusal == null ? "" : " (" + refusal + ")";
    }

    void abandon(long chunk) {
        abandoned.add(chunk);
    }

    RemoteDevice newDevice(Source source) {
        var device = new RemoteDevice(this, source, config, chunkBytes, syncsAlways, metrics);
        devices.add(device);
        if (source.fence() != 0) {
            leases.prepare(views.first(GROUPS_PREPARED_MAX));
        }
        return device;
    }

    /// The device has ended by itself.
    void forget(RemoteDevice device) {
        devices.remove(device);
        attachments.forget(device);
        if (devices.stream().noneMatch(other -> other.volume() == device.volume())) {
            calls.open(device.volume(), ByteString.EMPTY);
        }
    }

    /// The device has ended for its users: `future` completes when the quorum knows.
    void detach(RemoteDevice device, CompletableFuture<Void> future) {
        forget(device);
        if (device.fence() == 0 || session.session() == 0) {
            future.complete(null);
            return;
        }
        long sequence = session.nextSequence();
        session.call(
                ClientMessage.newBuilder()
                        .setDetach(
                                Detach.newBuilder()
                                        .setVolume(device.volume())
                                        .setFence(device.fence())
                                        .setSequence(sequence)
                                        .setUnsure(device.unsure)),
                sequence,
                answer -> future.complete(null));
        loop.schedule(
                () -> future.complete(null),
                config.controlDeadline().toMillis(),
                TimeUnit.MILLISECONDS);
    }

    // ------------------------------------------------------------ opening

    private static DeviceException closedFailure() {
        return new DeviceException(DeviceException.Reason.CLOSED, "the client is closed");
    }

    /// Waits. The session tells the configuration, unless it was opened before the cluster was
    /// initialised.
    private void learnCluster() throws ControlException, DeviceException {
        if (chunkBytes == 0) {
            var query = QueryRequest.newBuilder().setGetCluster(GetCluster.getDefaultInstance());
            learn(control.query(query.build()).getCluster().getConfig());
        }
        if (chunkBytes == 0) {
            throw new DeviceException(
                    DeviceException.Reason.NOT_FOUND,
                    "the cluster is not initialised: it has no volumes yet");
        }
    }

    private void learn(ClusterConfig cluster) {
        syncsAlways = cluster.getDurabilityAlways();
        chunkBytes = (int) cluster.getChunkBytes();
    }

    /// Waits.
    OpenedSource find(String name) throws ControlException {
        int at = name.indexOf('@');
        if (at == name.length() - 1) {
            throw new ControlException(
                    Code.CODE_NOT_FOUND, "'" + name + "' names no snapshot after the @");
        }
        var wanted = SnapshotName.newBuilder().setVolume(at < 0 ? name : name.substring(0, at));
        if (at >= 0) {
            wanted.setSnapshot(name.substring(at + 1));
        }
        var query =
                QueryRequest.newBuilder().setOpenSource(OpenSource.newBuilder().setSource(wanted));
        return control.query(query.build()).getOpened();
    }

    private @Nullable BlockCipher cipher(String name, OpenedSource found) throws IOException {
        return KeyRing.cipher(config.keys(), name, found.getKey());
    }

    private Source source(String name, OpenedSource found) throws IOException {
        return new Source(
                name,
                found.getVolume(),
                found.getSnapshot(),
                found.getSize(),
                found.getGeneration(),
                0,
                cipher(name, found));
    }

    private void openFound(Source source, CompletableFuture<BlockDevice> future) {
        if (closed) {
            future.completeExceptionally(closedFailure());
        } else {
            future.complete(newDevice(source));
        }
    }

    // ------------------------------------------------------------ what the quorum tells

    private final class SessionOwner implements ControlSession.Owner {
        @Override
        public void sessionOpened(SessionOpened opened, boolean resumed) {
            ClusterConfig cluster = opened.getConfig();
            if (cluster.getChunkBytes() != 0) {
                learn(cluster);
            }
            calls.introduceAs(opened.getSession(), cluster.getCluster());
            viewsChanged(opened.getViews());
            if (resumed) {
                attachments.confirm();
            }
            connected.complete(null);
        }

        @Override
        public void sessionRefused(String why) {
            connected.completeExceptionally(
                    new DeviceException(DeviceException.Reason.NOT_ALLOWED, why));
        }

        @Override
        public void sessionLost(String why) {
            LOG.warn("client {}: {}", config.clientName(), why);
            leases.clear();
            abandoned.clear();
            sequences.clear();
            attachments.loseAll(why);
        }

        @Override
        public void viewsChanged(GroupViews changed) {
            calls.viewsChanged(views.update(changed, calls::forgetSealed));
            if (!attachments.isEmpty()) {
                leases.prepare(views.first(GROUPS_PREPARED_MAX));
            }
            placementChanged();
        }

        @Override
        public void volumeChanged(VolumeChanged changed) {
            attachments.changed(changed);
        }

        @Override
        public void certificatesRevoked(List<String> serials) {
            config.credentials().ifPresent(own -> own.revoke(Set.copyOf(serials)));
        }
    }

    private void placementChanged() {
        for (RemoteDevice device : List.copyOf(devices)) {
            device.plan().placementChanged();
        }
    }

    /// Somebody met a newer epoch than we know. The push may be on its way; this covers a lost one.
    private void refreshViews() {
        long now = time.nanos();
        if (now - refreshedNanos < REFRESH_NANOS_MIN || closed) {
            return;
        }
        refreshedNanos = now;
        waiters.execute(() -> {
            try {
                var query =
                        QueryRequest.newBuilder().setListGroups(ListGroups.getDefaultInstance());
                var groups = control.query(query.build()).getGroupsList();
                var found = GroupViews.newBuilder().addAllGroups(groups).build();
                loop.execute(() -> calls.viewsChanged(views.update(found, calls::forgetSealed)));
            } catch (ControlException e) {
                LOG.debug("the groups could not be looked up: {}", e.getMessage());
            }
        });
    }

    private void tick() {
        long now = time.nanos();
        boolean refresh = ++ticks % TICKS_PER_MAP_REFRESH == 0;
        for (RemoteDevice device : List.copyOf(devices)) {
            device.expire(now);
            if (refresh && device.readOnly() && device.source().snapshot() == 0) {
                device.plan().dropMap();
            }
        }
    }
}
