package io.coppice.nbd;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Meter;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import io.coppice.port.Time;
import java.util.concurrent.TimeUnit;

/// What a gateway counts. Thread-safe.
final class GatewayMetrics {
    private static final String[] KINDS = {
        "read", "write", "disconnect", "flush", "trim", "cache", "write_zeroes", "block_status"
    };

    private final Time time;
    private final Timer[] requests = new Timer[KINDS.length];
    private final Timer unknown;
    private final Counter connections;
    private final Meter accepted;
    private final Meter secured;
    private final Meter turnedAway;
    private final Meter dropped;
    private final Meter refused;
    private final Meter failed;
    private final Meter readBytes;
    private final Meter writtenBytes;

    GatewayMetrics(MetricRegistry registry, Time time) {
        this.time = time;
        for (int i = 0; i < KINDS.length; i++) {
            requests[i] = registry.timer("nbd.requests." + KINDS[i]);
        }
        unknown = registry.timer("nbd.requests.unknown");
        connections = registry.counter("nbd.connections.open");
        accepted = registry.meter("nbd.connections.accepted");
        secured = registry.meter("nbd.connections.secured");
        turnedAway = registry.meter("nbd.connections.turned_away");
        dropped = registry.meter("nbd.connections.dropped");
        refused = registry.meter("nbd.requests.refused");
        failed = registry.meter("nbd.requests.failed");
        readBytes = registry.meter("nbd.bytes.read");
        writtenBytes = registry.meter("nbd.bytes.written");
    }

    long nanos() {
        return time.nanos();
    }

    void connectionOpened() {
        connections.inc();
        accepted.mark();
    }

    /// A client proved who it is, and TLS protects the connection.
    void connectionSecured() {
        secured.mark();
    }

    void connectionClosed() {
        connections.dec();
    }

    void connectionTurnedAway() {
        turnedAway.mark();
    }

    /// A client broke the protocol.
    void connectionDropped() {
        dropped.mark();
    }

    /// A request was wrong and got its error without reaching the device.
    void requestRefused() {
        refused.mark();
    }

    /// The device failed a request.
    void requestFailed() {
        failed.mark();
    }

    void requestEnded(int command, long startNanos) {
        var timer = command < requests.length ? requests[command] : unknown;
        timer.update(time.nanos() - startNanos, TimeUnit.NANOSECONDS);
    }

    void read(long bytes) {
        readBytes.mark(bytes);
    }

    void written(long bytes) {
        writtenBytes.mark(bytes);
    }
}
