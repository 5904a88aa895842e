package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;

/// `bench/growth`; see [#HELP].
final class GrowthMain {
    private static final String HELP =
            """
            bench/growth: how cost grows with volumes, depth, chunks, requests at once and nodes.

              --volumes N   at most (100000); tenfold steps up to it, as with the others
              --depth N     of a chain of clones (1000)
              --chunks N    mapped in one volume (100000)
              --writes N    first writes at once (1000)
              --nodes N     of 12 stores each, in the state machine alone (1000)
              --only AXIS,AXIS  of first-writes, depth, chunks, volumes, nodes (all)
              --out DIR     where the report goes (bench/target/growth)
              --work DIR    where the cluster lives (a temporary folder)
            """;

    private int volumes = 100_000;
    private int depth = 1_000;
    private int chunks = 100_000;
    private int writes = 1_000;
    private int nodes = 1_000;
    private Set<String> only = Set.of("first-writes", "depth", "chunks", "volumes", "nodes");
    private Path out;
    private Path work;

    private GrowthMain(Path root) throws IOException {
        out = root.resolve("bench").resolve("target").resolve("growth");
        work = Files.createTempDirectory("coppice-growth");
    }

    /// Ends with 1 and one line when the report could not be made.
    public static void main(String[] arguments) throws IOException {
        Thread.currentThread()
                .setUncaughtExceptionHandler(
                        (thread, failure) -> System.err.println("bench: " + failure.getMessage()));
        if (List.of(arguments).contains("--help")) {
            System.out.print(HELP);
            return;
        }
        Path root = Path.of(System.getProperty("coppice.root", ".")).toAbsolutePath().normalize();
        var main = new GrowthMain(root);
        main.parse(new ArrayDeque<>(List.of(arguments)));
        main.run(root);
    }

    private void parse(ArrayDeque<String> left) {
        while (!left.isEmpty()) {
            String option = left.removeFirst();
            String value = left.pollFirst();
            if (value == null) {
                throw new IllegalArgumentException(option + " needs a value; see --help");
            }
            switch (option) {
                case "--volumes" -> volumes = number(option, value);
                case "--depth" -> depth = number(option, value);
                case "--chunks" -> chunks = number(option, value);
                case "--writes" -> writes = number(option, value);
                case "--nodes" -> nodes = number(option, value);
                case "--only" -> only = axes(value);
                case "--out" -> out = Path.of(value).toAbsolutePath();
                case "--work" -> work = Path.of(value).toAbsolutePath();
                default ->
                        throw new IllegalArgumentException(
                                "unknown option " + option + "; see --help");
            }
        }
    }

    private Set<String> axes(String value) {
        var axes = Set.of(value.split(","));
        if (!only.containsAll(axes)) {
            throw new IllegalArgumentException("--only knows no " + value + "; see --help");
        }
        return axes;
    }

    private static int number(String option, String value) {
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " needs a number, not " + value, e);
        }
    }

    private void run(Path root) throws IOException {
        Files.createDirectories(out);
        Files.createDirectories(work);
        var commands = new Commands(work);
        var growth = new Growth(Machine.facts(commands, root));
        if (!only.equals(Set.of("nodes"))) {
            try (var cluster = new Cluster(root + "/coppice", commands, Durability.FLUSH)) {
                run(new GrowthRun(cluster, growth, what -> say(growth, what)));
            }
        }
        if (only.contains("nodes")) {
            NodeGrowth.measure(growth, nodes, what -> say(growth, what));
        }
        growth.write(out);
        System.out.println("bench: the report is " + out.resolve("growth.md"));
    }

    private void run(GrowthRun run) throws IOException {
        if (only.contains("first-writes")) {
            run.concurrency(writes);
        }
        if (only.contains("depth")) {
            run.depth(depth);
        }
        if (only.contains("chunks")) {
            run.chunks(chunks);
        }
        if (only.contains("volumes")) {
            run.volumes(volumes);
        }
    }

    /// What was measured so far is kept, should the rest fail.
    private void say(Growth growth, String what) {
        System.out.println("bench: " + what);
        try {
            growth.write(out);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
