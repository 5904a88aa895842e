package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/// Goes once through a cluster's life in one process, so that the JVM can record what it loads: the
/// launcher runs it after a build and keeps the record as the cache that makes commands and servers
/// start fast.
@Command(
        name = "train",
        hidden = true,
        description = "Exercise the program once, for the launcher's cache.")
final class TrainCommand extends Verb {
    @Override
    ExitCode run() throws IOException {
        Path dir = Files.createTempDirectory("coppice-train");
        try {
            return exercise(dir);
        } finally {
            delete(dir);
        }
    }

    private ExitCode exercise(Path dir) throws IOException {
        try (OneShotCluster cluster = OneShotCluster.start(dir)) {
            Path image = dir.resolve("image");
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
                        "export a " + image,
                        "import " + image + " c",
                        "bench --time 500ms --size 16M --qd 4",
                        "check",
                        "volume rm b --now",
                        "volume show none",
                        "volume create",
                        "--help"
                    }) {
                quietly(cluster, command);
            }
        }
        return ExitCode.DONE;
    }

    private static void quietly(OneShotCluster cluster, String command) {
        PrintWriter nowhere = new PrintWriter(new StringWriter());
        Main.run(nowhere, nowhere, (command + " --endpoint " + cluster.endpoints()).split(" "));
    }

    private static void delete(Path dir) throws IOException {
        try (Stream<Path> files = Files.walk(dir)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
