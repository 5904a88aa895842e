package io.coppice.bench;

import io.coppice.model.AccessKey;
import io.coppice.model.AccessKeys;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What it costs a storage node to ask for a chunk's tag, on every request.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ChunkTagBenchmark {
    private static final long VOLUME = 7;

    private AccessKeys keys = AccessKeys.NONE;
    private long chunk = 1L << 44 | 5;
    private long tag;

    @Setup
    public void makeKeys() {
        keys = AccessKeys.of(List.of(new AccessKey(1, 1, 2, 3, 4), new AccessKey(2, 5, 6, 7, 8)));
        tag = keys.tags().read(VOLUME, chunk);
    }

    @Benchmark
    public long make() {
        return keys.tags().read(VOLUME, ++chunk);
    }

    @Benchmark
    public boolean check() {
        return keys.isRead(VOLUME, chunk, tag);
    }
}
