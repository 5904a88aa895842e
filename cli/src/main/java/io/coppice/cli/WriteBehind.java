package io.coppice.cli;

import io.coppice.client.BlockDevice;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/// Writes to a device, several requests at once; the first failure is thrown at the next call.
final class WriteBehind {
    private static final int IN_FLIGHT_MAX = 16;

    private final BlockDevice device;
    private final Deque<CompletableFuture<Void>> pending = new ArrayDeque<>();

    WriteBehind(BlockDevice device) {
        this.device = device;
    }

    /// The array belongs to the write until [#flush].
    void write(long offset, byte[] bytes, int start, int length) throws IOException {
        await(IN_FLIGHT_MAX - 1);
        pending.add(device.write(offset, Unpooled.wrappedBuffer(bytes, start, length)));
    }

    void zero(long offset, long length) throws IOException {
        await(IN_FLIGHT_MAX - 1);
        pending.add(device.writeZeroes(offset, length, true, false));
    }

    /// Everything written so far is durable afterwards.
    void flush() throws IOException {
        await(0);
        Waiting.on(device.flush());
    }

    private void await(int left) throws IOException {
        while (pending.size() > left) {
            Waiting.on(pending.remove());
        }
    }
}
