package io.coppice.chaos.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/// What all kinds of runs have in common.
final class ClusterOptions {
    private static final int NODES_MIN = 3;
    private static final int NODES_MAX = 9;

    @Option(names = "--nodes", paramLabel = "N", description = "Storage nodes (4).")
    private int nodes = 4;

    @Option(
            names = "--durability-always",
            description = "Every write is durable when it is acknowledged.")
    private boolean durabilityAlways;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where runs are kept (chaos-tests/target/chaos).")
    private @org.jspecify.annotations.Nullable Path out;

    int nodes() {
        if (nodes < NODES_MIN || nodes > NODES_MAX) {
            throw new IllegalArgumentException(
                    "--nodes must be " + NODES_MIN + " to " + NODES_MAX + ", not " + nodes);
        }
        return nodes;
    }

    boolean durabilityAlways() {
        return durabilityAlways;
    }

    /// Of the repository, where sources are.
    Path root() {
        return Path.of(System.getProperty("coppice.root", ".")).toAbsolutePath().normalize();
    }

    Path out() throws IOException {
        Path where = out == null ? root().resolve("chaos-tests/target/chaos") : out;
        return Files.createDirectories(where.toAbsolutePath());
    }

    /// A folder that is not there yet.
    Path freshDirectory(String name) throws IOException {
        Path dir = out().resolve(name);
        for (int i = 2; Files.exists(dir); i++) {
            dir = out().resolve(name + "." + i);
        }
        return dir;
    }
}
