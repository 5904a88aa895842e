package io.coppice.bench.report;

import io.coppice.client.BlockDevice;
import io.coppice.client.LatencyHistogram;
import io.coppice.client.LoadGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// Coppice through the client library: the same patterns as fio's, made in this process, on the
/// volume that was filled over NBD. CPU and written bytes are those of the whole measured run.
final class CoppiceLibrary implements Subject {
    static final String NAME = "Coppice library";
    private static final int CLONES = 50;
    private static final int BLOCK_BYTES = 4096;
    private static final double NANOS_PER_MICRO = 1000;

    private final Cluster cluster;
    private final Options options;

    CoppiceLibrary(Cluster cluster, Options options) {
        this.cluster = cluster;
        this.options = options;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean runs(Row row) {
        return row.kind() == Row.Kind.STEADY || row.kind() == Row.Kind.CLONE_CALL;
    }

    @Override
    public Figures run(Row row, int run) throws IOException {
        return row.kind() == Row.Kind.CLONE_CALL ? cloneCalls() : load(row, run);
    }

    private Figures load(Row row, int run) throws IOException {
        Map<String, Long> watched = new LinkedHashMap<>(cluster.servers());
        watched.put("client", ProcessHandle.current().pid());
        try (BlockDevice device = cluster.openVolume()) {
            int ramp = Fio.ramp(options, run);
            if (ramp > 0) {
                drive(device, row, Duration.ofSeconds(ramp));
            }
            Usage before = Usage.of(watched, cluster.commands().dir());
            Figures figures = drive(device, row, Duration.ofSeconds(options.seconds()));
            Usage after = Usage.of(watched, cluster.commands().dir());
            double bytes = figures.get("requests", 0) * row.blockBytes() * (100 - reads(row)) / 100;
            figures.putAll(after.since(before, figures.get("requests", 0), bytes));
            return figures.putAll(Usage.memory(watched));
        }
    }

    private Figures drive(BlockDevice device, Row row, Duration duration) throws IOException {
        if (row == Row.WFSYNC1) {
            return writeAndFlush(device, duration);
        }
        var load =
                new LoadGenerator.Options(
                        row.blockBytes() == BLOCK_BYTES,
                        reads(row),
                        row.blockBytes(),
                        row.depth(),
                        duration,
                        false,
                        options.areaBytes(),
                        System.nanoTime());
        LoadGenerator.Result result = new LoadGenerator(device, load).run();
        if (result.errors() > 0) {
            throw new IOException(result.errors() + " requests failed: " + result.firstError());
        }
        String of = row.latency();
        return new Figures()
                .put("requests", result.operations())
                .put("iops", result.iops())
                .put("mbs", result.megabytesPerSecond())
                .put(of + ".p50", result.p50Micros())
                .put(of + ".p99", result.p99Micros())
                .put(of + ".p999", result.p999Micros())
                .put(of + ".max", result.maxMicros());
    }

    /// One block and a flush, one after the other; each counts as one request, as fio counts it.
    private Figures writeAndFlush(BlockDevice device, Duration duration) throws IOException {
        var random = new SplittableRandom(System.nanoTime());
        var writes = new LatencyHistogram();
        var flushes = new LatencyHistogram();
        var noise = new byte[BLOCK_BYTES];
        random.nextBytes(noise);
        var blocking = device.blocking();
        long blocks = options.areaBytes() / BLOCK_BYTES;
        long start = System.nanoTime();
        long now = start;
        while (now - start < duration.toNanos()) {
            blocking.write(random.nextLong(blocks) * BLOCK_BYTES, ByteBuffer.wrap(noise));
            long written = System.nanoTime();
            blocking.flush();
            writes.record(written - now);
            now = System.nanoTime();
            flushes.record(now - written);
        }
        double seconds = (now - start) / 1e9;
        var figures =
                new Figures()
                        .put("requests", writes.count())
                        .put("iops", writes.count() / seconds)
                        .put("mbs", writes.count() * (double) BLOCK_BYTES / seconds / 1e6);
        latency(figures, "write", writes);
        latency(figures, "sync", flushes);
        return figures;
    }

    /// Clones of one snapshot, one call after the other, as the caller waits for them.
    private Figures cloneCalls() throws IOException {
        String snapshot = cluster.fresh("cut");
        cluster.snapshot(Cluster.VOLUME, snapshot);
        var calls = new LatencyHistogram();
        for (int i = 0; i < CLONES; i++) {
            String name = cluster.fresh("clone");
            long start = System.nanoTime();
            cluster.cloneOf(Cluster.VOLUME, snapshot, name);
            calls.record(System.nanoTime() - start);
        }
        var figures = new Figures().put("requests", CLONES);
        latency(figures, "clone", calls);
        return figures;
    }

    private static void latency(Figures figures, String of, LatencyHistogram histogram) {
        figures.put(of + ".p50", histogram.nanosAt(0.5) / NANOS_PER_MICRO)
                .put(of + ".p99", histogram.nanosAt(0.99) / NANOS_PER_MICRO)
                .put(of + ".p999", histogram.nanosAt(0.999) / NANOS_PER_MICRO)
                .put(of + ".max", histogram.maxNanos() / NANOS_PER_MICRO);
    }

    private static int reads(Row row) {
        return switch (row) {
            case SR8, R1, R32 -> 100;
            case MIX32 -> 70;
            default -> 0;
        };
    }

    @Override
    public void close() {} // the cluster goes as a whole
}
