package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.ClusterFile;
import io.coppice.cli.local.Identities;
import io.coppice.cli.local.Layout;
import io.coppice.cli.local.LocalCluster;
import io.coppice.cli.local.Logs;
import io.coppice.cli.local.UpOptions;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.nbd.NbdTlsConfig;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.QueryRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `up`: a whole cluster on this machine.
@Command(name = "up", description = "Start a whole cluster on this machine and serve until Ctrl-C.")
final class UpCommand extends Verb {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final long LOOK_SECONDS = 1;

    @Option(
            names = "--dir",
            paramLabel = "D",
            description = "Where everything of it lies (.coppice).")
    Path dir = Path.of(".coppice");

    @Option(
            names = "--metadata",
            paramLabel = "N",
            description = "Metadata servers: 1, 3 or 5 (3).")
    @Nullable Integer metadata;

    @Option(
            names = "--nodes",
            paramLabel = "N",
            description = "Storage nodes (3); more than the cluster has are added to it.")
    @Nullable Integer nodes;

    @Option(names = "--stores-per-node", paramLabel = "N", description = "Stores of each node (1).")
    @Nullable Integer storesPerNode;

    @Option(names = "--replicas", paramLabel = "N", description = "Copies of all data (3).")
    @Nullable Integer replicas;

    @Option(names = "--separate", description = "Every server a process of its own.")
    boolean separate;

    @Option(
            names = "--detach",
            description = "Return when the cluster serves; 'coppice down' stops it.")
    boolean detach;

    @Option(
            names = "--nbd",
            paramLabel = "HOST:PORT|unix:PATH",
            description = "Where volumes are served (127.0.0.1:10809).")
    @Nullable String nbd;

    @Option(
            names = "--nbd-tls",
            paramLabel = "DIR",
            description = "Offer NBD over TLS with the certificates in DIR.")
    @Nullable Path nbdTls;

    @Option(
            names = "--nbd-tls-psk",
            paramLabel = "FILE",
            description = "Offer NBD over TLS with pre-shared keys: USER:KEY, one a line.")
    @Nullable Path nbdTlsPsk;

    @Option(
            names = "--nbd-tls-required",
            description = "Demand TLS of NBD clients on loopback and unix sockets too.")
    boolean nbdTlsRequired;

    @Option(
            names = "--nbd-insecure",
            description = "Serve NBD without TLS where other machines can connect.")
    boolean nbdInsecure;

    @Option(
            names = "--trash-retention",
            paramLabel = "DURATION",
            description = "How long deleted volumes can be restored (24h); of a new cluster.")
    String trashRetention = "24h";

    @Option(
            names = "--repair-after",
            paramLabel = "DURATION",
            description =
                    "How long a node may be away until its data is copied elsewhere (5m); of a new"
                            + " cluster.")
    String repairAfter = "5m";

    @Option(
            names = "--background",
            hidden = true,
            description = "This is the process that --detach started.")
    boolean background;

    @Option(
            names = "--durability-always",
            description = "Sync every write before it is acknowledged; of a new cluster.")
    boolean durabilityAlways;

    @Option(
            names = "--insecure",
            description = "Without certificates: everything in the clear; of a new cluster.")
    boolean insecure;

    @Override
    ExitCode run() throws Exception {
        UpOptions options = options();
        Layout layout = Layout.of(dir);
        if (detach && !separate) {
            ClusterFile file = LocalCluster.detach(options, arguments());
            report(file, layout, "coppice down");
            remarkOn(health(file));
            return ExitCode.DONE;
        }
        Files.createDirectories(layout.dir().resolve("log"));
        Logs.toFile(layout.log("up"), !detach && !background);
        LocalCluster cluster = LocalCluster.claim(options);
        // In place before anything starts: a Ctrl-C in the middle leaves nothing behind either.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cluster), "stop"));
        String health = cluster.start();
        report(cluster.file(), layout, detach ? "coppice down" : "Ctrl-C");
        remarkOn(health);
        if (detach) {
            cluster.leave();
        } else {
            watch(cluster);
        }
        return ExitCode.DONE;
    }

    private void remarkOn(String health) {
        if (!health.equals("ok")) {
            output().remark(
                            "coppice: the cluster is "
                                    + health
                                    + ": see 'coppice status' and 'coppice node ls'");
        }
    }

    private String health(ClusterFile file) throws ControlException {
        try (ControlClient control =
                new ControlClient(
                        file.endpoints(),
                        main().deadline(),
                        Identities.ofCluster(file.identity()).orElse(null))) {
            return control.query(
                            QueryRequest.newBuilder()
                                    .setGetStatus(GetStatus.getDefaultInstance())
                                    .build())
                    .getStatus()
                    .getHealth();
        }
    }

