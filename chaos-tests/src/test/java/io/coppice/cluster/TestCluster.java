package io.coppice.cluster;

import io.coppice.client.ClientConfig;
import io.coppice.client.CoppiceClient;
import io.coppice.client.KeyRing;
import io.coppice.directory.ControlClient;
import io.coppice.metadata.server.MetadataServer;
import io.coppice.metadata.server.MetadataServerConfig;
import io.coppice.metadata.server.MetadataServerConfig.RepairLimits;
import io.coppice.nbd.GatewayLimits;
import io.coppice.nbd.NbdGateway;
import io.coppice.nbd.NbdGatewayConfig;
import io.coppice.nbd.NbdTlsConfig;
import io.coppice.node.StorageNode;
import io.coppice.node.StorageNodeConfig;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.InitializeCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/// One metadata server, three storage nodes and a gateway on a unix socket, in this process, with
/// files below a temporary folder. Chunks are as small as they may be, so that few writes touch
/// many of them.
final class TestCluster implements AutoCloseable {
    static final int CHUNK_BYTES = 64 << 10;
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final Path dir;
    private final List<String> endpoints;
    private final MetadataServer metadata;
    private final Map<Integer, StorageNode> nodes = new TreeMap<>();
    private final UnaryOperator<StorageNodeConfig> settings;
    private final List<AutoCloseable> more = new ArrayList<>();

    private TestCluster(Path dir, RepairLimits repair, UnaryOperator<StorageNodeConfig> settings)
            throws Exception {
        this.dir = dir;
        this.settings = settings;
        String raft = FreePorts.address();
        String control = FreePorts.address();
        endpoints = List.of(control);
        metadata =
                MetadataServer.start(
                        new MetadataServerConfig(
                                        "m1",
                                        dir.resolve("m1"),
                                        raft,
                                        control,
                                        "127.0.0.1:0",
                                        Map.of("m1", raft),
                                        Map.of("m1", control))
                                .with(repair));
    }

    static TestCluster start(Path dir) throws Exception {
        return start(dir, config -> config);
    }

    /// As above, with other settings of the storage nodes.
    static TestCluster start(Path dir, UnaryOperator<StorageNodeConfig> settings) throws Exception {
        return start(dir, 3, 6, RepairLimits.defaults(), Duration.ZERO, settings);
    }

    /// As above, but deleted volumes wait in the trash for so long.
    static TestCluster start(Path dir, Duration trash) throws Exception {
        return start(dir, 3, 6, RepairLimits.defaults(), trash, config -> config);
    }

    static TestCluster start(Path dir, int nodeCount, int groups, RepairLimits repair)
            throws Exception {
        return start(dir, nodeCount, groups, repair, Duration.ZERO, config -> config);
    }

    private static TestCluster start(
            Path dir,
            int nodeCount,
            int groups,
            RepairLimits repair,
            Duration trash,
            UnaryOperator<StorageNodeConfig> settings)
            throws Exception {
        var cluster = new TestCluster(dir, repair, settings);
        for (int i = 1; i <= nodeCount; i++) {
            cluster.startNode(i);
        }
        try (var control = new ControlClient(cluster.endpoints, DEADLINE)) {
            control.execute(
                    ExecuteRequest.newBuilder()
                            .setInitializeCluster(
                                    InitializeCluster.newBuilder()
                                            .setConfig(
                                                    ClusterConfig.newBuilder()
                                                            .setReplicas(3)
                                                            .setMinWriteReplicas(2)
                                                            .setGroups(groups)
                                                            .setChunkBytes(CHUNK_BYTES)
                                                            .setTrashRetentionMillis(
                                                                    trash.toMillis())
                                                            .setCluster("test"))));
        }
        return cluster;
    }

    /// A new node, or one that was stopped.
    void startNode(int number) throws IOException {
        var config =
                new StorageNodeConfig(
                        "n" + number,
                        "",
                        List.of(dir.resolve("n" + number)),
                        "127.0.0.1:0",
                        "127.0.0.1:0",
                        endpoints,
                        0);
        nodes.put(number, StorageNode.start(settings.apply(config)));
    }

    StorageNode node(int number) {
        return java.util.Objects.requireNonNull(nodes.get(number));
    }

    void stopNode(int number) {
        java.util.Objects.requireNonNull(nodes.remove(number)).close();
    }

    List<String> endpoints() {
        return endpoints;
    }

    CoppiceClient client(String name) throws IOException {
        var client = CoppiceClient.connect(ClientConfig.defaults(endpoints, name));
        more.add(client);
        return client;
    }

    /// As above, with keys of encrypted volumes.
    CoppiceClient client(String name, KeyRing keys) throws IOException {
        var client = CoppiceClient.connect(ClientConfig.defaults(endpoints, name).withKeys(keys));
        more.add(client);
        return client;
    }

    /// A gateway at an address of this machine, without keys when `keysDir` is empty.
    String gateway(String keysDir) throws IOException {
        var config =
                new NbdGatewayConfig(
                        List.of("127.0.0.1:0"),
                        endpoints,
                        "",
                        List.of(),
                        1,
                        Optional.empty(),
                        GatewayLimits.defaults(),
                        keysDir,
                        NbdTlsConfig.none());
        var gateway = NbdGateway.start(config);
        more.add(gateway);
        return gateway.address();
    }

    /// Starts a gateway; the answer is the URI of `volume` on it.
    String nbd(String volume) throws IOException {
        Path socket = dir.resolve("nbd-" + more.size() + ".sock");
        var config =
                new NbdGatewayConfig(
                        List.of("unix:" + socket),
                        endpoints,
                        "",
                        List.of(),
                        1,
                        GatewayLimits.defaults());
        more.add(NbdGateway.start(config));
        return "nbd+unix:///" + volume + "?socket=" + socket;
    }

    @Override
    public void close() throws Exception {
        for (int i = more.size() - 1; i >= 0; i--) {
            more.get(i).close();
        }
        nodes.values().forEach(StorageNode::close);
        metadata.close();
    }
}
