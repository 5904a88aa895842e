package io.coppice.bench;

import com.google.protobuf.InvalidProtocolBufferException;
import io.coppice.model.ChunkId;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import java.nio.ByteBuffer;
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

/// A write's header on the data plane: built and laid out by the sender, parsed by the receiver.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HeaderBenchmark {
    @Param({"1", "256"})
    int blocks;

    private ByteBuffer encoded = ByteBuffer.allocate(0);
    private long request;

    @Setup
    public void encodeOnce() {
        encoded = ByteBuffer.wrap(build());
    }

    @Benchmark
    public byte[] build() {
        var header =
                DataHeader.newBuilder()
                        .setRequestId(++request)
                        .setKind(DataKind.WRITE)
                        .setGroup(17)
                        .setEpoch(3)
                        .setChunk(ChunkId.of(17, 123_456).value())
                        .setBlock(42)
                        .setBlockCount(blocks)
                        .setVolume(7)
                        .setGeneration(9)
                        .setFence(2)
                        .setSession(0x1234_5678_9abcL)
                        .setSequence(request);
        for (int i = 0; i < blocks; i++) {
            header.addCrcs(0x9e37_79b9 * i);
        }
        return header.build().toByteArray();
    }

    @Benchmark
    public DataHeader parse() throws InvalidProtocolBufferException {
        return DataHeader.parseFrom(encoded.duplicate());
    }
}
