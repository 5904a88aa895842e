package io.coppice.metadata.core;

import io.coppice.model.ChunkId;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Measures, not a test: `MetadataScale [CHUNKS]` maps that many chunks (10^8) in dense volumes of
/// a million and prints heap, capture, writing and loading; then what a clone costs. Needs 6 GB of
/// heap for 10^8.
final class MetadataScale {
    private static final int GROUPS = 1024;
    private static final long VOLUME_CHUNKS = 1_000_000;

    /// Tells what a flip costs from what a busy machine or the collector takes away.
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private static long longestCpuNanos;

    private MetadataScale() {}

    public static void main(String[] args) throws Exception {
        long chunks = args.length > 0 ? Long.parseLong(args[0]) : 100_000_000;
        clones();
        maps(chunks);
    }

    private static void maps(long chunks) throws Exception {
        long before = heapUsed();
        var tables = new Tables(new CaptureGate());
        var maps = new ChunkMaps(tables.nodes, tables.counts, tables.purges, tables.reap);
        long start = System.nanoTime();
        long volumes = (chunks + VOLUME_CHUNKS - 1) / VOLUME_CHUNKS;
        long sequence = 1;
        for (long id = 1; id <= volumes; id++) {
            MapRoot root = MapRoot.EMPTY;
            for (long i = 0; i < VOLUME_CHUNKS; i++) {
                long chunk = ChunkId.of((int) (sequence % GROUPS), sequence).value();
                root = maps.set(root, id, 1, i, chunk);
                sequence++;
            }
            tables.putVolume(
                    new Volume(
                            id,
                            "v" + id,
                            VOLUME_CHUNKS << 22,
                            1,
                            root,
                            1,
                            true,
                            false,
                            "",
                            1,
                            0,
                            0,
                            Map.of(),
                            Terms.of("", "", 1),
                            null));
        }
        tables.nextId = volumes + 1;
        print("mapped %,d chunks in %.1f s", sequence - 1, seconds(start));
        long used = heapUsed() - before;
        print("heap %,d bytes, %.2f bytes a chunk", used, used / (double) (sequence - 1));
        Path file = Files.createTempFile("metadata-scale", ".snapshot");
        try {
            captureAndWrite(tables, maps, volumes, file);
            load(file);
        } finally {
            Files.delete(file);
        }
    }

    /// Flips go on while another thread writes the capture out.
    private static void captureAndWrite(Tables tables, ChunkMaps maps, long volumes, Path file)
            throws Exception {
        long[] captures = new long[20];
        for (int i = 0; i < captures.length; i++) {
            long at = System.nanoTime();
            FrozenTables.of(tables).close();
            captures[i] = System.nanoTime() - at;
        }
        print("capture %s", micros(captures));
        var random = new Random(1);
        print("flips without a capture %s", micros(flips(tables, maps, volumes, random, null)));
        FrozenTables capture = FrozenTables.of(tables);
        long start = System.nanoTime();
        var writer =
                Thread.ofPlatform()
                        .start(() -> {
                            try (var out = new BufferedOutputStream(Files.newOutputStream(file))) {
                                capture.writeTo(out);
                            } catch (IOException e) {
                                throw new java.io.UncheckedIOException(e);
                            }
                        });
        longestCpuNanos = 0;
        long[] during = flips(tables, maps, volumes, random, writer);
        writer.join();
        print("wrote %,d bytes in %.1f s", Files.size(file), seconds(start));
        capture.close();
        print(
                "flips meanwhile %s; the longest took %.1f us of processor time",
                micros(during), longestCpuNanos / 1e3);
    }

