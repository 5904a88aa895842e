package io.coppice.chaos.run;

import io.coppice.chaos.cluster.Sandbox;
import io.coppice.chaos.nemesis.Nemeses;
import io.coppice.chaos.report.Outcome;
import io.coppice.chaos.report.Settings;
import io.coppice.chaos.workload.Workload;
import io.coppice.planted.Planted;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `chaos run`: one run.
@Command(name = "run", description = "One workload under some kinds of faults.")
final class RunCommand implements Callable<Integer> {
    @Parameters(paramLabel = "WORKLOAD", description = "One of those that 'chaos list' shows.")
    private String workload = "";

    @Option(
            names = "--nemesis",
            split = ",",
            paramLabel = "NAME",
            description = "Kinds of faults, as 'chaos list' shows them; none: nothing is broken.")
    private List<String> nemeses = List.of();

    @Option(names = "--minutes", paramLabel = "M", description = "How long (2).")
    private double minutes = 2;

    @Option(names = "--seed", paramLabel = "S", description = "Decides what happens (1).")
    private long seed = 1;

    @Option(
            names = "--bug",
            paramLabel = "TEXT",
            description = "Put the planted bug whose name holds this into servers and clients.")
    private @Nullable String bug;

    @Mixin private ClusterOptions options = new ClusterOptions();

    @Option(names = "--dir", paramLabel = "DIR", description = "Where this run is kept.")
    private @Nullable Path dir;

    @Override
    public Integer call() throws Exception {
        Settings settings = settings();
        if (!Sandbox.isInside()) {
            Sandbox.require();
            return Runs.inSandbox(settings, ProcessBuilder.Redirect.INHERIT).valid() ? 0 : 1;
        }
        Outcome outcome = Runs.run(settings, System.out::println);
        Runs.tell(outcome, System.out::println);
        return outcome.valid() ? 0 : 1;
    }

    private Settings settings() throws IOException {
        return new Settings(
                Workload.of(workload),
                nemeses.stream().map(Nemeses::of).toList(),
                Duration.ofMillis(Math.round(minutes * 60_000)),
                seed,
                options.nodes(),
                options.durabilityAlways(),
                bug == null ? null : planted(bug),
                options.root(),
                dir == null ? options.freshDirectory(workload + "-" + seed) : dir);
    }

    /// The command line that means this.
    static List<String> arguments(Settings settings) {
        var words = new ArrayList<String>();
        words.add("run");
        words.add(settings.workload().name());
        if (!settings.nemeses().isEmpty()) {
            words.addAll(List.of("--nemesis", settings.names()));
        }
        words.addAll(
                List.of("--minutes", Double.toString(settings.duration().toMillis() / 60_000.0)));
        words.addAll(List.of("--seed", Long.toString(settings.seed())));
        words.addAll(List.of("--nodes", Integer.toString(settings.nodes())));
        if (settings.durabilityAlways()) {
            words.add("--durability-always");
        }
        if (settings.bug() != null) {
            words.addAll(List.of("--bug", settings.bug().name()));
        }
        words.addAll(List.of("--dir", settings.dir().toString()));
        return words;
    }

    private static Planted planted(String text) {
        return Planted.ALL.stream()
                .filter(each -> each.name().contains(text))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "no planted bug has '" + text + "' in its name"));
    }
}
