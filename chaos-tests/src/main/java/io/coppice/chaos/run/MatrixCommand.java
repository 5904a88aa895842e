package io.coppice.chaos.run;

import io.coppice.chaos.cluster.Sandbox;
import io.coppice.chaos.nemesis.Group;
import io.coppice.chaos.report.Matrix;
import io.coppice.chaos.report.Settings;
import io.coppice.chaos.report.Summary;
import io.coppice.chaos.workload.Workload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `chaos matrix`: every workload under every group of faults.
@Command(
        name = "matrix",
        description =
                "Every workload under every group of faults; writes matrix.md after each run.")
final class MatrixCommand implements Callable<Integer> {
    @Option(names = "--seconds", paramLabel = "S", description = "Of faults in each run (90).")
    private int seconds = 90;

    @Option(names = "--seed", paramLabel = "S", description = "Of the first run (1).")
    private long seed = 1;

    @Option(names = "--workloads", split = ",", paramLabel = "NAME", description = "These only.")
    private List<String> workloads = Workload.all().stream().map(Workload::name).toList();

    @Option(names = "--groups", split = ",", paramLabel = "NAME", description = "These only.")
    private List<String> groups = Group.ALL.stream().map(Group::name).toList();

    @Mixin private ClusterOptions options = new ClusterOptions();

    @Override
    public Integer call() throws Exception {
        Sandbox.require();
        List<String> known = Group.ALL.stream().map(Group::name).toList();
        if (!known.containsAll(groups)) {
            throw new IllegalArgumentException("no such group; there are " + known);
        }
        var matrix = new Matrix();
        Path out = options.freshDirectory("matrix-" + seed);
        Files.createDirectories(out);
        long next = seed;
        for (Group group : Group.ALL) {
            for (String workload : workloads) {
                if (!groups.contains(group.name())) {
                    continue;
                }
                matrix.add(run(group, workload, next++, out));
                Files.writeString(out.resolve("matrix.md"), matrix.write());
            }
        }
        System.out.println(matrix.write());
        return matrix.valid() ? 0 : 1;
    }

    private Summary run(Group group, String workload, long number, Path out) throws Exception {
        String name = group.name() + "-" + workload;
        System.out.println("== " + name);
        var settings =
                new Settings(
                        Workload.of(workload),
                        group.kinds(),
                        Duration.ofSeconds(seconds),
                        number,
                        options.nodes(),
                        options.durabilityAlways(),
                        null,
                        options.root(),
                        out.resolve(name));
        Summary summary = Runs.inSandbox(settings, ProcessBuilder.Redirect.INHERIT);
        if (summary.valid()) {
            Runs.keepReportOnly(settings.dir());
        }
        return summary;
    }
}
