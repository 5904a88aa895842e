package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.ServerSpec.Port;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// A cluster on this machine: claimed by this process, then started, then left to itself or closed,
/// which stops what was started here. Two threads at most: one starts, another may close at any
/// time.
public final class LocalCluster implements AutoCloseable {
    private final UpOptions options;
    private final Layout layout;
    private final PidFile pidFile;
    private final Servers servers;
    private final AtomicBoolean released = new AtomicBoolean();

    private LocalCluster(UpOptions options, Layout layout, PidFile pidFile) {
        this.options = options;
        this.layout = layout;
        this.pidFile = pidFile;
        this.servers = options.separate() ? new OwnProcesses(layout) : new OneProcess(layout);
    }

    /// Makes sure that nobody else looks after the directory's cluster, until it is left or closed.
    public static LocalCluster claim(UpOptions options) throws IOException {
        Layout layout = Layout.of(options.dir());
        layout.create();
        PidFile pidFile =
                PidFile.claim(layout.pid(Layout.UP))
                        .orElseThrow(() ->
                                new CliException(
                                        ExitCode.CONFLICT,
                                        "the cluster in "
                                                + layout.dir()
                                                + " is already running: stop it with 'coppice"
                                                + " down'"));
        return new LocalCluster(options, layout, pidFile);
    }

    /// Starts what does not run yet, waits until the cluster serves, and says so in
    /// `D/run/cluster.json`.
    ///
    /// @return its health: `ok`, or `degraded` when replicas still catch up
    /// @throws CliException with one line for the user; close the cluster then
    public String start() throws IOException {
        ClusterPlan plan = prepare(layout, options);
        if (!options.separate()) {
            requireNoProcesses(layout, plan);
        }
        Files.deleteIfExists(layout.clusterJson());
        String identity = plan.insecure() ? "" : layout.tls(Layout.ADMIN).toString();
        String health = start(plan, servers, options, identity);
        new ClusterFile(
                        plan.cluster(),
                        plan.endpoints(),
                        plan.nbdUri(),
                        identity,
                        options.separate(),
                        ProcessHandle.current().pid(),
                        http(plan))
                .write(layout);
        return health;
    }

    private static ClusterPlan prepare(Layout layout, UpOptions options) throws IOException {
        Optional<String> nbdBefore =
                layout.holdsCluster()
                        ? Optional.of(ConfigFiles.read(layout.clusterConf()))
                                .filter(config -> config.hasPath("nbd"))
                                .map(config -> config.getString("nbd"))
                        : Optional.empty();
        ClusterPlan plan = ClusterPlan.forDirectory(layout, options);
        boolean grown =
                nbdBefore.isPresent()
                        && ConfigFiles.read(layout.clusterConf()).getInt("nodes")
                                < plan.nodes().size();
        boolean nbdChanged = nbdBefore.isPresent() && !nbdBefore.get().equals(plan.nbd());
        if (!plan.insecure()) {
            LocalCertificates.issueMissing(layout, plan);
        }
        // The servers' files come first: a plan without them would look complete after a crash.
        ServerFiles.write(layout, plan, nbdChanged, options.nbdTls(), options.repairAfter());
        if (nbdBefore.isEmpty() || nbdChanged || grown) {
            plan.write(layout);
        }
        return plan;
    }

