package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.metadata.server.MetadataServer;
import io.coppice.metadata.server.MetadataServerConfig;
import io.coppice.model.ChunkId;
import io.coppice.nbd.GatewayLimits;
import io.coppice.nbd.NbdGateway;
import io.coppice.nbd.NbdGatewayConfig;
import io.coppice.nbd.NbdTlsConfig;
import io.coppice.node.StorageNode;
import io.coppice.node.StorageNodeConfig;
import io.coppice.tls.CertificateAuthority;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity.Kind;
import io.coppice.wire.pb.AuditRecord;
import io.coppice.wire.pb.ChangeGrant;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.CreatePrincipal;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.InitializeCluster;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.ListNodes;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.ReadAudit;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// A whole cluster with certificates, in this process: three metadata servers, three nodes, a
/// gateway that demands TLS of its NBD clients, and an administrator.
final class AttackedCluster implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    static final int CHUNK_BYTES = 64 << 10;

    private final Path dir;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Map<String, String> raft = new TreeMap<>();
    private final Map<String, String> control = new TreeMap<>();
    private final List<String> http = new ArrayList<>();
    private final CertificateAuthority authority;
    private final Credentials admin;
    private final ControlClient client;
    private final NbdGateway gateway;

    AttackedCluster(Path dir) throws Exception {
        this.dir = dir;
        authority = CertificateAuthority.create(dir.resolve("ca"), "test");
        for (int i = 1; i <= 3; i++) {
            raft.put("m" + i, FreePorts.address());
            control.put("m" + i, FreePorts.address());
        }
        for (String id : raft.keySet()) {
            issue(id, Kind.SERVER);
            MetadataServer server = MetadataServer.start(metadata(id));
            parts.push(server);
            http.add("127.0.0.1:" + server.httpAddress().getPort());
        }
        for (int i = 1; i <= 3; i++) {
            issue("n" + i, Kind.SERVER);
            parts.push(StorageNode.start(node("n" + i)));
        }
        admin = issue("admin", Kind.PRINCIPAL);
        client = new ControlClient(endpoints(), PATIENCE, admin);
        parts.push(client::close);
        initialize();
        issue("gateway", Kind.PRINCIPAL);
        issue(authority, "nbd", Kind.SERVER, Duration.ofDays(1));
        gateway = NbdGateway.start(gatewayConfig());
        parts.push(gateway);
    }

    private void initialize() throws ControlException {
        client.execute(
                ExecuteRequest.newBuilder()
                        .setInitializeCluster(
                                InitializeCluster.newBuilder()
                                        .setConfig(
                                                ClusterConfig.newBuilder()
                                                        .setReplicas(3)
                                                        .setMinWriteReplicas(2)
                                                        .setGroups(6)
                                                        .setChunkBytes(CHUNK_BYTES)
                                                        .setCluster("test"))));
    }

    private MetadataServerConfig metadata(String id) {
        return new MetadataServerConfig(
                        id,
                        dir.resolve("data-" + id),
                        raft(id),
                        control(id),
                        "127.0.0.1:0",
                        raft,
                        control)
                .withTls(dir.resolve("tls-" + id));
    }

    private StorageNodeConfig node(String name) {
        List<Path> stores = List.of(dir.resolve(name));
        return new StorageNodeConfig(name, "", stores, "127.0.0.1:0", "127.0.0.1:0", endpoints(), 0)
                .withTls(dir.resolve("tls-" + name));
    }

    private NbdGatewayConfig gatewayConfig() {
        return new NbdGatewayConfig(
                List.of("127.0.0.1:0"),
                endpoints(),
                "127.0.0.1:0",
                List.of(),
                1,
                Optional.of(dir.resolve("tls-gateway")),
                GatewayLimits.defaults(),
                "",
                new NbdTlsConfig(
                        Optional.of(dir.resolve("tls-nbd")), Optional.empty(), true, false));
    }

    // ------------------------------------------------------------ certificates and rights

    Credentials issue(String name, Kind kind) throws IOException {
        return issue(authority, name, kind, Duration.ofDays(1));
    }

    /// One whose time was over before it was made.
    Credentials expired(String name) throws IOException {
        return issue(authority, name, Kind.PRINCIPAL, Duration.ofMinutes(-30));
    }

    /// Of an authority that is not the cluster's.
    Credentials foreign(String name, Kind kind) throws IOException {
        Path home = dir.resolve("foreign-" + name);
        return issue(CertificateAuthority.create(home, "other"), name, kind, Duration.ofDays(1));
    }

    private Credentials issue(CertificateAuthority by, String name, Kind kind, Duration valid)
            throws IOException {
        Path to = dir.resolve("tls-" + name);
        List<String> hosts = kind == Kind.SERVER ? List.of("127.0.0.1") : List.of();
        by.issue(name, kind, hosts, valid, to);
        return Credentials.load(to);
    }

    /// Somebody with a certificate, whom the cluster knows.
    Credentials principal(String name) throws IOException, ControlException {
        client.execute(
                ExecuteRequest.newBuilder()
                        .setCreatePrincipal(CreatePrincipal.newBuilder().setName(name)));
        return issue(name, Kind.PRINCIPAL);
    }

    void grant(String right, String principal, String volume) throws ControlException {
        client.execute(
                ExecuteRequest.newBuilder()
                        .setChangeGrant(
                                ChangeGrant.newBuilder()
                                        .setPrincipal(principal)
                                        .setVolume(volume)
                                        .addRights(right)));
    }

    // ------------------------------------------------------------ where its doors are

    List<String> endpoints() {
        return List.copyOf(control.values());
    }

    String raft(String id) {
        return Objects.requireNonNull(raft.get(id));
    }

    String control(String id) {
        return Objects.requireNonNull(control.get(id));
    }

    String nbd() {
        return gateway.address();
    }

    /// Of the metadata servers and the gateway.
    List<String> http() {
        var all = new ArrayList<String>(http);
        all.add(gateway.httpAddress());
        return all;
    }

    // ------------------------------------------------------------ as its administrator

    Credentials admin() {
        return admin;
    }

    ControlClient client() {
        return client;
    }

    QueryResponse query(QueryRequest.Builder query) throws ControlException {
        return client.query(query.build());
    }

    List<AuditRecord> audit() throws ControlException {
        var all = new ArrayList<AuditRecord>();
        client.stream(
                QueryRequest.newBuilder().setReadAudit(ReadAudit.getDefaultInstance()).build(),
                part -> all.addAll(part.getAuditList()));
        return all;
    }

    NodeInfo info(String name) throws Exception {
        return query(QueryRequest.newBuilder().setListNodes(ListNodes.getDefaultInstance()))
                .getNodesList()
                .stream()
                .filter(each -> each.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /// Address of the node that leads the chunk's group.
    String primary(long chunk) throws Exception {
        GroupInfo group =
                query(Orders.query().setListGroups(ListGroups.getDefaultInstance()))
                        .getGroupsList()
                        .stream()
                        .filter(each -> each.getId() == ChunkId.group(chunk))
                        .findFirst()
                        .orElseThrow();
        return group.getReplicasList().stream()
                .filter(replica -> replica.getStore() == group.getPrimary())
                .findFirst()
                .orElseThrow()
                .getAddress();
    }

    static void await(Callable<Boolean> holds) throws Exception {
        await(holds, () -> "not in time");
    }

    static void await(Callable<Boolean> holds, Supplier<String> otherwise) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!holds.call()) {
            assertTrue(System.nanoTime() < end, otherwise);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
        }
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable part : parts) {
            part.close();
        }
    }
}
