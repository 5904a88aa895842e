package io.coppice.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

final class HttpEndpointTest {
    private static final byte[] HALF =
            "GET /health/live HTTP/1.1\r\n".getBytes(StandardCharsets.UTF_8);
    private static final byte[] REST =
            "Host: here\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.UTF_8);

    private static Socket half(InetSocketAddress address) throws IOException {
        var socket = new Socket(address.getAddress(), address.getPort());
        socket.getOutputStream().write(HALF);
        return socket;
    }

    /// Empty: the connection was dropped without an answer.
    private static String finish(Socket socket) {
        try (socket) {
            socket.getOutputStream().write(REST);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException reset) {
            return "";
        }
    }

    @Test
    void clientsThatNeverFinishTakeABoundedNumberOfPlaces() throws IOException {
        Deque<Socket> stalled = new ArrayDeque<>();
        try (HttpEndpoint http =
                HttpEndpoint.start(
                        new InetSocketAddress("127.0.0.1", 0), new MetricRegistry(), () -> true)) {
            for (int i = 0; i < 2 * HttpEndpoint.REQUESTS_MAX; i++) {
                stalled.add(half(http.address()));
            }
            int answered = 0;
            while (!stalled.isEmpty()) {
                answered += finish(stalled.remove()).startsWith("HTTP/1.1 200") ? 1 : 0;
            }
            assertEquals(HttpEndpoint.REQUESTS_MAX, answered);
            assertTrue(finish(half(http.address())).startsWith("HTTP/1.1 200"), "it goes on");
        }
    }

    @Test
    void storesAreLabels() throws IOException {
        var metrics = new MetricRegistry();
        for (int store = 3; store <= 4; store++) {
            long value = store;
            metrics.register("node.store." + store + ".used.bytes", (Gauge<Long>) () -> value);
        }
        metrics.register("node.stores.down", (Gauge<Long>) () -> 0L);
        try (HttpEndpoint http =
                        HttpEndpoint.start(
                                new InetSocketAddress("127.0.0.1", 0), metrics, () -> true);
                var socket = new Socket(http.address().getAddress(), http.address().getPort())) {
            socket.getOutputStream()
                    .write(
                            "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                                    .getBytes(StandardCharsets.UTF_8));
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.contains("\nnode_store_used_bytes{store=\"3\"} 3.0\n"), answer);
            assertTrue(answer.contains("\nnode_store_used_bytes{store=\"4\"} 4.0\n"), answer);
            assertTrue(answer.contains("\nnode_stores_down 0.0\n"), answer);
        }
    }
}
