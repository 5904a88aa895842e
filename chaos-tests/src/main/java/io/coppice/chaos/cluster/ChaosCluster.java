package io.coppice.chaos.cluster;

import io.coppice.chaos.cluster.Host.Role;
import io.coppice.chaos.disk.ForgetfulDisk;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.model.Blocks;
import io.coppice.tls.CertificateAuthority;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.InitializeCluster;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.ListNodes;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.QueryRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A cluster of a run: its servers, one to a host, and the harness's own way to its quorum.
/// Thread-safe once it has been made.
public final class ChaosCluster implements AutoCloseable {
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(2);
    private static final Duration PATIENT_DEADLINE = Duration.ofSeconds(30);
    private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(120);
    private static final long LOOK_MILLIS = 50;
    private static final long CHECK_AGAIN_MILLIS = 2_000;

    private final Layout layout;
    private final Plan plan;
    private final Hosts hosts;
    private final @Nullable Path changed;
    private final @Nullable Clocks clocks;
    private final SplittableRandom seeds;
    private final Map<String, Server> servers = new LinkedHashMap<>();
    private final ControlPlane control;
    private final ControlPlane patient;
    private final Path identity;
    private final HttpClient http = HttpClient.newHttpClient();

    /// @param changed classes in place of the built ones; null: none
    /// @param clocks of the servers, which are among the changed classes; null: the system's
    public ChaosCluster(
            Layout layout,
            Plan plan,
            Hosts hosts,
            @Nullable Path changed,
            @Nullable Clocks clocks,
            long seed)
            throws IOException {
        this.layout = layout;
        this.plan = plan;
        this.hosts = hosts;
        this.changed = changed;
        this.clocks = clocks;
        seeds = new SplittableRandom(seed);
        for (int i = 1; i <= plan.metadata(); i++) {
            hosts.add("meta" + i, Role.METADATA);
        }
        for (int i = 1; i <= plan.nodes(); i++) {
            hosts.add("node" + i, Role.NODE);
        }
        hosts.add("nbd", Role.GATEWAY);
        List<Host> metadata = hosts.of(Role.METADATA);
        var authority = CertificateAuthority.create(layout.tls("ca"), "chaos");
        identity = layout.tls("admin");
        authority.issue(
                "admin",
                Identity.Kind.PRINCIPAL,
                List.of(),
                CertificateAuthority.LEAF_VALID,
                identity);
        for (Host host : metadata) {
            Path disk = layout.disk(host.name());
            Path tls = certify(authority, host, host.name(), Identity.Kind.SERVER);
            ConfigFiles.metadata(layout.conf(host.name()), host, metadata, disk, tls);
            add(host, "metadata", disk);
        }
        for (Host host : hosts.of(Role.NODE)) {
            Path disk = layout.disk(host.name());
            Path tls = certify(authority, host, host.name(), Identity.Kind.SERVER);
            ConfigFiles.node(layout.conf(host.name()), host, metadata, disk, tls);
            add(host, "node", disk);
        }
        for (Host host : hosts.of(Role.GATEWAY)) {
            Path tls = certify(authority, host, "gateway", Identity.Kind.PRINCIPAL);
            ConfigFiles.gateway(layout.conf(host.name()), host, metadata, tls);
            add(host, "gateway", null);
        }
        Credentials credentials = Credentials.load(identity);
        control = new ControlClient(endpoints(), CALL_DEADLINE, credentials);
        patient = new ControlClient(endpoints(), PATIENT_DEADLINE, credentials);
    }

    private Path certify(CertificateAuthority authority, Host host, String name, Identity.Kind kind)
            throws IOException {
        Path to = layout.tls(host.name());
        authority.issue(name, kind, List.of(host.address()), CertificateAuthority.LEAF_VALID, to);
        return to;
    }

