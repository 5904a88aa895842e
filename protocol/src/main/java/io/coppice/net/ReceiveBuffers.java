package io.coppice.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a socket is read into: a place that the reader names, or else a buffer whose size follows
/// what came lately. One per connection, on its loop.
final class ReceiveBuffers implements RecvByteBufAllocator {
    /// Reads grow to this size under load, so that many frames arrive in few system calls.
    private static final int BYTES_MAX = 256 << 10;

    private final Supplier<@Nullable ByteBuf> named;

    ReceiveBuffers(Supplier<@Nullable ByteBuf> named) {
        this.named = named;
    }

    /// For a reader that names no place.
    static RecvByteBufAllocator adaptive() {
        return new AdaptiveRecvByteBufAllocator(4 << 10, 64 << 10, BYTES_MAX);
    }

    @Override
    public Handle newHandle() {
        return new NamedFirst((ExtendedHandle) adaptive().newHandle(), named);
    }

    private record NamedFirst(ExtendedHandle sized, Supplier<@Nullable ByteBuf> named)
            implements ExtendedHandle {
        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            ByteBuf place = named.get();
            return place != null ? place : sized.allocate(allocator);
        }

        @Override
        public int guess() {
            return sized.guess();
        }

        @Override
        public void reset(ChannelConfig config) {
            sized.reset(config);
        }

        @Override
        public void incMessagesRead(int count) {
            sized.incMessagesRead(count);
        }

        @Override
        public void lastBytesRead(int bytes) {
            sized.lastBytesRead(bytes);
        }

        @Override
        public int lastBytesRead() {
            return sized.lastBytesRead();
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            sized.attemptedBytesRead(bytes);
        }

        @Override
        public int attemptedBytesRead() {
            return sized.attemptedBytesRead();
        }

        @Override
        public boolean continueReading() {
            return sized.continueReading();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
            return sized.continueReading(maybeMore);
        }

        @Override
        public void readComplete() {
            sized.readComplete();
        }
    }
}
