package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `clone SOURCE NAME`: says how long it took inside the leader and here.
@Command(
        name = "clone",
        description = "Make volumes that start as what SOURCE is; takes no time and no space.")
final class CloneCommand extends Verb {
    private static final int COUNT_MAX = 10_000;

    @Parameters(
            paramLabel = "SOURCE",
            index = "0",
            description = "VOLUME (as it is now) or VOLUME@SNAPSHOT.")
    String source = "";

    @Parameters(paramLabel = "NAME", index = "1")
    String name = "";

    @Mixin Expiry expiry = new Expiry();

    @Option(
            names = "--project",
            paramLabel = "PROJECT",
            description = "Where they belong (SOURCE's).")
    String project = "";

    @Option(names = "--label", paramLabel = "K=V", description = "A label; may be repeated.")
    List<String> labels = List.of();

    @Option(
            names = "--count",
            paramLabel = "N",
            description = "Make NAME-0001 to NAME-N in one call.")
    @Nullable Integer count;

    @Override
    ExitCode run() throws Exception {
        SourceName from = SourceName.parse(source);
        List<String> names = names();
        names.forEach(SourceName::volumeName);
        var command =
                CreateClones.newBuilder()
                        .setVolume(from.volume())
                        .setSnapshot(from.snapshot().orElse(""))
                        .addAllNames(names)
                        .putAllLabels(Labels.parse(labels))
                        .setProject(project)
                        .setTtlMillis(expiry.ttlMillis())
                        .setExpiresMillis(expiry.expiresMillis());
        var control = control();
        long start = System.nanoTime();
        ExecuteResponse response =
                control.execute(ExecuteRequest.newBuilder().setCreateClones(command));
        long callerMicros = (System.nanoTime() - start) / 1000;
        output().done(
                        view(response, callerMicros),
                        () -> sentence(from, names, response, callerMicros));
        return ExitCode.DONE;
    }

    private List<String> names() {
        if (count == null) {
            return List.of(name);
        }
        if (count < 1 || count > COUNT_MAX) {
            throw new CliException(
                    ExitCode.USAGE, "--count must be 1 to " + COUNT_MAX + ", not " + count);
        }
        List<String> names = new ArrayList<>(count);
        for (int i = 1; i <= count; i++) {
            names.add(String.format(Locale.ROOT, "%s-%04d", name, i));
        }
        return names;
    }

    private static Map<String, Object> view(ExecuteResponse response, long callerMicros) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("volumes", Views.each(response.getVolumesList(), Views::changed));
        view.put("leader_micros", response.getElapsedMicros());
        view.put("caller_micros", callerMicros);
        return view;
    }

    private static String sentence(
            SourceName from, List<String> names, ExecuteResponse response, long callerMicros) {
        String made =
                names.size() == 1
                        ? names.getFirst()
                        : names.size() + " volumes, " + names.getFirst() + " to " + names.getLast();
        return "cloned "
                + from
                + " to "
                + made
                + " in "
                + Durations.showMicros(response.getElapsedMicros())
                + " (leader), "
                + Durations.showMicros(callerMicros)
                + " (caller)";
    }
}