    private void add(Host host, String kind, @Nullable Path mountPoint) throws IOException {
        List<String> command =
                JavaProgram.server(
                        changed,
                        clocks == null ? List.of() : List.of(clocks.option(host.name())),
                        "server",
                        kind,
                        "--config",
                        layout.conf(host.name()).toString(),
                        "--name",
                        host.name());
        ForgetfulDisk disk =
                mountPoint == null
                        ? null
                        : new ForgetfulDisk(
                                layout.bytes(host.name()), plan.diskBytes(), seeds.nextLong());
        servers.put(
                host.name(),
                new Server(
                        host,
                        command,
                        layout.log(host.name()),
                        layout.bootId(host.name()),
                        disk,
                        mountPoint));
    }

    public Layout layout() {
        return layout;
    }

    public Plan plan() {
        return plan;
    }

    public Hosts hosts() {
        return hosts;
    }

    public ControlPlane control() {
        return control;
    }

    /// The same for what has to wait for a leader, or for others.
    public ControlPlane patiently() {
        return patient;
    }

    public String raftAddress(Server server) {
        return server.host().address() + ":" + ConfigFiles.RAFT;
    }

    public String controlAddress(Server server) {
        return server.host().address() + ":" + ConfigFiles.CONTROL;
    }

    /// Of the quorum, for clients.
    public List<String> endpoints() {
        return hosts.of(Role.METADATA).stream()
                .map(host -> host.address() + ":" + ConfigFiles.CONTROL)
                .toList();
    }

    /// The credentials of the harness and of its clients.
    public Path identity() {
        return identity;
    }

    /// Of the NBD gateway, `HOST:PORT`.
    public String nbd() {
        return hosts.of(Role.GATEWAY).getFirst().address() + ":" + ConfigFiles.NBD;
    }

    public Server server(String name) {
        Server server = servers.get(name);
        if (server == null) {
            throw new IllegalArgumentException("no server " + name);
        }
        return server;
    }

    public List<Server> servers(Role... roles) {
        var hostsOfRole = hosts.of(roles);
        return servers.values().stream()
                .filter(server -> hostsOfRole.contains(server.host()))
                .toList();
    }

    // ------------------------------------------------------------ its life

    /// Starts all and waits until they serve.
    public void start(Duration patience) throws IOException {
        for (Server server : servers.values()) {
            server.start();
        }
        long end = System.nanoTime() + patience.toNanos();
        await(
                end,
                "the storage nodes have not registered",
                () -> {
                    Optional<ClusterStatus> status = status();
                    return status.isPresent() && status.get().getNodesUp() == plan.nodes();
                });
        await(end, "the cluster cannot be initialised", this::initialize);
        awaitHealthy(patience);
    }

    private boolean initialize() {
        var config =
                ClusterConfig.newBuilder()
                        .setCluster("chaos")
                        .setReplicas(plan.replicas())
                        .setMinWriteReplicas(Math.min(2, plan.replicas()))
                        .setChunkBytes(Blocks.CHUNK_BYTES_DEFAULT)
                        .setDurabilityAlways(plan.durabilityAlways());
        try {
            control.execute(
                    ExecuteRequest.newBuilder()
                            .setInitializeCluster(
                                    InitializeCluster.newBuilder().setConfig(config)));
            return true;
        } catch (ControlException failed) {
            return failed.code() == Code.CODE_EXISTS || failed.code() == Code.CODE_CONFLICT;
        }
    }

