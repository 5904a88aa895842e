package io.coppice.bench.report;

import io.coppice.client.BlockDevice;
import io.coppice.client.LatencyHistogram;
import io.coppice.client.LoadGenerator;
import io.coppice.model.Blocks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/// Measures a fresh cluster at ten times more of something, again and again.
final class GrowthRun {
    private static final int CALLS = 30;
    private static final int CREATORS = 64;
    private static final int READ_SECONDS = 3;

    /// More first writes at once than this are spread over several volumes.
    private static final int DEVICE_DEPTH = 250;

    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_MICRO = 1e3;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final long CHUNK = Blocks.CHUNK_BYTES_DEFAULT;
    private static final long SMALL_BYTES = 64L << 20;

    private interface Call {
        void run() throws IOException;
    }

    private final Cluster cluster;
    private final Growth growth;
    private final Consumer<String> say;

    GrowthRun(Cluster cluster, Growth growth, Consumer<String> say) {
        this.cluster = cluster;
        this.growth = growth;
        this.say = say;
    }

    // ---------------------------------------------------------------- first writes

    /// @param most writes under way at once
    void concurrency(int most) throws IOException {
        Growth.Axis axis =
                growth.axis(
                        "first-writes",
                        "First writes under way at once",
                        "4 KiB each to an empty slot, through the client library: a derive, a"
                                + " flip through Raft, an answer. One volume for each "
                                + DEVICE_DEPTH
                                + " at once.");
        for (int depth = 1; depth <= most; depth *= 10) {
            int writes = Math.clamp(depth * 200L, 500, 40_000);
            int volumes = Math.ceilDiv(depth, DEVICE_DEPTH);
            var running = new ArrayList<FirstWrites>();
            var devices = new ArrayList<BlockDevice>();
            for (int i = 0; i < volumes; i++) {
                String volume = cluster.fresh("first");
                cluster.createVolume(volume, writes * CHUNK);
                devices.add(cluster.client().open(volume));
                running.add(
                        new FirstWrites(devices.getLast(), 0, writes / volumes, depth / volumes));
            }
            long start = System.nanoTime();
            running.forEach(FirstWrites::start);
            var latency = new LatencyHistogram();
            for (FirstWrites one : running) {
                one.await();
                latency.add(one.latency());
            }
            double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
            axis.put("flips per second", depth, latency.count() / seconds);
            axis.put("p50, ms", depth, latency.nanosAt(0.5) / NANOS_PER_MILLI);
            axis.put("p99, ms", depth, latency.nanosAt(0.99) / NANOS_PER_MILLI);
            devices.forEach(BlockDevice::close);
            say.accept("first writes, depth " + depth);
        }
    }

    // ---------------------------------------------------------------- chunks

    void chunks(int most) throws IOException {
        Growth.Axis axis =
                growth.axis(
                        "chunks",
                        "Mapped chunks of a volume",
                        "One 4 KiB block in each chunk. Calls as the caller of the client library"
                                + " waits for them, p50 of "
                                + CALLS
                                + ".");
        String volume = cluster.fresh("chunks");
        cluster.createVolume(volume, most * CHUNK);
        int mapped = 0;
        for (int count = 100; count <= most; count *= 10) {
            try (BlockDevice device = cluster.client().open(volume)) {
                var first = new FirstWrites(device, mapped, count, DEVICE_DEPTH);
                first.start();
                first.await();
            }
            mapped = count;
            calls(axis, count, volume);
            say.accept(count + " mapped chunks");
        }
        cluster.delete(volume);
    }

    /// Snapshot, clone, open, delete.
    private void calls(Growth.Axis axis, long at, String volume) throws IOException {
        var clones = new ArrayList<String>();
        axis.put("snapshot, ms", at, p50(() -> cluster.snapshot(volume, cluster.fresh("cut"))));
        axis.put(
                "clone, ms",
                at,
                p50(() -> {
                    clones.add(cluster.fresh("clone"));
                    cluster.cloneOf(volume, "", clones.getLast());
                }));
        axis.put("open and close, ms", at, p50(() -> cluster.client().open(volume).close()));
        axis.put("delete of a clone, ms", at, p50(() -> cluster.delete(clones.removeLast())));
    }

    // ---------------------------------------------------------------- depth

