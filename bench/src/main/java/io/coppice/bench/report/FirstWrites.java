package io.coppice.bench.report;

import io.coppice.client.BlockDevice;
import io.coppice.client.LatencyHistogram;
import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// Writes a block to each of some slots of the map, in order, so many at once. Runs on the device's
/// loop; the histogram is complete after [#await].
final class FirstWrites {
    private final BlockDevice device;
    private final int end;
    private final int depth;
    private final LatencyHistogram latency = new LatencyHistogram();
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final ByteBuf block;
    private int next;
    private int open;

    FirstWrites(BlockDevice device, int first, int end, int depth) {
        this.device = device;
        this.end = end;
        this.depth = depth;
        this.next = first;
        byte[] bytes = new byte[Blocks.BLOCK_BYTES];
        new java.util.SplittableRandom(1).nextBytes(bytes);
        this.block = Unpooled.directBuffer(bytes.length).writeBytes(bytes);
    }

    LatencyHistogram latency() {
        return latency;
    }

    void start() {
        device.eventLoop().execute(this::more);
    }

    void await() throws IOException {
        try {
            done.join();
        } catch (CompletionException failed) {
            throw new IOException("a first write failed: " + failed.getCause(), failed);
        } finally {
            block.release();
        }
    }

    private void more() {
        while (open < depth && next < end && !done.isDone()) {
            long start = System.nanoTime();
            open++;
            device.write(
                    next++ * Blocks.CHUNK_BYTES_DEFAULT,
                    block,
                    false,
                    failure -> {
                        open--;
                        latency.record(System.nanoTime() - start);
                        if (failure != null) {
                            done.completeExceptionally(failure);
                        } else {
                            more();
                        }
                    });
        }
        if (open == 0 && next == end) {
            done.complete(null);
        }
    }
}