    /// What the quorum says; empty: nothing within two seconds.
    public Optional<ClusterStatus> status() {
        try {
            var query = QueryRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance());
            return Optional.of(control.query(query.build()).getStatus());
        } catch (ControlException notNow) {
            return Optional.empty();
        }
    }

    /// Whether nothing is missing: all groups whole, all nodes there, all metadata servers members
    /// that are ready.
    public boolean isHealthy() {
        return status().map(seen ->
                        seen.getHealth().equals("ok")
                                && seen.getNodesUp() >= plan.nodes()
                                && seen.getRepairBytesLeft() == 0
                                && seen.getServersList().size() == plan.metadata())
                        .orElse(false)
                && servers(Role.METADATA).stream().allMatch(this::isReady);
    }

    /// Whether a server says so itself.
    public boolean isReady(Server server) {
        var address =
                URI.create(
                        "http://"
                                + server.host().address()
                                + ":"
                                + ConfigFiles.HTTP
                                + "/health/ready");
        try {
            var request = HttpRequest.newBuilder(address).timeout(CALL_DEADLINE).build();
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notNow) {
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Until `check --deep` finds nothing wrong; what was deleted is purged a moment later, and
    /// what is damaged is mended when it is read.
    public void awaitClean(Duration patience) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        Path said = layout.log("check");
        while (!isClean(said, patience)) {
            if (System.nanoTime() > end) {
                throw new IOException("check --deep: " + Files.readString(said).strip());
            }
            pause(CHECK_AGAIN_MILLIS);
        }
    }

    private boolean isClean(Path said, Duration patience) throws IOException {
        List<String> command =
                JavaProgram.command(
                        "--endpoint",
                        String.join(",", endpoints()),
                        "--identity",
                        identity.toString(),
                        "--timeout",
                        patience.toSeconds() + "s",
                        "check",
                        "--deep");
        Process check =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start();
        try {
            return check.waitFor() == 0;
        } catch (InterruptedException interrupted) {
            check.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    public void awaitHealthy(Duration patience) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        await(end, "the cluster is not healthy again", this::isHealthy);
    }

    /// The storage node that is the primary of the most groups.
    public Server busiest() throws IOException {
        try {
            var groups = QueryRequest.newBuilder().setListGroups(ListGroups.getDefaultInstance());
            var led = new HashMap<Integer, Integer>();
            for (GroupInfo group : control.query(groups.build()).getGroupsList()) {
                led.merge(group.getPrimary(), 1, Integer::sum);
            }
            var nodes = QueryRequest.newBuilder().setListNodes(ListNodes.getDefaultInstance());
            return control.query(nodes.build()).getNodesList().stream()
                    .max(Comparator.comparingInt(node -> led(node, led)))
                    .map(node -> server(node.getName()))
                    .orElseThrow();
        } catch (ControlException notNow) {
            throw new IOException(notNow.getMessage(), notNow);
        }
    }

    private static int led(NodeInfo node, Map<Integer, Integer> byStore) {
        return node.getStoresList().stream()
                .mapToInt(store -> byStore.getOrDefault(store.getId(), 0))
                .sum();
    }

    /// Until no replica is on the node any more.
    public void awaitDrained(String node) throws IOException {
        long end = System.nanoTime() + DRAIN_PATIENCE.toNanos();
        await(
                end,
                node + " is not empty",
                () -> {
                    try {
                        var query =
                                QueryRequest.newBuilder()
                                        .setListNodes(ListNodes.getDefaultInstance());
                        return control.query(query.build()).getNodesList().stream()
                                .filter(each -> each.getName().equals(node))
                                .flatMap(each -> each.getStoresList().stream())
                                .allMatch(store -> store.getGroups() == 0);
                    } catch (ControlException notNow) {
                        return false;
                    }
                });
    }

    /// Nothing is wrong any more: links and disks are good, and everything runs.
    public void heal() throws IOException {
        hosts.heal();
        for (Server server : servers.values()) {
            server.resume();
            if (server.hasDisk()) {
                server.disk().faults().heal();
                server.disk().faults().slow(0);
            }
            server.start();
        }
    }

    private interface Condition {
        boolean holds();
    }

    private void await(long end, String otherwise, Condition condition) throws IOException {
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                var dead = new ArrayList<String>();
                servers.values().stream()
                        .filter(server -> !server.isRunning())
                        .forEach(server -> dead.add(server.name()));
                throw new IOException(
                        otherwise
                                + (dead.isEmpty() ? "" : "; not running: " + dead)
                                + "; logs are in "
                                + layout.dir().resolve("log"));
            }
            pause(LOOK_MILLIS);
        }
    }

    private static void pause(long millis) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    /// Ends all processes at once, and takes their disks away.
    @Override
    public void close() throws IOException {
        control.close();
        patient.close();
        http.close();
        for (Server server : servers.values()) {
            server.close();
        }
    }
}
