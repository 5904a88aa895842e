package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.client.BlockDevice;
import io.coppice.port.Entropy;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/// A closed loop of requests on one device: so many are under way, each is followed by the next until time is
/// over. All state lives on the device's event loop.
final class Load {
    /// What is asked for and where.
    record Pattern(boolean random, boolean reads, boolean writes) {
        static Pattern parse(String text) {
            return switch (text) {
                case "randread" -> new Pattern(true, true, false);
                case "randwrite" -> new Pattern(true, false, true);
                case "randrw" -> new Pattern(true, true, true);
                case "read" -> new Pattern(false, true, false);
                case "write" -> new Pattern(false, false, true);
                default -> throw new CliException(
                        ExitCode.USAGE,
                        "unknown pattern '" + text + "': use randread, randwrite, randrw, read or write");
            };
        }
    }

    record Result(Latencies latencies, int requestBytes, double seconds) {
        double perSecond() {
            return seconds == 0 ? 0 : latencies.count() / seconds;
        }
    }

    private final BlockDevice device;
    private final Pattern pattern;
    private final int requestBytes;
    private final long requestsInRange;
    private final boolean fua;
    private final long durationNanos;
    private final SplittableRandom random = new SplittableRandom(Entropy.system().nextLong());
    private final Latencies latencies = new Latencies();
    private final CompletableFuture<Result> result = new CompletableFuture<>();
    private long next;
    private long startNanos;
    private int underWay;

    Load(BlockDevice device, Pattern pattern, int requestBytes, long rangeBytes, boolean fua, Duration duration) {
        this.device = device;
        this.pattern = pattern;
        this.requestBytes = requestBytes;
        this.requestsInRange = rangeBytes / requestBytes;
        this.fua = fua;
        this.durationNanos = duration.toNanos();
    }

    CompletableFuture<Result> start(int queueDepth) {
        device.eventLoop().execute(() -> {
            startNanos = System.nanoTime();
            underWay = queueDepth;
            for (int i = 0; i < queueDepth; i++) {
                byte[] bytes = new byte[requestBytes];
                random.nextBytes(bytes);
                issue(Unpooled.wrappedBuffer(bytes));
            }
        });
        return result;
    }

    private void issue(ByteBuf buffer) {
        long offset = requestBytes * (pattern.random() ? random.nextLong(requestsInRange) : next++ % requestsInRange);
        boolean read = pattern.reads() && (!pattern.writes() || random.nextBoolean());
        long issuedNanos = System.nanoTime();
        if (read) {
            device.read(offset, buffer.writerIndex(0), failure -> completed(buffer, issuedNanos, failure));
        } else {
            buffer.setIndex(0, requestBytes);
            device.write(offset, buffer, fua, failure -> completed(buffer, issuedNanos, failure));
        }
    }

    private void completed(ByteBuf buffer, long issuedNanos, @org.jspecify.annotations.Nullable Throwable failure) {
        long now = System.nanoTime();
        if (failure != null) {
            result.completeExceptionally(failure);
            return;
        }
        latencies.record(now - issuedNanos);
        if (now - startNanos < durationNanos && !result.isDone()) {
            issue(buffer);
        } else if (--underWay == 0) {
            result.complete(new Result(latencies, requestBytes, (now - startNanos) / 1e9));
        }
    }
}
