package io.coppice.nbd;

import com.typesafe.config.Config;
import io.coppice.nbd.frame.Protocol;
import java.time.Duration;

/// Bounds of a gateway.
///
/// @param connectionsMax open connections; more are turned away
/// @param requestsMax requests under way on one connection; at the bound its socket is not read
/// @param connectionBytesMax payload bytes one connection may hold; at least one largest request
/// @param allowanceBytes payload bytes every connection may hold whatever the others do
/// @param sharedBytes payload bytes all connections together may hold beyond their allowances;
///   raise it for many clients with deep queues of large requests
/// @param cacheBytes what is read again of snapshots and clones is kept in so much memory; 0: none
/// @param handshakeTimeout a client that is not through the handshake by then is dropped
/// @param linger how long an export stays open after its last connection, so that tools which open
///   a device several times in a row do not attach each time
/// @param drainTimeout how long closing the gateway waits for requests under way
public record GatewayLimits(
        int connectionsMax,
        int requestsMax,
        long connectionBytesMax,
        long allowanceBytes,
        long sharedBytes,
        long cacheBytes,
        Duration handshakeTimeout,
        Duration linger,
        Duration drainTimeout) {

    public GatewayLimits {
        require(connectionsMax >= 1, "connections must be at least 1");
        require(requestsMax >= 1, "requests-per-connection must be at least 1");
        require(
                connectionBytesMax >= Protocol.PAYLOAD_BYTES_MAX,
                "bytes-per-connection must be at least 32 MiB, the longest request");
        require(
                allowanceBytes >= WriteOperation.PIECE_BYTES,
                "allowance-bytes must be at least 1 MiB, the piece that requests are cut into");
        require(
                sharedBytes >= connectionBytesMax,
                "shared-bytes must be at least bytes-per-connection");
        require(cacheBytes >= 0, "cache-bytes must not be negative");
        require(handshakeTimeout.isPositive(), "handshake-timeout must be positive");
        require(!linger.isNegative(), "linger must not be negative");
        require(!drainTimeout.isNegative(), "drain-timeout must not be negative");
    }

    public static GatewayLimits defaults() {
        return new GatewayLimits(
                1024,
                256,
                64L << 20,
                1L << 20,
                256L << 20,
                64L << 20,
                Duration.ofSeconds(10),
                Duration.ofMillis(300),
                Duration.ofSeconds(5));
    }

    /// Keys as in the messages above; absent ones keep their defaults.
    static GatewayLimits fromHocon(Config config) {
        var d = defaults();
        return new GatewayLimits(
                config.hasPath("connections") ? config.getInt("connections") : d.connectionsMax,
                config.hasPath("requests-per-connection")
                        ? config.getInt("requests-per-connection")
                        : d.requestsMax,
                bytes(config, "bytes-per-connection", d.connectionBytesMax),
                bytes(config, "allowance-bytes", d.allowanceBytes),
                bytes(config, "shared-bytes", d.sharedBytes),
                bytes(config, "cache-bytes", d.cacheBytes),
                duration(config, "handshake-timeout", d.handshakeTimeout),
                duration(config, "linger", d.linger),
                duration(config, "drain-timeout", d.drainTimeout));
    }

    private static long bytes(Config config, String key, long otherwise) {
        return config.hasPath(key) ? config.getBytes(key) : otherwise;
    }

    private static Duration duration(Config config, String key, Duration otherwise) {
        return config.hasPath(key) ? config.getDuration(key) : otherwise;
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
