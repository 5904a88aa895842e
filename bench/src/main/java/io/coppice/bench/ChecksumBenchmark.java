package io.coppice.bench;

import io.coppice.model.Blocks;
import io.coppice.wire.Checksums;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What a payload's checksums cost (R10): once where it enters, once on every arrival.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ChecksumBenchmark {
    @Param({"1", "16", "256"})
    int blocks;

    private ByteBuffer data = ByteBuffer.allocate(0);
    private int[] sums = new int[0];

    @Setup
    public void fill() {
        var bytes = new byte[blocks * Blocks.BLOCK_BYTES];
        new Random(1).nextBytes(bytes);
        data = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        sums = Checksums.ofBlocks(data);
    }

    @Benchmark
    public int[] compute() {
        return Checksums.ofBlocks(data);
    }

    @Benchmark
    public int verify() {
        return Checksums.firstMismatch(data, sums);
    }
}
