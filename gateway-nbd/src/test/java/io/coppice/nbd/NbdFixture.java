package io.coppice.nbd;

import com.codahale.metrics.MetricRegistry;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/// A gateway on a unix socket in a folder of its own, with devices in memory.
final class NbdFixture implements AutoCloseable {
    final Transport transport = Transport.create("nbd-test", 2);
    final MemoryExports exports = new MemoryExports(transport);
    final MetricRegistry metrics = new MetricRegistry();
    final Path folder;
    final NbdServer server;

    NbdFixture() throws IOException {
        this(limits());
    }

    NbdFixture(GatewayLimits limits) throws IOException {
        this(limits, NbdTlsConfig.none());
    }

    NbdFixture(GatewayLimits limits, NbdTlsConfig tls) throws IOException {
        folder = Files.createTempDirectory("nbd");
        server =
                NbdServer.start(
                        transport,
                        List.of("unix:" + socket(), "127.0.0.1:0"),
                        exports,
                        limits,
                        new TlsGate(tls),
                        metrics,
                        Time.system());
    }

    static GatewayLimits limits() {
        var d = GatewayLimits.defaults();
        return new GatewayLimits(
                d.connectionsMax(),
                d.requestsMax(),
                d.connectionBytesMax(),
                d.allowanceBytes(),
                d.sharedBytes(),
                d.cacheBytes(),
                d.handshakeTimeout(),
                Duration.ofMillis(50),
                Duration.ofSeconds(2));
    }

    Path socket() {
        return folder.resolve("s");
    }

    InetSocketAddress tcp() {
        return (InetSocketAddress) server.addresses().get(1);
    }

    /// @param parameters of TLS, in libnbd's notation
    String tlsUri(String export, String parameters) {
        return "nbds://localhost:" + tcp().getPort() + "/" + export + "?" + parameters;
    }

    String uri(String export) {
        return "nbd+unix:///" + export + "?socket=" + socket();
    }

    /// Waits until `condition` holds, ten seconds at most.
    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("did not come true: " + what);
            }
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        transport.close();
        try (var files = Files.list(folder)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
