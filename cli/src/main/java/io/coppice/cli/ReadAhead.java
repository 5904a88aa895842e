package io.coppice.cli;

import io.coppice.client.BlockDevice;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/// Reads pieces of a device in the order in which they were asked for, several at once.
final class ReadAhead {
    static final int PIECE_BYTES = 1 << 20;
    static final int IN_FLIGHT_MAX = 16;

    /// Hears each piece in order.
    interface Sink {
        void piece(long offset, byte[] bytes) throws IOException;
    }

    private record Pending(long offset, byte[] bytes, CompletableFuture<Void> read) {}

    private final BlockDevice device;
    private final Sink sink;
    private final Deque<Pending> pending = new ArrayDeque<>();

    ReadAhead(BlockDevice device, Sink sink) {
        this.device = device;
        this.sink = sink;
    }

    /// Asks for a range of any length; the sink hears it in pieces, now or later.
    void add(long offset, long length) throws IOException {
        long end = offset + length;
        for (long at = offset; at < end; at += PIECE_BYTES) {
            while (pending.size() >= IN_FLIGHT_MAX) {
                deliver();
            }
            byte[] bytes = new byte[(int) Math.min(PIECE_BYTES, end - at)];
            ByteBuf target = Unpooled.wrappedBuffer(bytes).writerIndex(0);
            pending.add(new Pending(at, bytes, device.read(at, target)));
        }
    }

    /// Delivers everything that was asked for.
    void drain() throws IOException {
        while (!pending.isEmpty()) {
            deliver();
        }
    }

    private void deliver() throws IOException {
        Pending next = pending.remove();
        Waiting.on(next.read());
        sink.piece(next.offset(), next.bytes());
    }
}
