package io.coppice.client;

import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What encryption adds to a write and to a read of an encrypted device, per request: each block
/// from one buffer to the other, and in place.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CipherBenchmark {
    @Param({"1", "16", "256"})
    int blocks;

    private final PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
    private final BlockCipher cipher = new BlockCipher("", key());
    private ByteBuf plain = allocator.directBuffer();
    private ByteBuf sealed = allocator.directBuffer();
    private long place;

    private static byte[] key() {
        var key = new byte[Xts.KEY_BYTES];
        new Random(1).nextBytes(key);
        return key;
    }

    @Setup(Level.Trial)
    public void fill() {
        var bytes = new byte[blocks * Blocks.BLOCK_BYTES];
        new Random(2).nextBytes(bytes);
        plain.writeBytes(bytes);
        sealed.writeBytes(bytes);
    }

    @TearDown(Level.Trial)
    public void release() {
        plain.release();
        sealed.release();
    }

    @Benchmark
    public long encrypt() {
        cipher.encrypt(plain, 0, sealed, 0, place, blocks);
        return place += blocks;
    }

    @Benchmark
    public long decrypt() {
        for (int i = 0; i < blocks; i++) {
            cipher.decrypt(sealed, i << Blocks.BLOCK_SHIFT, place + i);
        }
        return place += blocks;
    }
}
