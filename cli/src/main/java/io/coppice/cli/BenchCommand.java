package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.client.LoadGenerator;
import io.coppice.client.OpenOption;
import io.coppice.directory.ControlException;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `bench [VOLUME]`: load through the client library, without NBD.
@Command(
        name = "bench",
        description =
                "Measure reads or writes through the client library. Writes overwrite VOLUME; without"
                        + " VOLUME a new one is made and deleted afterwards.")
final class BenchCommand extends DataVerb {
    @Parameters(paramLabel = "VOLUME", arity = "0..1")
    @Nullable String volume;

    @Option(
            names = "--rw",
            paramLabel = "PATTERN",
            description = "randread, randwrite, randrw, read or write.")
    String pattern = "randwrite";

    @Option(names = "--bs", paramLabel = "SIZE", description = "Size of a request (4K).")
    String blockSize = "4K";

    @Option(names = "--qd", paramLabel = "N", description = "Requests under way at once (32).")
    int queueDepth = 32;

    @Option(names = "--time", paramLabel = "DURATION", description = "How long (10s).")
    String time = "10s";

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description = "Use only so much of the volume (1G).")
    String size = "1G";

    @Option(names = "--verify", description = "Read everything back at the end and compare.")
    boolean verify;

    @Override
    ExitCode run() throws Exception {
        LoadGenerator.Options load = load();
        LoadGenerator.Result result;
        if (volume != null) {
            result = measure(SourceName.parse(volume).toString(), load);
        } else {
            String made = "bench-" + Long.toHexString(Entropy.system().nextLong());
            execute(
                    ExecuteRequest.newBuilder()
                            .setCreateVolume(
                                    CreateVolume.newBuilder()
                                            .setName(made)
                                            .setSize(load.rangeBytes())));
            try {
                result = measure(made, load);
            } finally {
                delete(made);
            }
        }
        print(load, result);
        if (result.errors() + result.verifyErrors() > 0) {
            throw new CliException(
                    ExitCode.FAILED,
                    result.errors()
                            + " requests failed, "
                            + result.verifyErrors()
                            + " blocks read back wrong: "
                            + result.firstError());
        }
        return ExitCode.DONE;
    }

    private LoadGenerator.Options load() {
        int readPercent =
                switch (pattern) {
                    case "randread", "read" -> 100;
                    case "randwrite", "write" -> 0;
                    case "randrw" -> 50;
                    default ->
                            throw new CliException(
                                    ExitCode.USAGE,
                                    "unknown pattern '"
                                            + pattern
                                            + "': use randread, randwrite, randrw, read or write");
                };
        try {
            return new LoadGenerator.Options(
                    pattern.startsWith("rand"),
                    readPercent,
                    Math.toIntExact(Math.min(Integer.MAX_VALUE, Sizes.parse(blockSize))),
                    queueDepth,
                    Durations.parse(time),
                    verify,
                    Sizes.parseVolume(size),
                    Entropy.system().nextLong());
        } catch (IllegalArgumentException wrong) {
            throw new CliException(ExitCode.USAGE, "wrong load: " + wrong.getMessage(), wrong);
        }
    }

    private void delete(String made) throws ControlException {
        execute(
                ExecuteRequest.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setName(made).setNow(true)));
    }

    private LoadGenerator.Result measure(String name, LoadGenerator.Options load)
            throws IOException {
        OpenOption[] options =
                load.readPercent() < 100
                        ? new OpenOption[0]
                        : new OpenOption[] {OpenOption.READ_ONLY};
        try (CoppiceClient client = connect();
                BlockDevice device = client.open(name, options)) {
            return new LoadGenerator(device, load).run();
        }
    }

    private void print(LoadGenerator.Options load, LoadGenerator.Result result) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("pattern", pattern);
        view.put("request_bytes", load.blockBytes());
        view.put("queue_depth", load.depth());
        view.put("requests", result.operations());
        view.put("seconds", result.seconds());
        view.put("iops", Math.round(result.iops()));
        view.put("bytes_per_second", Math.round(result.bytes() / result.seconds()));
        view.put("p50_micros", Math.round(result.p50Micros()));
        view.put("p99_micros", Math.round(result.p99Micros()));
        view.put("p999_micros", Math.round(result.p999Micros()));
        view.put("max_micros", Math.round(result.maxMicros()));
        view.put("errors", result.errors());
        view.put("verified", result.verified());
        view.put("verify_errors", result.verifyErrors());
        output().print(view, () -> text(load, result));
    }

    private String text(LoadGenerator.Options load, LoadGenerator.Result result) {
        Details lines =
                new Details()
                        .line(
                                "load",
                                pattern
                                        + ", "
                                        + Sizes.show(load.blockBytes())
                                        + ", queue depth "
                                        + load.depth())
                        .line("requests", result.operations())
                        .line("iops", String.format(Locale.ROOT, "%.0f", result.iops()))
                        .line(
                                "throughput",
                                Sizes.show((long) (result.bytes() / result.seconds())) + "/s")
                        .line(
                                "latency",
                                "p50 "
                                        + Durations.showMicros(Math.round(result.p50Micros()))
                                        + ", p99 "
                                        + Durations.showMicros(Math.round(result.p99Micros()))
                                        + ", p99.9 "
                                        + Durations.showMicros(Math.round(result.p999Micros()))
                                        + ", max "
                                        + Durations.showMicros(Math.round(result.maxMicros())));
        if (verify) {
            lines.line("verified", result.verified() + ", " + result.verifyErrors() + " wrong");
        }
        return lines.toString();
    }
}