    private static long[] flips(
            Tables tables,
            ChunkMaps maps,
            long volumes,
            Random random,
            @org.jspecify.annotations.Nullable Thread until) {
        var times = new ArrayList<Long>();
        long sequence = 1L << 40;
        while (until == null ? times.size() < 200_000 : until.isAlive()) {
            Volume volume = tables.volumes.get(1 + random.nextLong(volumes));
            if (volume == null) {
                throw new AssertionError("no volume");
            }
            long cpu = THREADS.getCurrentThreadCpuTime();
            long at = System.nanoTime();
            long chunk = ChunkId.of(random.nextInt(GROUPS), sequence++).value();
            MapRoot root =
                    maps.set(volume.root(), volume.id(), 1, random.nextLong(VOLUME_CHUNKS), chunk);
            tables.replaceVolume(volume.withRoot(root));
            times.add(System.nanoTime() - at);
            longestCpuNanos = Math.max(longestCpuNanos, THREADS.getCurrentThreadCpuTime() - cpu);
        }
        return times.stream().mapToLong(Long::longValue).toArray();
    }

    private static void load(Path file) throws IOException {
        long start = System.nanoTime();
        try (var in = new BufferedInputStream(Files.newInputStream(file))) {
            MetadataState state = MetadataState.load(in);
            print("loaded %,d chunks in %.1f s", state.view().storedChunks(), seconds(start));
        }
    }

    // ------------------------------------------------------------ clones

    private static void clones() {
        Cluster cluster = Cluster.ready();
        long size = VOLUME_CHUNKS * Cluster.CHUNK;
        cluster.done(new Command.CreateVolume("empty", size, Map.of()));
        cluster.done(new Command.CreateVolume("full", size, Map.of()));
        cluster.done(new Command.Attach("full", 0));
        long start = System.nanoTime();
        fill(cluster, "full");
        print("mapped 1,000,000 chunks by flips of 1,000 in %.1f s", seconds(start));
        for (int round = 0; round < 20; round++) {
            cloneOften(cluster, "empty", "warm-e" + round);
            cloneOften(cluster, "full", "warm-f" + round);
        }
        print("100 clones of an empty volume: each %s", micros(cloneOften(cluster, "empty", "e")));
        print("100 clones of 1,000,000 chunks: each %s", micros(cloneOften(cluster, "full", "f")));
        long[] thousands = new long[50];
        for (int round = 0; round < thousands.length; round++) {
            var names = new ArrayList<String>();
            for (int i = 0; i < 1000; i++) {
                names.add("thousand-" + round + "-" + i);
            }
            Command command = cloneOf(cluster, "full", names);
            start = System.nanoTime();
            cluster.done(command);
            thousands[round] = System.nanoTime() - start;
        }
        print("1,000 clones in one command: %s", micros(thousands));
    }

    private static void fill(Cluster cluster, String name) {
        Volume volume = cluster.volume(name);
        for (long index = 0; index < VOLUME_CHUNKS; index += 1000) {
            var leased =
                    (Outcome.ChunkIdsLeased)
                            cluster.done(new Command.LeaseChunkIds(List.of(0), 1000));
            long first = leased.ranges().getFirst().first();
            var slots = new ArrayList<Command.FlipSlot>(1000);
            for (int i = 0; i < 1000; i++) {
                slots.add(new Command.FlipSlot(index + i, 0, first + i));
            }
            cluster.done(new Command.Flip(volume.id(), 1, 1, slots));
            cluster.history.clear();
        }
    }

    private static Command cloneOf(Cluster cluster, String source, List<String> names) {
        Volume volume = cluster.volume(source);
        var seal = new Command.Seal(volume.id(), volume.generation());
        return new Command.CreateClones(source, "", seal, names, Map.of(), 0);
    }

    private static long[] cloneOften(Cluster cluster, String source, String prefix) {
        long[] times = new long[100];
        for (int i = 0; i < times.length; i++) {
            Command command = cloneOf(cluster, source, List.of(prefix + "-" + i));
            long at = System.nanoTime();
            cluster.done(command);
            times[i] = System.nanoTime() - at;
        }
        return times;
    }

    // ------------------------------------------------------------ printing

    private static long heapUsed() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private static String micros(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return "p50 %.1f us, p99 %.1f us, max %.1f us (%,d)"
                .formatted(
                        sorted[sorted.length / 2] / 1e3,
                        sorted[(int) (sorted.length * 0.99)] / 1e3,
                        sorted[sorted.length - 1] / 1e3,
                        sorted.length);
    }

    private static void print(String format, Object... values) {
        System.out.println(format.formatted(values));
    }
}
