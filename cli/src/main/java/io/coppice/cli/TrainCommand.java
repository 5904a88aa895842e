package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.Layout;
import io.coppice.cli.local.LocalCluster;
import io.coppice.cli.local.Logs;
import io.coppice.cli.local.UpOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Goes once through a cluster's life, so that the JVM can record what it loads: the launcher runs
/// this after a build and keeps the records as the caches that make commands and servers start
/// fast. Two processes, two records, because a cache is loaded whole: this one holds the servers, a
/// second one runs the commands.
@Command(
        name = "train",
        hidden = true,
        description = "Exercise the program once, for the launcher's caches.")
final class TrainCommand extends Verb {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String CACHE_OUTPUT = "-XX:AOTCacheOutput=";

    @Option(names = "--commands-cache", description = "Where the second process puts its record.")
    @Nullable Path commandsCache;

    @Override
    ExitCode run() throws Exception {
        if (commandsCache == null) {
            exercise();
            return ExitCode.DONE;
        }
        Path dir = Files.createTempDirectory("coppice-train");
        Path own = dir.resolve(".coppice");
        try (LocalCluster cluster = LocalCluster.claim(options(own))) {
            Logs.toFile(Layout.of(own).log("up"), false);
            cluster.start();
            // In the cluster's directory, so that finding it is recorded as well.
            int status =
                    new ProcessBuilder(command(commandsCache.toAbsolutePath()))
                            .directory(dir.toFile())
                            .inheritIO()
                            .start()
                            .waitFor();
            return status == 0 ? ExitCode.DONE : ExitCode.FAILED;
        } finally {
            delete(dir);
        }
    }

    private static UpOptions options(Path dir) {
        return new UpOptions(
                dir,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of("unix:" + dir.resolve("nbd.sock").toAbsolutePath()),
                false,
                Duration.ofHours(1),
                false,
                PATIENCE);
    }

    /// The JVM's own options, but for what it records to.
    private static List<String> command(Path cache) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith(CACHE_OUTPUT))
                .forEach(command::add);
        command.addAll(
                List.of(
                        "-XX:TieredStopAtLevel=1",
                        CACHE_OUTPUT + cache,
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.coppice.cli.Main",
                        "train"));
        return command;
    }

    private static void exercise() throws IOException {
        Path image = Files.createTempFile("coppice-train", ".img");
        try {
            for (String command :
                    new String[] {
                        "volume create a --size 64M",
                        "snapshot create a@s",
                        "clone a@s b",
                        "volume ls",
                        "volume ls -o json",
                        "volume ls -o yaml",
                        "volume show a",
                        "snapshot ls",
                        "lineage",
                        "usage",
                        "diff a b",
                        "status",
                        "node ls",
                        "group ls",
                        "attachment ls",
                        "bench a --time 300ms --size 16M --qd 4",
                        "export a " + image,
                        "import " + image + " c",
                        "check",
                        "volume rm b --now",
                        "volume show none",
                        "volume create",
                        "--help"
                    }) {
                PrintWriter nowhere = new PrintWriter(new StringWriter());
                Main.run(nowhere, nowhere, command.split(" "));
            }
        } finally {
            Files.deleteIfExists(image);
        }
    }

    private static void delete(Path dir) throws IOException {
        try (Stream<Path> files = Files.walk(dir)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
