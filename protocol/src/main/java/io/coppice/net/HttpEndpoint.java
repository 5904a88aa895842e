package io.coppice.net;

import com.codahale.metrics.MetricRegistry;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.dropwizard.DropwizardExports;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.function.BooleanSupplier;

/// A server's HTTP port: `/metrics` (Prometheus text), `/health/live`, `/health/ready`.
/// Thread-safe.
public final class HttpEndpoint implements AutoCloseable {
    private final HttpServer server;

    private HttpEndpoint(HttpServer server) {
        this.server = server;
    }

    static final int REQUESTS_MAX = 64;

    /// Serves `metrics`; `ready` tells whether the server can do its work now.
    ///
    /// @throws IOException when the address cannot be bound; the message names it
    public static HttpEndpoint start(
            InetSocketAddress address, MetricRegistry metrics, BooleanSupplier ready)
            throws IOException {
        HttpServer server;
        try {
            server = HttpServer.create(address, 16);
        } catch (IOException e) {
            throw new IOException(
                    "cannot listen on " + Transport.show(address) + ": " + e.getMessage(), e);
        }
        var registry = new PrometheusRegistry();
        registry.register(new StoreLabels(new DropwizardExports(metrics)));
        var writer = PrometheusTextFormatWriter.create();
        server.createContext(
                "/metrics",
                exchange -> {
                    var body = new ByteArrayOutputStream(16 << 10);
                    writer.write(body, registry.scrape());
                    answer(exchange, 200, writer.getContentType(), body.toByteArray());
                });
        server.createContext(
                "/health/live", exchange -> answer(exchange, 200, "text/plain", line("live")));
        server.createContext(
                "/health/ready",
                exchange -> {
                    boolean is = ready.getAsBoolean();
                    answer(
                            exchange,
                            is ? 200 : 503,
                            "text/plain",
                            line(is ? "ready" : "not ready"));
                });
        server.setExecutor(bounded());
        server.start();
        return new HttpEndpoint(server);
    }

    /// A thread for each request, up to a bound; the connection of one more is dropped. A client
    /// that never finishes its request holds one place, so there are many.
    private static Executor bounded() {
        var places = new Semaphore(REQUESTS_MAX);
        ThreadFactory threads = Thread.ofVirtual().name("http-", 1).factory();
        return request -> {
            if (!places.tryAcquire()) {
                throw new RejectedExecutionException(REQUESTS_MAX + " requests are under way");
            }
            threads.newThread(
                            () -> {
                                try {
                                    request.run();
                                } finally {
                                    places.release();
                                }
                            })
                    .start();
        };
    }

    public InetSocketAddress address() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private static byte[] line(String text) {
        return (text + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body)
            throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }
}
