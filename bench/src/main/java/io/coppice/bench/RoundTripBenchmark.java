package io.coppice.bench;

import io.coppice.model.Blocks;
import io.coppice.net.Connection;
import io.coppice.net.FrameHandler;
import io.coppice.net.FrameServer;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
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

/// Frames of one block there, an empty answer back, over loopback: what the data plane costs before
/// anybody stores anything. `one` is latency; `many` keeps 128 requests in flight and divides by
/// their number.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RoundTripBenchmark {
    private static final int BATCH = 128;
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private Transport transport;
    private FrameServer server;
    private EventLoop loop;
    private Peer peer;
    private ByteBuf block;

    /// Answers every request with its own id.
    private static final class Echo implements FrameHandler {
        @Override
        public void opened(Connection connection) {}

        @Override
        public void frame(Connection connection, DataHeader header, ByteBuf payload) {
            payload.release();
            connection.send(
                    DataHeader.newBuilder()
                            .setRequestId(header.getRequestId())
                            .setReply(true)
                            .build(),
                    null);
        }

        @Override
        public void closed(Connection connection, String why) {}
    }

    /// Completes a future with the last of `left` answers.
    private static final class Countdown implements ReplyHandler {
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        private int left;

        Countdown(int left) {
            this.left = left;
        }

        @Override
        public void reply(DataHeader header, ByteBuf payload) {
            payload.release();
            if (--left == 0) {
                done.complete(null);
            }
        }

        @Override
        public void failed(String why) {
            done.completeExceptionally(new IOException(why));
        }
    }

    @Setup(Level.Trial)
    public void connect() throws IOException {
        transport = Transport.create("bench", 2);
        server = transport.listen(new InetSocketAddress("127.0.0.1", 0), Echo::new);
        loop = transport.next();
        peer =
                new Peer(
                        transport,
                        loop,
                        server.address(),
                        Hello.getDefaultInstance(),
                        PeerConfig.defaults(),
                        Time.system());
        block = Unpooled.directBuffer(Blocks.BLOCK_BYTES).writeZero(Blocks.BLOCK_BYTES);
    }

    @TearDown(Level.Trial)
    public void close() {
        peer.close();
        server.close();
        transport.close();
        block.release();
    }

    @Benchmark
    public void one() {
        call(1);
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void many() {
        call(BATCH);
    }

    private void call(int requests) {
        var countdown = new Countdown(requests);
        loop.execute(() -> {
            for (int i = 0; i < requests; i++) {
                peer.call(
                        DataHeader.newBuilder().setKind(DataKind.WRITE).setBlockCount(1),
                        block.retainedSlice(),
                        TIMEOUT_NANOS,
                        countdown);
            }
        });
        countdown.done.join();
    }
}
