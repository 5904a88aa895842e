package io.coppice.chaos.run;

import io.coppice.chaos.cluster.Sandbox;
import io.coppice.chaos.history.History;
import io.coppice.chaos.history.HistoryWriter;
import io.coppice.chaos.report.HtmlReport;
import io.coppice.chaos.report.Outcome;
import io.coppice.chaos.report.Settings;
import io.coppice.chaos.report.Summary;
import io.coppice.directory.ControlException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/// Runs, and what is kept of them: `report.html`, `history.jsonl` and `history.edn` of all clients
/// in one, the logs.
public final class Runs {
    private static final String RESULT = "result.json";
    private static final String MEMORY = "-Xmx6g";

    private Runs() {}

    /// @param log takes a line for each thing that happens
    public static Outcome run(Settings settings, Consumer<String> log)
            throws IOException, InterruptedException, ControlException {
        Logging.quiet();
        Outcome outcome = new ChaosRun(settings, log).run();
        Path dir = settings.dir();
        Files.writeString(dir.resolve("report.html"), HtmlReport.of(outcome));
        Summary.of(outcome).write(dir.resolve(RESULT));
        keep(outcome.history(), dir);
        delete(dir.resolve("bytes"));
        delete(dir.resolve("disk"));
        return outcome;
    }

    private static void keep(History history, Path dir) throws IOException {
        HistoryWriter.write(history.events(), dir.resolve("history.jsonl"));
        try (var edn = Files.newBufferedWriter(dir.resolve("history.edn"))) {
            history.writeEdn(edn);
        }
        delete(dir.resolve("history"));
    }

    /// As [#run], in a sandbox and a process of its own.
    ///
    /// @param output where it says what happens
    static Summary inSandbox(Settings settings, ProcessBuilder.Redirect output)
            throws IOException, InterruptedException {
        List<String> options = List.of(MEMORY, "-Dcoppice.root=" + settings.root());
        int exit =
                SandboxProcess.run(
                        Sandbox.of(
                                        options,
                                        ChaosMain.class.getName(),
                                        RunCommand.arguments(settings))
                                .redirectInput(
                                        ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                                .redirectErrorStream(true)
                                .redirectOutput(output));
        Path result = settings.dir().resolve(RESULT);
        return Files.exists(result)
                ? Summary.read(result)
                : Summary.failed(
                        settings.workload().name(),
                        settings.command(),
                        "the run came to no end (exit code " + exit + ")");
    }

    /// Histories are large.
    static void keepReportOnly(Path dir) throws IOException {
        try (var files = Files.list(dir)) {
            for (Path file : files.toList()) {
                if (!file.endsWith(RESULT) && !file.endsWith("report.html")) {
                    delete(file);
                }
            }
        }
    }

    /// What came of it, in a few lines.
    static void tell(Outcome outcome, Consumer<String> say) {
        say.accept(
                outcome.history().operations().size()
                        + " operations, "
                        + outcome.verdict().judged()
                        + " judged, "
                        + outcome.faults().size()
                        + " faults; the report: "
                        + outcome.settings().dir().resolve("report.html"));
        outcome.verdict().findings().forEach(finding -> say.accept("FAILED: " + finding.what()));
        outcome.troubles().forEach(trouble -> say.accept("FAILED: " + trouble));
        say.accept(outcome.valid() ? "nothing is wrong" : "again: " + outcome.settings().command());
    }

    /// With everything in it.
    static void delete(Path dir) throws IOException {
        if (!Files.exists(dir)) {
            return;
        }
        List<Path> all;
        try (var tree = Files.walk(dir)) {
            all = tree.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
