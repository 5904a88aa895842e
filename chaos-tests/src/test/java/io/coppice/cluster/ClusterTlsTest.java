package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.BlockDevice;
import io.coppice.client.ClientConfig;
import io.coppice.client.CoppiceClient;
import io.coppice.client.LoadGenerator;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.metadata.server.MetadataServer;
import io.coppice.metadata.server.MetadataServerConfig;
import io.coppice.node.StorageNode;
import io.coppice.node.StorageNodeConfig;
import io.coppice.tls.CertificateAuthority;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity.Kind;
import io.coppice.wire.pb.ChangeGrant;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.CreatePrincipal;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.InitializeCluster;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RevokeCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A whole cluster whose members show each other certificates: three metadata servers, three nodes,
/// and clients with and without a right to be there.
@Timeout(180)
class ClusterTlsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofSeconds(5);

    @TempDir Path dir;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Map<String, String> raft = new TreeMap<>();
    private final Map<String, String> control = new TreeMap<>();
    private CertificateAuthority authority;
    private Credentials admin;
    private ControlClient client;

    @BeforeEach
    void start() throws Exception {
        authority = CertificateAuthority.create(dir.resolve("ca"), "test");
        for (int i = 1; i <= 3; i++) {
            raft.put("m" + i, FreePorts.address());
            control.put("m" + i, FreePorts.address());
        }
        for (String id : raft.keySet()) {
            issue(authority, id, Kind.SERVER);
            parts.push(MetadataServer.start(metadata(id)));
        }
        for (int i = 1; i <= 3; i++) {
            issue(authority, "n" + i, Kind.SERVER);
            parts.push(StorageNode.start(node("n" + i, dir.resolve("n" + i))));
        }
        admin = issue(authority, "admin", Kind.PRINCIPAL);
        client = new ControlClient(endpoints(), PATIENCE, admin);
        parts.push(client::close);
        client.execute(
                ExecuteRequest.newBuilder()
                        .setInitializeCluster(
                                InitializeCluster.newBuilder()
                                        .setConfig(
                                                ClusterConfig.newBuilder()
                                                        .setReplicas(3)
                                                        .setMinWriteReplicas(2)
                                                        .setGroups(6)
                                                        .setChunkBytes(64 << 10)
                                                        .setCluster("test"))));
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable part : parts) {
            part.close();
        }
    }

    private static String at(Map<String, String> addresses, String id) {
        return java.util.Objects.requireNonNull(addresses.get(id));
    }

    private MetadataServerConfig metadata(String id) {
        return new MetadataServerConfig(
                        id,
                        dir.resolve("data-" + id),
                        at(raft, id),
                        at(control, id),
                        "127.0.0.1:0",
                        raft,
                        control)
                .withTls(dir.resolve("tls-" + id));
    }

    private StorageNodeConfig node(String name, Path store) {
        return new StorageNodeConfig(
                        name, "", List.of(store), "127.0.0.1:0", "127.0.0.1:0", endpoints(), 0)
                .withTls(dir.resolve("tls-" + name));
    }

    /// Somebody whom the cluster knows, and who may use every volume.
    private void user(String name) throws Exception {
        client.execute(
                ExecuteRequest.newBuilder()
                        .setCreatePrincipal(CreatePrincipal.newBuilder().setName(name)));
        client.execute(
                ExecuteRequest.newBuilder()
                        .setChangeGrant(
                                ChangeGrant.newBuilder().setPrincipal(name).addRights("user")));
    }

    private Credentials issue(CertificateAuthority by, String name, Kind kind) throws IOException {
        Path to = dir.resolve("tls-" + name);
        List<String> hosts = kind == Kind.SERVER ? List.of("127.0.0.1") : List.of();
        by.issue(name, kind, hosts, Duration.ofDays(1), to);
        return Credentials.load(to);
    }

    private List<String> endpoints() {
        return List.copyOf(control.values());
    }

    private ClusterStatus status(ControlClient as) throws ControlException {
        return as.query(
                        QueryRequest.newBuilder()
                                .setGetStatus(GetStatus.getDefaultInstance())
                                .build())
                .getStatus();
    }

    private void volume(String name) throws ControlException {
        client.execute(
                ExecuteRequest.newBuilder()
                        .setCreateVolume(CreateVolume.newBuilder().setName(name).setSize(8 << 20)));
    }

    private CoppiceClient connect(Credentials as) throws IOException {
        CoppiceClient made =
                CoppiceClient.connect(
                        ClientConfig.defaults(endpoints(), as.identity().name())
                                .withControlDeadline(PATIENCE)
                                .withOperationDeadline(SHORT)
                                .withCredentials(as));
        parts.push(made);
        return made;
    }

    private static LoadGenerator.Result load(BlockDevice device, boolean verify)
            throws IOException {
        return new LoadGenerator(
                        device,
                        new LoadGenerator.Options(
                                true, 50, 4096, 16, Duration.ofMillis(500), verify, 8 << 20, 7))
                .run();
    }

    private static void await(String what, java.util.concurrent.Callable<Boolean> holds)
            throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!holds.call()) {
            assertTrue(System.nanoTime() < end, "not in time: " + what);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    // ------------------------------------------------------------ what is to work

    @Test
    void dataIsWrittenAndReadBack() throws Exception {
        volume("disk");
        try (BlockDevice device = connect(admin).open("disk")) {
            var result = load(device, true);
            assertTrue(result.operations() > 0);
            assertEquals(0, result.errors() + result.verifyErrors(), result.firstError());
        }
    }

    @Test
    void certificatesAreReplacedWhileAllServe() throws Exception {
        volume("disk");
        user("user");
        Credentials own = issue(authority, "user", Kind.PRINCIPAL);
        String before = own.identity().serial();
        for (String name : List.of("m1", "m2", "m3", "n1", "n2", "n3", "user")) {
            issue(authority, name, name.equals("user") ? Kind.PRINCIPAL : Kind.SERVER);
        }
        await("the client shows its new one", () -> !own.identity().serial().equals(before));
        try (BlockDevice device = connect(own).open("disk")) {
            assertEquals(0, load(device, true).errors());
        }
        try (var again = new ControlClient(endpoints(), PATIENCE, own)) {
            assertEquals(3, status(again).getNodesUp());
        }
    }

    // ------------------------------------------------------------ who is to stay outside

    @Test
    void whoHasNoCertificateOrThatOfAnotherAuthorityIsTurnedAway() throws Exception {
        try (var nobody = new ControlClient(endpoints(), SHORT)) {
            assertThrows(ControlException.class, () -> status(nobody));
        }
        var foreign = CertificateAuthority.create(dir.resolve("other"), "other");
        Credentials stranger = issue(foreign, "stranger", Kind.PRINCIPAL);
        try (var other = new ControlClient(endpoints(), SHORT, stranger)) {
            var refused = assertThrows(ControlException.class, () -> status(other));
            assertEquals(Code.CODE_NOT_ALLOWED, refused.code(), refused.getMessage());
        }
    }

    @Test
    void aPrincipalIsNoServerOfTheQuorum() throws Exception {
        assertFalse(shakesHands(at(raft, "m1"), admin));
        assertTrue(shakesHands(at(raft, "m1"), Credentials.load(dir.resolve("tls-n1"))));
        assertTrue(shakesHands(at(control, "m1"), admin));
    }

    /// With the JDK's own TLS, which asks for nothing that ours would.
    private static boolean shakesHands(String address, Credentials as) throws Exception {
        TrustManager anybody =
                new javax.net.ssl.X509TrustManager() {
                    @Override
                    public void checkClientTrusted(X509Certificate[] chain, String type) {}

                    @Override
                    public void checkServerTrusted(X509Certificate[] chain, String type) {}

                    @Override
                    public X509Certificate[] getAcceptedIssuers() {
                        return new X509Certificate[0];
                    }
                };
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(new KeyManager[] {as.keys()}, new TrustManager[] {anybody}, null);
        int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
        try (SSLSocket socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) SHORT.toMillis());
            var parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            // HTTP/2 servers speak first, once they believe the client.
            return socket.getInputStream().read() >= 0;
        } catch (IOException turnedAway) {
            return false;
        }
    }

    @Test
    void aNodeIsOnlyWhomItsCertificateNames() throws Exception {
        issue(authority, "n4", Kind.PRINCIPAL);
        var principal =
                assertThrows(
                        IOException.class,
                        () -> StorageNode.start(node("n4", dir.resolve("store-n4"))));
        assertTrue(String.valueOf(principal.getMessage()).contains("cert issue n4 --server"));
        var other =
                assertThrows(
                        IOException.class,
                        () ->
                                StorageNode.start(
                                        node("n5", dir.resolve("store-n5"))
                                                .withTls(dir.resolve("tls-n1"))));
        assertTrue(String.valueOf(other.getMessage()).contains("the certificate of n1"));
    }

    // ------------------------------------------------------------ who was let in and is not any
    // more

    @Test
    void whoIsRevokedIsRefusedEverywhere() throws Exception {
        volume("disk");
        volume("other");
        user("mallory");
        Credentials mallory = issue(authority, "mallory", Kind.PRINCIPAL);
        BlockDevice held = connect(mallory).open("disk");
        assertEquals(0, load(held, false).errors());
        BlockDevice kept = connect(admin).open("other");
        try (var calls = new ControlClient(endpoints(), SHORT, mallory)) {
            status(calls);
            client.execute(
                    ExecuteRequest.newBuilder()
                            .setRevokeCertificate(
                                    RevokeCertificate.newBuilder()
                                            .setSerial(mallory.identity().serial())
                                            .setName("mallory")));
            var refused = assertThrows(ControlException.class, () -> status(calls));
            assertEquals(Code.CODE_NOT_ALLOWED, refused.code(), refused.getMessage());
        }
        await("the nodes end its connections", () -> load(held, false).errors() > 0);
        assertEquals(0, load(kept, false).errors());
        kept.close();
        Credentials again = issue(authority, "mallory", Kind.PRINCIPAL);
        try (var calls = new ControlClient(endpoints(), PATIENCE, again)) {
            status(calls);
        }
    }
}
