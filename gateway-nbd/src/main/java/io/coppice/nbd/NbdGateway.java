package io.coppice.nbd;

import com.codahale.metrics.MetricRegistry;
import io.coppice.client.ClientConfig;
import io.coppice.client.CoppiceClient;
import io.coppice.client.KeyRing;
import io.coppice.directory.ControlPlane;
import io.coppice.net.HttpEndpoint;
import io.coppice.net.RecentMetrics;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import io.coppice.tls.Credentials;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An NBD gateway: serves the volumes of a cluster to NBD clients, as exports named like the
/// volumes; `volume@snapshot` is a read-only export. It keeps nothing: killed and started again it
/// serves the same volumes. Thread-safe.
///
/// Metrics: timers `nbd.requests.KIND`, meters `nbd.requests.refused` and `.failed`,
/// `nbd.bytes.read` and `.written`, `nbd.connections.accepted`, `.secured` (with TLS),
/// `.turned_away` and `.dropped`, counter `nbd.connections.open`, and those of the client library.
public final class NbdGateway implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NbdGateway.class);

    /// Every event loop has a session with the metadata servers and connections to the nodes.
    private static final int THREADS_MAX_DEFAULT = 4;

    /// Between two reports of whom it turned away.
    private static final long TELL_MILLIS = 1_000;

    private static final String CLIENT_NAME = "nbd-gateway";

    private final @Nullable Credentials credentials;
    private final Transport transport;
    private final ExecutorService waiters;
    private final List<CoppiceClient> clients = new ArrayList<>();
    private final MetricRegistry metrics = new RecentMetrics();
    private @Nullable NbdServer server;
    private @Nullable HttpEndpoint http;
    private volatile boolean ready;

    private NbdGateway(int threads, @Nullable Credentials credentials) {
        this.credentials = credentials;
        transport = Transport.create("nbd", threads, credentials);
        waiters = Executors.newVirtualThreadPerTaskExecutor();
    }

    /// Connects to the cluster, then listens. Waits for both.
    ///
    /// @throws IOException when the cluster does not answer, an address cannot be had, or
    ///   certificates cannot be used; the message is one line for a user, and nothing is left
    ///   running
    /// @throws IllegalArgumentException for an address that is none, or that needs TLS without any
    public static NbdGateway start(NbdGatewayConfig config) throws IOException {
        int processors = Runtime.getRuntime().availableProcessors();
        int threads =
                config.eventLoopThreads() > 0
                        ? config.eventLoopThreads()
                        : Math.min(processors, THREADS_MAX_DEFAULT);
        Credentials credentials =
                config.tls().isEmpty() ? null : Credentials.load(config.tls().get());
        var gateway = new NbdGateway(threads, credentials);
        try {
            gateway.start(config, threads);
            return gateway;
        } catch (IOException | RuntimeException e) {
            gateway.close();
            throw e;
        }
    }

    private void start(NbdGatewayConfig config, int threads) throws IOException {
        // What is wrong here is told at once, not after the wait for the cluster.
        var tls =
                new TlsGate(
                        config.nbdTls(),
                        serial -> credentials != null && credentials.isRevoked(serial));
        for (String address : config.listen()) {
            tls.isRequiredOn(Transport.parse(address));
        }
        // Answers on /health first: a gateway that waits for its cluster is live, not ready.
        if (!config.httpAddress().isEmpty()) {
            http = HttpEndpoint.start(httpAddress(config.httpAddress()), metrics, () -> ready);
        }
        for (int i = 0; i < threads; i++) {
            String name = threads == 1 ? CLIENT_NAME : CLIENT_NAME + "-" + (i + 1);
            var clientConfig =
                    ClientConfig.defaults(config.controlEndpoints(), name)
                            .withCacheBytes(config.limits().cacheBytes() / threads);
            if (credentials != null) {
                clientConfig = clientConfig.withCredentials(credentials);
            }
            if (!config.keysDir().isEmpty()) {
                clientConfig = clientConfig.withKeys(new KeyRing(Path.of(config.keysDir())));
            }
            clients.add(CoppiceClient.connect(clientConfig, transport, transport.next(), metrics));
        }
        server =
                NbdServer.start(
                        transport,
                        config.listen(),
                        new ClientExports(clients, config.exports(), waiters),
                        config.limits(),
                        tls,
                        metrics,
                        Time.system());
        tellRefused(server.refused());
        ready = true;
        log.info("NBD gateway listens on {}", String.join(", ", addresses()));
    }

    /// Again and again, until the gateway closes.
    private void tellRefused(RefusedClients refused) {
        ControlPlane control = clients.getFirst().control();
        transport
                .next()
                .scheduleWithFixedDelay(
                        () -> waiters.execute(() -> refused.tell(control)),
                        TELL_MILLIS,
                        TELL_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    /// Bound addresses for NBD clients, as `HOST:PORT` or `unix:PATH`, in the order of the
    /// configuration.
    public List<String> addresses() {
        var running = server;
        return running == null
                ? List.of()
                : running.addresses().stream().map(Transport::show).toList();
    }

    /// The first of [#addresses()].
    public String address() {
        return addresses().getFirst();
    }

    /// Bound address of the HTTP port, as `HOST:PORT`; empty when there is none.
    public String httpAddress() {
        var running = http;
        return running == null ? "" : Transport.show(running.address());
    }

    /// Stops listening, answers what is under way, closes the volumes, ends the sessions.
    @Override
    public void close() {
        ready = false;
        if (server != null) {
            server.close();
        }
        if (http != null) {
            http.close();
        }
        clients.forEach(CoppiceClient::close);
        waiters.shutdownNow();
        transport.close();
    }

    private static InetSocketAddress httpAddress(String address) {
        if (Transport.parse(address) instanceof InetSocketAddress inet) {
            return inet;
        }
        throw new IllegalArgumentException(
                "http-address '" + address + "' must be HOST:PORT, not a unix socket");
    }
}
