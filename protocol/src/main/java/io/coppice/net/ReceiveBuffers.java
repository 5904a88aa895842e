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
/// what came lately. So the rest of a large payload goes from the socket to where it is needed
/// without a copy. One per connection, on its loop.
public final class ReceiveBuffers implements RecvByteBufAllocator {
    private static final int BYTES_MIN = 2 << 10;
    private static final int BYTES_INITIAL = 16 << 10;

    private final int bytesMax;
    private final Supplier<@Nullable ByteBuf> named;

    /// @param bytesMax of a buffer that is not named: the larger, the fewer system calls many small
    ///   frames take, and the more of a payload that comes with its header is copied from it
    /// @param named where the next bytes go, with a reference that passes to the pipeline; null:
    ///   nowhere in particular
    public ReceiveBuffers(int bytesMax, Supplier<@Nullable ByteBuf> named) {
        this.bytesMax = bytesMax;
        this.named = named;
    }

    @Override
    public Handle newHandle() {
        var sized = new AdaptiveRecvByteBufAllocator(BYTES_MIN, BYTES_INITIAL, bytesMax);
        return new NamedFirst((ExtendedHandle) sized.newHandle(), named);
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
