package io.coppice.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.coppice.model.Names;
import io.coppice.net.Transport;
import io.coppice.node.lane.LaneConfig;
import io.coppice.node.store.StoreConfig;
import io.coppice.tls.Exposure;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Settings of a storage node.
///
/// @param name stable name in the cluster; another process with the same name is the same node
/// @param rack failure domain, may be empty
/// @param stores data directories, one per disk
/// @param dataAddress `host:port` of the data plane; port 0: any
/// @param advertisedHost host that others reach this node by; empty: that of `dataAddress`
/// @param httpAddress `host:port` of metrics and health
/// @param controlEndpoints `host:port` of every metadata server known
/// @param capacityBytesPerStore what each store may use; 0: what its device has
/// @param heartbeatMillis how often the quorum hears that the node lives
/// @param tls the node's credentials directory; empty: everything travels in the clear
/// @param lane bounds and rhythms of each store's lane
/// @param store sizes of the chunk stores; the chunk size is the cluster's
public record StorageNodeConfig(
        String name,
        String rack,
        List<Path> stores,
        String dataAddress,
        String advertisedHost,
        String httpAddress,
        List<String> controlEndpoints,
        long capacityBytesPerStore,
        int heartbeatMillis,
        Optional<Path> tls,
        LaneConfig lane,
        StoreConfig store) {
    /// A member of a group that stands still for this long is taken out; 0: never.
    private static final int SLOW_MEMBER_MILLIS = 1_000;

    public StorageNodeConfig {
        stores = List.copyOf(stores);
        controlEndpoints = List.copyOf(controlEndpoints);
        require(Names.isValid(name), Names.rule("node", name));
        require(!stores.isEmpty(), "node.stores: at least one data directory is needed");
        require(
                stores.stream().distinct().count() == stores.size(),
                "node.stores: a directory is named twice");
        require(
                !controlEndpoints.isEmpty(),
                "node.control: at least one metadata server is needed");
        require(capacityBytesPerStore >= 0, "node.capacity: must not be negative");
        require(heartbeatMillis >= 10, "node.heartbeat: must be at least 10 ms");
        Transport.parse(dataAddress);
        Transport.parse(httpAddress);
    }

    /// In the clear.
    public StorageNodeConfig(
            String name,
            String rack,
            List<Path> stores,
            String dataAddress,
            String advertisedHost,
            String httpAddress,
            List<String> controlEndpoints,
            long capacityBytesPerStore,
            int heartbeatMillis,
            LaneConfig lane,
            StoreConfig store) {
        this(
                name,
                rack,
                stores,
                dataAddress,
                advertisedHost,
                httpAddress,
                controlEndpoints,
                capacityBytesPerStore,
                heartbeatMillis,
                Optional.empty(),
                lane,
                store);
    }

    /// With everything that has a good default left at it.
    public StorageNodeConfig(
            String name,
            String rack,
            List<Path> stores,
            String dataAddress,
            String httpAddress,
            List<String> controlEndpoints,
            long capacityBytesPerStore) {
        this(
                name,
                rack,
                stores,
                dataAddress,
                "",
                httpAddress,
                controlEndpoints,
                capacityBytesPerStore,
                300,
                LaneConfig.defaults(),
                StoreConfig.defaults());
    }

    /// The same node with a credentials directory.
    public StorageNodeConfig withTls(Path dir) {
        return new StorageNodeConfig(
                name,
                rack,
                stores,
                dataAddress,
                advertisedHost,
                httpAddress,
                controlEndpoints,
                capacityBytesPerStore,
                heartbeatMillis,
                Optional.of(dir),
                lane,
                store);
    }

    /// Reads the `node` section of a configuration file, and `tls` and `insecure` beside it; see
    /// docs for its keys.
    ///
    /// @throws IllegalArgumentException one line for the operator
    public static StorageNodeConfig fromHocon(Config root) {
        try {
            Config node = root.getConfig("node");
            return new StorageNodeConfig(
                    node.getString("name"),
                    text(node, "rack", ""),
                    node.getStringList("stores").stream().map(Path::of).toList(),
                    text(node, "data", "127.0.0.1:0"),
                    text(node, "advertised-host", ""),
                    text(node, "http", "127.0.0.1:0"),
                    node.getStringList("control"),
                    bytes(node, "capacity", 0),
                    millis(node, "heartbeat", 300),
                    Exposure.credentials(
                            text(root, "tls.dir", ""),
                            root.hasPath("insecure") && root.getBoolean("insecure"),
                            List.of(text(node, "data", "127.0.0.1:0"))),
                    lane(node),
                    store(node));
        } catch (ConfigException e) {
            throw new IllegalArgumentException("storage node configuration: " + e.getMessage(), e);
        }
    }

    /// How others reach what is bound there.
    String advertised(InetSocketAddress bound) throws UnknownHostException {
        String host = advertisedHost;
        if (host.isEmpty()) {
            InetAddress address = bound.getAddress();
            host =
                    address.isAnyLocalAddress()
                            ? InetAddress.getLocalHost().getHostAddress()
                            : address.getHostAddress();
        }
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + bound.getPort();
    }

    private static LaneConfig lane(Config node) {
        LaneConfig defaults = LaneConfig.defaults();
        int tickMillis = millis(node, "tick", defaults.tickMillis());
        int slowMillis = millis(node, "slow-member", SLOW_MEMBER_MILLIS);
        require(tickMillis > 0, "node.tick: must be positive");
        require(slowMillis >= 0, "node.slow-member: must not be negative");
        return new LaneConfig(
                tickMillis,
                millis(node, "request-timeout", defaults.requestTimeoutMillis()),
                node.hasPath("cleaner-bytes-per-tick")
                        ? Math.toIntExact(node.getBytes("cleaner-bytes-per-tick"))
                        : defaults.cleanerBytesPerTick(),
                millis(node, "checkpoint-interval", defaults.checkpointSeconds() * 1_000) / 1_000,
                node.hasPath("scrub-bytes-per-second")
                        ? node.getBytes("scrub-bytes-per-second")
                        : defaults.scrubBytesPerSecond(),
                node.hasPath("scrub-interval")
                        ? Math.toIntExact(node.getDuration("scrub-interval").toSeconds())
                        : defaults.scrubIntervalSeconds(),
                bytes(node, "catch-up.bytes-per-second", defaults.catchUpBytesPerSecondMax()),
                bytes(node, "catch-up.bytes-per-second-min", defaults.catchUpBytesPerSecondMin()),
                node.hasPath("catch-up.slowdown-percent")
                        ? node.getInt("catch-up.slowdown-percent")
                        : defaults.catchUpSlowdownPercent(),
                defaults.catchUpPieceBlocks(),
                defaults.replicas().withSlowTicks((slowMillis + tickMillis - 1) / tickMillis));
    }

    private static StoreConfig store(Config node) {
        StoreConfig defaults = StoreConfig.defaults();
        if (node.hasPath("segment-bytes")) {
            return defaults.withSegmentBytes(Math.toIntExact(node.getBytes("segment-bytes")));
        }
        long capacity = bytes(node, "capacity", 0);
        return capacity == 0 ? defaults : defaults.withSegmentsFor(capacity);
    }

    private static String text(Config config, String key, String otherwise) {
        return config.hasPath(key) ? config.getString(key) : otherwise;
    }

    private static long bytes(Config config, String key, long otherwise) {
        return config.hasPath(key) ? config.getBytes(key) : otherwise;
    }

    private static int millis(Config config, String key, int otherwise) {
        return config.hasPath(key)
                ? Math.toIntExact(config.getDuration(key).toMillis())
                : otherwise;
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(rule);
        }
    }
}
