package io.coppice.bench;

import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.model.Position;
import io.coppice.node.disk.FileDisk;
import io.coppice.node.store.BlockRead;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreIdentity;
import io.coppice.wire.Checksums;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The chunk store of one node over 1 GiB of address space, random 4 KiB blocks: appended 32 to a
/// batch as a busy lane does (handed to the operating system, not synced), read, looked up in the
/// index. Files lie in the JVM's temporary directory; the cleaner runs between iterations.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class StoreBenchmark {
    private static final int BATCH = 32;
    private static final int CHUNKS = 256;
    private static final int CHUNK_BLOCKS = (int) (Blocks.CHUNK_BYTES_DEFAULT / Blocks.BLOCK_BYTES);
    private static final int CLEAN_BYTES = 8 << 20;
    private static final int CLEAN_STEPS_MAX = 10_000;

    private final SplittableRandom random = new SplittableRandom(1);
    private final ByteBuffer block = ByteBuffer.allocateDirect(Blocks.BLOCK_BYTES);
    private final ByteBuffer target = ByteBuffer.allocateDirect(Blocks.BLOCK_BYTES);
    private final int[] crcs = Checksums.ofBlocks(block);
    private Path directory;
    private ChunkStore store;
    private long sequence;

    @Setup(Level.Trial)
    public void fill() throws IOException {
        directory = Files.createTempDirectory("coppice-bench");
        store =
                ChunkStore.open(
                        FileDisk.open(directory),
                        StoreConfig.defaults(),
                        new StoreIdentity("bench", new UUID(1, 1)),
                        new Recovery());
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            for (int index = 0; index < CHUNK_BLOCKS; index++) {
                write(chunk, index);
            }
            store.commitBatch();
        }
    }

    @TearDown(Level.Iteration)
    public void clean() throws IOException {
        for (int step = 0; step < CLEAN_STEPS_MAX && store.cleanStep(CLEAN_BYTES, true); step++) {
            store.commitBatch();
            sync();
        }
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        store.close();
        try (var files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(StoreBenchmark::delete);
        }
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void append() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            write(random.nextInt(CHUNKS), random.nextInt(CHUNK_BLOCKS));
        }
        store.commitBatch();
    }

    @Benchmark
    public BlockRead read() throws IOException {
        target.clear();
        return store.read(id(random.nextInt(CHUNKS)), random.nextInt(CHUNK_BLOCKS), 1, target);
    }

    @Benchmark
    public boolean lookUp() {
        return store.version(id(random.nextInt(CHUNKS))) != null;
    }

    private void write(int chunk, int index) {
        store.write(new Position(1, ++sequence), 0, 0, id(chunk), 0, true, index, crcs, block);
    }

    private void sync() throws IOException {
        var ticket = store.beginSync();
        ticket.run();
        store.completeSync(ticket);
    }

    private static long id(int chunk) {
        return ChunkId.of(1, chunk + 1L).value();
    }

    private static void delete(Path path) {
        try {
            Files.delete(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
