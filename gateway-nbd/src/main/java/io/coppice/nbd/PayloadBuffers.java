package io.coppice.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Decides where a connection's next bytes are received: into the buffer of the write under way
/// when there is one, else into a receive buffer that adapts to the traffic. So a large payload
/// goes from the socket to the device's buffer without a copy. Used on the connection's loop.
final class PayloadBuffers implements RecvByteBufAllocator {
    private static final int BYTES_MIN = 2 << 10;
    private static final int BYTES_INITIAL = 16 << 10;

    /// The beginning of a payload that arrives together with its header is copied from here, so
    /// larger buffers would copy more.
    private static final int BYTES_MAX = 64 << 10;

    private @Nullable ByteBuf target;

    /// Receives into `buffer` until it is full. It stays the caller's; each receive hands it to the
    /// pipeline with one reference more.
    void receiveInto(ByteBuf buffer) {
        target = buffer;
    }

    void receiveAnywhere() {
        target = null;
    }

    @Override
    public Handle newHandle() {
        var adaptive = new AdaptiveRecvByteBufAllocator(BYTES_MIN, BYTES_INITIAL, BYTES_MAX);
        return new TargetedHandle((ExtendedHandle) adaptive.newHandle());
    }

    private final class TargetedHandle implements ExtendedHandle {
        private final ExtendedHandle adaptive;

        TargetedHandle(ExtendedHandle adaptive) {
            this.adaptive = adaptive;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            var buffer = target;
            return buffer != null && buffer.isWritable()
                    ? buffer.retain()
                    : adaptive.allocate(allocator);
        }

        @Override
        public int guess() {
            return adaptive.guess();
        }

        @Override
        public void reset(ChannelConfig config) {
            adaptive.reset(config);
        }

        @Override
        public void incMessagesRead(int count) {
            adaptive.incMessagesRead(count);
        }

        @Override
        public void lastBytesRead(int bytes) {
            adaptive.lastBytesRead(bytes);
        }

        @Override
        public int lastBytesRead() {
            return adaptive.lastBytesRead();
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            adaptive.attemptedBytesRead(bytes);
        }

        @Override
        public int attemptedBytesRead() {
            return adaptive.attemptedBytesRead();
        }

        @Override
        public boolean continueReading() {
            return adaptive.continueReading();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
            return adaptive.continueReading(maybeMore);
        }

        @Override
        public void readComplete() {
            adaptive.readComplete();
        }
    }
}
