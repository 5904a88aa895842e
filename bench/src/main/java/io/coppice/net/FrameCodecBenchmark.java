package io.coppice.net;

import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.net.FrameCodec.MalformedFrameException;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// A write of one block as a frame: `encode` lays out what goes before the payload, which is never
/// copied; `decode` reads a frame that came whole, `decodeSplit` one that came in two reads, where
/// the payload has to be gathered. Header checksum and protobuf included, the payload's checksum
/// not.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FrameCodecBenchmark {
    private final PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
    private final DataHeader header =
            DataHeader.newBuilder()
                    .setRequestId(123_456)
                    .setKind(DataKind.WRITE)
                    .setGroup(17)
                    .setEpoch(3)
                    .setChunk(ChunkId.of(17, 123_456).value())
                    .setBlock(42)
                    .setBlockCount(1)
                    .setVolume(7)
                    .setGeneration(9)
                    .setFence(2)
                    .setSession(0x1234_5678_9abcL)
                    .setSequence(123_456)
                    .addCrcs(0x9e37_79b9)
                    .build();
    private long received;
    private final FrameCodec codec =
            new FrameCodec(
                    allocator,
                    (decoded, payload) -> {
                        received += decoded.getSequence() + payload.readableBytes();
                        payload.release();
                    });
    private final ByteBuf frame = allocator.directBuffer();

    @Setup(Level.Trial)
    public void encodeOnce() {
        ByteBuf head = FrameCodec.encodeHead(allocator, header, Blocks.BLOCK_BYTES);
        frame.writeBytes(head).writeZero(Blocks.BLOCK_BYTES);
        head.release();
    }

    @TearDown(Level.Trial)
    public void release() {
        codec.close();
        frame.release();
    }

    @Benchmark
    public int encode() {
        ByteBuf head = FrameCodec.encodeHead(allocator, header, Blocks.BLOCK_BYTES);
        int bytes = head.readableBytes();
        head.release();
        return bytes;
    }

    @Benchmark
    public long decode() throws MalformedFrameException {
        codec.decode(frame.duplicate());
        return received;
    }

    @Benchmark
    public long decodeSplit() throws MalformedFrameException {
        int half = frame.readableBytes() / 2;
        codec.decode(frame.slice(0, half));
        codec.decode(frame.slice(half, frame.readableBytes() - half));
        return received;
    }
}
