package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.client.OpenOption;
import io.coppice.directory.ControlException;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import java.io.IOException;
import java.time.Duration;
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
        description = "Measure reads or writes through the client library. Writes overwrite VOLUME; without"
                + " VOLUME a new one is made and deleted afterwards.")
final class BenchCommand extends DataVerb {
    private static final int QUEUE_MAX = 1024;

    @Parameters(paramLabel = "VOLUME", arity = "0..1")
    @Nullable String volume;

    @Option(names = "--rw", paramLabel = "PATTERN", description = "randread, randwrite, randrw, read or write.")
    String pattern = "randwrite";

    @Option(names = "--bs", paramLabel = "SIZE", description = "Size of a request (4K).")
    String blockSize = "4K";

    @Option(names = "--qd", paramLabel = "N", description = "Requests under way at once (32).")
    int queueDepth = 32;

    @Option(names = "--time", paramLabel = "DURATION", description = "How long (10s).")
    String time = "10s";

    @Option(names = "--size", paramLabel = "SIZE", description = "Use only so much of the volume (1G).")
    String size = "1G";

    @Option(names = "--fua", description = "Every write is durable before it counts.")
    boolean fua;

    @Override
    ExitCode run() throws Exception {
        Load.Pattern load = Load.Pattern.parse(pattern);
        long blockBytes = Sizes.parse(blockSize);
        long range = Sizes.parseVolume(size);
        Duration duration = Durations.parse(time);
        if (blockBytes < 1 || blockBytes > 16 << 20 || blockBytes > range) {
            throw new CliException(ExitCode.USAGE, "--bs must be 1 byte to 16 MiB and no larger than --size");
        }
        if (queueDepth < 1 || queueDepth > QUEUE_MAX) {
            throw new CliException(ExitCode.USAGE, "--qd must be 1 to " + QUEUE_MAX);
        }
        if (volume != null) {
            SourceName.parse(volume);
            print(measure(volume, load, (int) blockBytes, range, duration));
            return ExitCode.DONE;
        }
        String made = "bench-" + Long.toHexString(Entropy.system().nextLong());
        execute(ExecuteRequest.newBuilder()
                .setCreateVolume(CreateVolume.newBuilder().setName(made).setSize(range)));
        try {
            print(measure(made, load, (int) blockBytes, range, duration));
        } finally {
            delete(made);
        }
        return ExitCode.DONE;
    }

    private void delete(String made) throws ControlException {
        execute(ExecuteRequest.newBuilder()
                .setDeleteVolume(DeleteVolume.newBuilder().setName(made).setNow(true)));
    }

    private Load.Result measure(String name, Load.Pattern load, int blockBytes, long range, Duration duration)
            throws IOException {
        OpenOption[] options = load.writes() ? new OpenOption[0] : new OpenOption[] {OpenOption.READ_ONLY};
        try (CoppiceClient client = connect();
                BlockDevice device = client.open(name, options)) {
            long usable = Math.min(range, device.size()) / blockBytes * blockBytes;
            if (usable == 0) {
                throw new CliException(ExitCode.USAGE, name + " is smaller than one request");
            }
            Load running = new Load(device, load, blockBytes, usable, fua, duration);
            return Waiting.on(running.start(Math.min(queueDepth, Math.toIntExact(Math.min(QUEUE_MAX, usable / blockBytes)))));
        }
    }

    private void print(Load.Result result) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("pattern", pattern);
        view.put("request_bytes", result.requestBytes());
        view.put("queue_depth", queueDepth);
        view.put("requests", result.latencies().count());
        view.put("seconds", result.seconds());
        view.put("iops", Math.round(result.perSecond()));
        view.put("bytes_per_second", Math.round(result.perSecond() * result.requestBytes()));
        view.put("p50_micros", result.latencies().nanosAt(0.5) / 1000);
        view.put("p99_micros", result.latencies().nanosAt(0.99) / 1000);
        view.put("p999_micros", result.latencies().nanosAt(0.999) / 1000);
        view.put("max_micros", result.latencies().maxNanos() / 1000);
        output().print(view, () -> new Details()
                .line("load", pattern + ", " + Sizes.show(result.requestBytes()) + ", queue depth " + queueDepth)
                .line("requests", result.latencies().count())
                .line("iops", String.format(Locale.ROOT, "%.0f", result.perSecond()))
                .line("throughput", Sizes.show((long) (result.perSecond() * result.requestBytes())) + "/s")
                .line(
                        "latency",
                        "p50 " + Durations.showMicros(result.latencies().nanosAt(0.5) / 1000) + ", p99 "
                                + Durations.showMicros(result.latencies().nanosAt(0.99) / 1000) + ", p99.9 "
                                + Durations.showMicros(result.latencies().nanosAt(0.999) / 1000) + ", max "
                                + Durations.showMicros(result.latencies().maxNanos() / 1000))
                .toString());
    }
}