    private static void requireNoProcesses(Layout layout, ClusterPlan plan) {
        List<ServerSpec> missing = new OwnProcesses(layout).missing(plan.servers());
        if (missing.size() < plan.servers().size()) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    "servers of "
                            + layout.dir()
                            + " run as separate processes: stop them with 'coppice down', or"
                            + " use --separate");
        }
    }

    private static String start(
            ClusterPlan plan, Servers servers, UpOptions options, String identity) {
        List<ServerSpec> missing = servers.missing(plan.servers());
        requirePorts(plan, missing);
        servers.start(
                missing.stream().filter(server -> server.kind() != ServerKind.GATEWAY).toList());
        Readiness readiness =
                new Readiness(plan, servers, options, Identities.ofCluster(identity).orElse(null));
        readiness.awaitInitialized();
        // While replicas get ready: its JVM takes as long.
        servers.start(
                missing.stream().filter(server -> server.kind() == ServerKind.GATEWAY).toList());
        String health = readiness.awaitServing().getHealth();
        readiness.awaitGateway();
        return health;
    }

    private static void requirePorts(ClusterPlan plan, List<ServerSpec> missing) {
        for (ServerSpec server : missing) {
            for (Port port : server.ports()) {
                Ports.requireFree(
                        port.host(),
                        port.number(),
                        server.name() + ", " + port.role(),
                        "stop the process that listens there and try again");
            }
        }
        if (missing.contains(plan.gateway()) && !plan.nbd().startsWith("unix:")) {
            int colon = plan.nbd().lastIndexOf(':');
            Ports.requireFree(
                    plan.nbd().substring(0, colon),
                    Integer.parseInt(plan.nbd().substring(colon + 1)),
                    "NBD",
                    "stop the process that listens there, or choose another address with --nbd"
                            + " HOST:PORT");
        }
    }

    private static Map<String, String> http(ClusterPlan plan) {
        Map<String, String> http = new LinkedHashMap<>();
        plan.servers().forEach(server -> http.put(server.name(), server.address("http")));
        return http;
    }

    /// Where to reach it; once it has started.
    public ClusterFile file() {
        return ClusterFile.find(layout.dir())
                .orElseThrow(() ->
                        new CliException(
                                ExitCode.UNAVAILABLE, "the cluster was stopped meanwhile"));
    }

    /// Why a server that was started here has ended by itself, if one has.
    public Optional<String> failure() {
        return servers.failure();
    }

    /// Leaves the servers running and lets go of them.
    public void leave() throws IOException {
        if (released.compareAndSet(false, true)) {
            pidFile.close();
        }
    }

    @Override
    public void close() throws IOException {
        if (!released.compareAndSet(false, true)) {
            return;
        }
        Files.deleteIfExists(layout.clusterJson());
        try {
            servers.stop();
        } finally {
            pidFile.close();
        }
    }

    /// Starts a whole cluster in one background process and waits until it serves.
    ///
    /// @param arguments of the `up` that the process runs
    /// @throws CliException with the process's own last line when it gave up
    public static ClusterFile detach(UpOptions options, List<String> arguments) throws IOException {
        Layout layout = Layout.of(options.dir());
        layout.create();
        Optional<ClusterFile> before = ClusterFile.find(layout.dir());
        if (before.isPresent() && PidFile.owner(layout.pid(Layout.UP)).isPresent()) {
            return before.get();
        }
        Files.deleteIfExists(layout.clusterJson());
        List<String> command = new ArrayList<>(JavaCommand.jvmForAll());
        command.addAll(arguments);
        Process process = JavaCommand.start(command, layout.err(Layout.UP));
        return awaitDetached(layout, process, options);
    }

    private static ClusterFile awaitDetached(Layout layout, Process process, UpOptions options) {
        long end = System.nanoTime() + options.patience().multipliedBy(2).toNanos();
        while (System.nanoTime() < end) {
            Optional<ClusterFile> file = ClusterFile.find(layout.dir());
            if (file.isPresent()) {
                return file.get();
            }
            try {
                if (process.waitFor(30, TimeUnit.MILLISECONDS)) {
                    throw new CliException(
                            exitCode(process.exitValue()),
                            OwnProcesses.lastLine(layout.err(Layout.UP))
                                    .orElse(
                                            "the cluster ended while starting, see "
                                                    + layout.log(Layout.UP)));
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                process.destroy();
                throw new CliException(ExitCode.FAILED, "interrupted while starting", interrupted);
            }
        }
        process.destroy();
        throw new CliException(
                ExitCode.UNAVAILABLE,
                "the cluster does not serve in time, see " + layout.log(Layout.UP));
    }

    private static ExitCode exitCode(int status) {
        for (ExitCode code : ExitCode.values()) {
            if (code.number() == status && code != ExitCode.DONE) {
                return code;
            }
        }
        return ExitCode.FAILED;
    }
}