    private UpOptions options() {
        return new UpOptions(
                dir,
                Optional.ofNullable(metadata),
                Optional.ofNullable(nodes),
                Optional.ofNullable(storesPerNode),
                Optional.ofNullable(replicas),
                Optional.ofNullable(nbd),
                nbdTls(),
                separate,
                insecure,
                Durations.parse(trashRetention),
                durabilityAlways,
                Durations.parse(repairAfter),
                main().timeoutOption == null ? PATIENCE : main().deadline());
    }

    private Optional<NbdTlsConfig> nbdTls() {
        if (nbdTls == null && nbdTlsPsk == null && !nbdTlsRequired && !nbdInsecure) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new NbdTlsConfig(
                            Optional.ofNullable(nbdTls).map(Path::toAbsolutePath),
                            Optional.ofNullable(nbdTlsPsk).map(Path::toAbsolutePath),
                            nbdTlsRequired,
                            nbdInsecure));
        } catch (IllegalArgumentException wrong) {
            throw new CliException(ExitCode.USAGE, Failures.describe(wrong), wrong);
        }
    }

    /// What the background process is asked for: the same, without leaving again.
    private List<String> arguments() {
        List<String> arguments =
                new ArrayList<>(
                        List.of("up", "--background", "--dir", Layout.of(dir).dir().toString()));
        add(arguments, "--metadata", metadata);
        add(arguments, "--nodes", nodes);
        add(arguments, "--stores-per-node", storesPerNode);
        add(arguments, "--replicas", replicas);
        add(arguments, "--nbd", nbd);
        add(arguments, "--nbd-tls", nbdTls);
        add(arguments, "--nbd-tls-psk", nbdTlsPsk);
        add(arguments, "--trash-retention", trashRetention);
        add(arguments, "--repair-after", repairAfter);
        add(arguments, "--timeout", main().timeoutOption);
        if (nbdTlsRequired) {
            arguments.add("--nbd-tls-required");
        }
        if (nbdInsecure) {
            arguments.add("--nbd-insecure");
        }
        if (durabilityAlways) {
            arguments.add("--durability-always");
        }
        if (insecure) {
            arguments.add("--insecure");
        }
        return arguments;
    }

    private static void add(List<String> arguments, String option, @Nullable Object value) {
        if (value != null) {
            arguments.add(option);
            arguments.add(value.toString());
        }
    }

    private void stop(LocalCluster cluster) {
        Logs.leaveConsole();
        try {
            cluster.close();
        } catch (IOException | RuntimeException failed) {
            output().err().println("coppice: " + Failures.describe(failed));
        }
    }

    /// Says when a server of ours has ended, once, and goes on: the others serve.
    private void watch(LocalCluster cluster) throws InterruptedException {
        Optional<String> told = Optional.empty();
        while (true) {
            Optional<String> failure = cluster.failure();
            if (failure.isPresent() && !failure.equals(told)) {
                output().err()
                        .println(
                                "coppice: "
                                        + failure.get()
                                        + "; the others serve on, stop and start again to"
                                        + " bring it back");
            }
            told = failure;
            TimeUnit.SECONDS.sleep(LOOK_SECONDS);
        }
    }

    private void report(ClusterFile file, Layout layout, String stopWith) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("cluster", file.cluster());
        view.put("dir", layout.dir().toString());
        view.put("endpoints", file.endpoints());
        view.put("nbd", file.nbd());
        view.put("identity", file.identity());
        view.put("separate", file.separate());
        view.put("http", new java.util.TreeMap<>(file.http()));
        output().done(view, () -> text(file, layout, stopWith));
    }

    private static String text(ClusterFile file, Layout layout, String stopWith) {
        boolean unix = file.nbd().startsWith("nbd+unix:");
        String export =
                unix
                        ? file.nbd().replace("nbd+unix:///", "nbd+unix:///disk")
                        : file.nbd() + "/disk";
        String facts =
                new Details()
                        .line("cluster", file.cluster() + " in " + layout.dir())
                        .line("control", String.join(",", file.endpoints()))
                        .line("volumes", unix ? file.nbd() : file.nbd() + "/NAME")
                        .line(
                                "metrics",
                                "http://"
                                        + file.http().values().stream()
                                                .sorted()
                                                .findFirst()
                                                .orElse("-")
                                        + "/metrics"
                                        + " and "
                                        + Math.max(0, file.http().size() - 1)
                                        + " more in run/cluster.json")
                        .line(
                                "identity",
                                file.identity().isEmpty()
                                        ? "none, everything travels in the clear"
                                        : file.identity())
                        .line("logs", layout.dir().resolve("log"))
                        .toString();
        return String.format(
                Locale.ROOT,
                """
                Coppice serves.

                %s

                Try: coppice volume create disk --size 10G
                     coppice snapshot create disk@first
                     coppice clone disk@first copy
                     coppice lineage
                     nbdinfo '%s'
                Stop it with %s.\
                """,
                facts.indent(2).stripTrailing(),
                export,
                stopWith);
    }
}
