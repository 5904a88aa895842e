package io.coppice.chaos.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.chaos.cluster.Sandbox;
import io.coppice.chaos.nemesis.Nemeses;
import io.coppice.chaos.report.Settings;
import io.coppice.chaos.report.Summary;
import io.coppice.chaos.workload.Workload;
import io.coppice.planted.Planted;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two short runs on real processes: one in which nothing may be wrong, and one with a planted bug,
/// which must be seen. `./coppice chaos` runs more.
class ChaosRunTest {
    private static final Duration DURATION = Duration.ofSeconds(30);

    @TempDir Path dir;

    @BeforeAll
    static void mustBeAble() throws IOException {
        Sandbox.require();
    }

    private Summary run(@Nullable String bug, String... nemeses)
            throws IOException, InterruptedException {
        var settings =
                new Settings(
                        Workload.of("register"),
                        Stream.of(nemeses).map(Nemeses::of).toList(),
                        DURATION,
                        1,
                        4,
                        false,
                        bug == null ? null : planted(bug),
                        root(),
                        dir.resolve("run"));
        var log = ProcessBuilder.Redirect.to(dir.resolve("run.log").toFile());
        return Runs.inSandbox(settings, log);
    }

    /// Of the repository, from `chaos-tests/target/test-classes`.
    private static Path root() {
        var classes = ChaosRunTest.class.getProtectionDomain().getCodeSource().getLocation();
        return Path.of(URI.create(classes.toString())).resolve("../../..").normalize();
    }

    private static Planted planted(String name) {
        return Planted.ALL.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void nothingIsLostAmongFaults() throws IOException, InterruptedException {
        Summary summary = run(null, "kill", "isolate", "power", "cut-client", "lossy");
        assertEquals(List.of(), summary.failures());
        assertTrue(summary.judged() > 1_000, summary.judged() + " operations judged");
        assertFalse(summary.faults().isEmpty());
        assertTrue(Files.size(dir.resolve("run/report.html")) > 1_000);
        assertTrue(Files.size(dir.resolve("run/history.edn")) > 1_000);
    }

    /// The stranded node acknowledges what nobody else has, until its lease is over.
    @Test
    void aPlantedBugIsSeen() throws IOException, InterruptedException {
        Summary summary = run("acknowledge before the backups have appended", "strand");
        assertFalse(summary.valid());
        assertTrue(
                summary.failures().stream().anyMatch(each -> each.contains("/")),
                "an operation shows it: " + summary.failures());
    }
}
