package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// One call of the command: starts subjects, runs rows, collects. What has been measured so far is
/// written after every row, so that a cut leaves a report.
final class Session {
    private static final Duration DOWN_PATIENCE = Duration.ofMinutes(1);

    private final Options options;
    private final String launcher;
    private final Path work;
    private final Report report = new Report();
    private boolean limitsDone;

    /// @param launcher path of `coppice`
    Session(Options options, String launcher) throws IOException {
        this.options = options;
        this.launcher = launcher;
        this.work =
                options.work().isPresent()
                        ? Files.createDirectories(options.work().get().toAbsolutePath())
                        : Files.createTempDirectory("coppice-report");
        Files.createDirectories(options.out().resolve("raw"));
    }

    Report run() throws IOException {
        var abandon = new Thread(this::abandon, "abandon");
        Runtime.getRuntime().addShutdownHook(abandon);
        try {
            all();
        } finally {
            Runtime.getRuntime().removeShutdownHook(abandon);
            if (options.work().isEmpty()) {
                delete(work);
            }
        }
        return report;
    }

    private void all() throws IOException {
        report.facts()
                .putAll(Machine.facts(new Commands(work), Path.of(launcher).resolveSibling(".")));
        report.facts().putAll(settings());
        peer();
        for (Durability durability : options.durabilities()) {
            Path dir = Files.createDirectories(work.resolve(durability.word()));
            try {
                measure(durability, dir);
            } finally {
                delete(dir);
            }
        }
        write();
    }

    /// After Ctrl-C: nothing that was started stays. The servers of a cluster are no children of
    /// this process any more, so `down` stops them.
    private void abandon() {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroy);
        for (Durability durability : options.durabilities()) {
            Path dir = work.resolve(durability.word());
            try {
                if (Files.exists(dir.resolve(".coppice"))) {
                    new Commands(dir).run(DOWN_PATIENCE, List.of(launcher, "down"));
                }
                if (options.work().isEmpty() && Files.exists(dir)) {
                    delete(dir);
                }
            } catch (IOException failed) {
                say("left in " + dir + ": " + failed.getMessage());
            }
        }
    }

    private Map<String, String> settings() {
        return Map.of(
                "runs",
                options.runs()
                        + " of "
                        + options.seconds()
                        + " s each after "
                        + options.rampSeconds()
                        + " s of ramp before the first (limits: 5 s)",
                "area",
                Numbers.bytes(options.areaBytes()) + ", filled first; 3 replicas",
                "chain",
                "the deepest clone is at depth " + options.chain());
    }

    private void peer() throws IOException {
        if (options.peerScripts().isPresent()) {
            say("the peer, by its own scripts");
            Path out = options.out().resolve("peer");
            Peer.measure(options.peerScripts().get(), options, out).forEach(report::add);
        } else if (options.peerResults().isPresent()) {
            Path file = options.peerResults().get();
            report.facts().put("peer", "figures of an earlier run, not of this one: " + file);
            Peer.read(Files.readString(file)).forEach(report::add);
        }
    }

    private void measure(Durability durability, Path dir) throws IOException {
        var commands = new Commands(dir);
        var fio = new Fio(commands, options, options.out().resolve("raw"), true);
        var subjects = new ArrayList<Subject>();
        say("a cluster, durability " + durability.word());
        try (var cluster = new Cluster(launcher, commands, durability)) {
            report.facts()
                    .put(
                            "cluster from nothing, durability " + durability.word(),
                            Numbers.show(cluster.startSeconds()) + " s");
            try {
                subjects.add(new CoppiceNbd(cluster, fio, durability));
                if (options.library()) {
                    subjects.add(new CoppiceLibrary(cluster, options));
                }
                if (options.limits() && !limitsDone) {
                    limitsDone = true;
                    var limits = new Fio(commands, options, fio.rawDir(), false);
                    subjects.add(Nbdkit.memory(limits));
                    subjects.add(Nbdkit.file(limits));
                    subjects.add(new LocalDisk(limits));
                }
                rows(durability, subjects);
                report.usage().put(durability, cluster.usage());
            } finally {
                for (Subject subject : subjects) {
                    subject.close();
                }
            }
        }
    }

    /// Every row on one subject after the other, so that what is compared was measured close
    /// together.
    private void rows(Durability durability, List<Subject> subjects) throws IOException {
        for (Row row : Row.values()) {
            boolean wanted = options.rows().contains(row) || row.kind() == Row.Kind.FILL;
            boolean differs = durability == options.durabilities().getFirst() || row.writes();
            if (!wanted || !differs) {
                continue;
            }
            for (Subject subject : subjects) {
                if (subject.runs(row)) {
                    report.add(measure(row, subject, durability));
                    write();
                }
            }
        }
    }

    private Measurement measure(Row row, Subject subject, Durability durability) {
        var runs = new ArrayList<Figures>();
        int wanted =
                row.kind() == Row.Kind.FILL || row.kind() == Row.Kind.CLONE_CALL
                        ? 1
                        : options.runs();
        try {
            for (int run = 0; run < wanted; run++) {
                Figures calibration = Calibration.measure();
                runs.add(subject.run(row, run).putAll(calibration));
            }
        } catch (IOException | RuntimeException failed) {
            say(row.key() + " " + subject.name() + " failed: " + failed.getMessage());
            return Measurement.of(row, subject.name(), durability, List.of(), failed.toString());
        }
        var measured = Measurement.of(row, subject.name(), durability, runs, "");
        say(
                row.key()
                        + " "
                        + subject.name()
                        + " "
                        + durability.word()
                        + ": "
                        + Numbers.show(measured.medians().get(row.headline()))
                        + " "
                        + row.headline());
        return measured;
    }

    private void write() throws IOException {
        Map<String, String> charts = Charts.of(report);
        for (var chart : charts.entrySet()) {
            Files.writeString(options.out().resolve(chart.getKey()), chart.getValue());
        }
        Files.writeString(options.out().resolve("report.json"), JsonReport.write(report));
        Files.writeString(
                options.out().resolve("report.md"), MarkdownReport.write(report, charts.keySet()));
    }

    private static void say(String what) {
        System.out.println("bench: " + what);
    }

    private static void delete(Path dir) throws IOException {
        List<Path> all;
        try (var tree = Files.walk(dir)) {
            all = tree.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
