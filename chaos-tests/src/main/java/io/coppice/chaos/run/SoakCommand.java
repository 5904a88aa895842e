package io.coppice.chaos.run;

import io.coppice.chaos.cluster.Sandbox;
import io.coppice.chaos.nemesis.Nemeses;
import io.coppice.chaos.nemesis.Nemesis;
import io.coppice.chaos.report.Matrix;
import io.coppice.chaos.report.Settings;
import io.coppice.chaos.report.Summary;
import io.coppice.chaos.workload.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `chaos soak`: runs with workloads and faults drawn at random, one after the other. Of a run in
/// which nothing is wrong only its figures are kept, so the space does not grow.
@Command(
        name = "soak",
        description = "Random workloads under random faults, until the time is over.")
final class SoakCommand implements Callable<Integer> {
    private static final int KINDS_MIN = 2;
    private static final int KINDS_MAX = 6;
    private static final int FAILURES_KEPT_MAX = 10;

    @Option(names = "--hours", paramLabel = "H", description = "How long (1).")
    private double hours = 1;

    @Option(names = "--minutes-each", paramLabel = "M", description = "Of faults in each run (5).")
    private double minutes = 5;

    @Option(names = "--seed", paramLabel = "S", description = "Decides what is drawn (1).")
    private long seed = 1;

    @Mixin private ClusterOptions options = new ClusterOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Sandbox.require();
        var random = new SplittableRandom(seed);
        var matrix = new Matrix();
        Path out = options.freshDirectory("soak-" + seed);
        Files.createDirectories(out);
        long end = System.nanoTime() + (long) (hours * TimeUnit.HOURS.toNanos(1));
        int kept = 0;
        for (int i = 1; System.nanoTime() < end; i++) {
            Settings settings = draw(random, out.resolve("run-" + i));
            System.out.println("== " + i + ": " + settings.command());
            Summary summary = Runs.inSandbox(settings, ProcessBuilder.Redirect.INHERIT);
            matrix.add(summary);
            Files.writeString(out.resolve("matrix.md"), matrix.write());
            if (summary.valid()) {
                Runs.delete(settings.dir());
            } else if (++kept >= FAILURES_KEPT_MAX) {
                System.out.println(kept + " runs have failed: enough to look at");
                break;
            }
        }
        System.out.println(matrix.write());
        return matrix.valid() ? 0 : 1;
    }

    private Settings draw(SplittableRandom random, Path dir) {
        List<Workload> workloads = Workload.all();
        var kinds = new ArrayList<>(Nemeses.all());
        var some = new ArrayList<Nemesis>();
        int count = random.nextInt(KINDS_MIN, KINDS_MAX + 1);
        for (int i = 0; i < count; i++) {
            some.add(kinds.remove(random.nextInt(kinds.size())));
        }
        return new Settings(
                workloads.get(random.nextInt(workloads.size())),
                some,
                Duration.ofMillis(Math.round(minutes * 60_000)),
                random.nextInt(Integer.MAX_VALUE),
                options.nodes(),
                options.durabilityAlways(),
                null,
                options.root(),
                dir);
    }
}