    void depth(int most) throws IOException {
        Growth.Axis axis =
                growth.axis(
                        "depth",
                        "Depth of a chain of clones",
                        "Each a clone of the one before; 64 MiB written at the root. Reads: random"
                                + " 4 KiB at QD1 for "
                                + READ_SECONDS
                                + " s.");
        String volume = cluster.fresh("root");
        cluster.createVolume(volume, SMALL_BYTES);
        try (BlockDevice device = cluster.client().open(volume)) {
            load(device, false, 1 << 20);
        }
        String deepest = volume;
        int depth = 0;
        for (int count = 1; count <= most; count *= 10) {
            for (; depth < count; depth++) {
                String next = cluster.fresh("link");
                cluster.cloneOf(deepest, "", next);
                deepest = next;
            }
            String last = deepest;
            axis.put("clone, ms", count, p50(() -> cluster.cloneOf(last, "", cluster.fresh("c"))));
            axis.put("open and close, ms", count, p50(() -> cluster.client().open(last).close()));
            try (BlockDevice device = cluster.client().open(last)) {
                LoadGenerator.Result read = load(device, true, Blocks.BLOCK_BYTES);
                axis.put("read p50, ms", count, read.p50Micros() / NANOS_PER_MICRO);
            }
            say.accept("depth " + count);
        }
    }

    private static LoadGenerator.Result load(BlockDevice device, boolean reads, int blockBytes)
            throws IOException {
        var options =
                new LoadGenerator.Options(
                        reads,
                        reads ? 100 : 0,
                        blockBytes,
                        reads ? 1 : 8,
                        Duration.ofSeconds(READ_SECONDS),
                        false,
                        SMALL_BYTES,
                        1);
        LoadGenerator.Result result = new LoadGenerator(device, options).run();
        if (result.errors() > 0) {
            throw new IOException(result.errors() + " requests failed: " + result.firstError());
        }
        return result;
    }

    // ---------------------------------------------------------------- volumes

    void volumes(int most) throws IOException {
        Growth.Axis axis =
                growth.axis(
                        "volumes",
                        "Volumes in the cluster",
                        "Empty ones, made by "
                                + CREATORS
                                + " callers at once; the calls are p50 of "
                                + CALLS
                                + ", the list is the whole command. Memory: resident, of the"
                                + " metadata server that has most.");
        int made = 0;
        String last = cluster.fresh("v");
        cluster.createVolume(last, CHUNK);
        for (int count = 10; count <= most; count *= 10) {
            long start = System.nanoTime();
            create(count - made);
            double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
            axis.put("created per second", count, (count - made) / seconds);
            made = count;
            calls(axis, count, last);
            start = System.nanoTime();
            cluster.list();
            axis.put("volume ls, ms", count, (System.nanoTime() - start) / NANOS_PER_MILLI);
            axis.put("metadata server, MiB", count, metadataMebibytes());
            say.accept(count + " volumes");
        }
    }

    private void create(int count) throws IOException {
        var waiting = new ArrayList<Future<?>>();
        try (var callers = Executors.newFixedThreadPool(CREATORS)) {
            for (int i = 0; i < count; i++) {
                String name = cluster.fresh("v");
                waiting.add(
                        callers.submit(() -> {
                            cluster.createVolume(name, CHUNK);
                            return null;
                        }));
            }
        }
        for (Future<?> one : waiting) {
            try {
                one.get();
            } catch (ExecutionException failed) {
                throw new IOException(failed.getCause());
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                throw new IOException(stopped);
            }
        }
    }

    private double metadataMebibytes() throws IOException {
        double most = 0;
        for (var server : cluster.servers().entrySet()) {
            if (server.getKey().startsWith("meta")) {
                String status = Files.readString(Path.of("/proc/" + server.getValue() + "/status"));
                most = Math.max(most, ProcText.field(status, "VmRSS:") / 1024.0);
            }
        }
        return most;
    }

    /// Milliseconds.
    private static double p50(Call call) throws IOException {
        var histogram = new LatencyHistogram();
        for (int i = 0; i < CALLS; i++) {
            long start = System.nanoTime();
            call.run();
            histogram.record(System.nanoTime() - start);
        }
        return histogram.nanosAt(0.5) / NANOS_PER_MILLI;
    }
}
