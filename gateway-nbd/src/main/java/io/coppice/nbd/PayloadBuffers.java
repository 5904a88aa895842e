package io.coppice.nbd;

import io.coppice.net.ReceiveBuffers;
import io.netty.buffer.ByteBuf;
import io.netty.channel.RecvByteBufAllocator;
import org.jspecify.annotations.Nullable;

/// Decides where a connection's next bytes are received: into the buffer of the write under way
/// when there is one. So a large payload goes from the socket to the device's buffer without a
/// copy. Used on the connection's loop.
final class PayloadBuffers {
    /// The beginning of a payload that arrives together with its header is copied from here, so
    /// larger buffers would copy more.
    private static final int BYTES_MAX = 64 << 10;

    private @Nullable ByteBuf target;
    private boolean encrypted;

    /// For the connection's channel.
    RecvByteBufAllocator allocator() {
        return new ReceiveBuffers(BYTES_MAX, this::place);
    }

    /// Receives into `buffer` until it is full. It stays the caller's; each receive hands it to the
    /// pipeline with one reference more.
    void receiveInto(ByteBuf buffer) {
        target = buffer;
    }

    /// From now on the socket gives records of TLS, which are no place's bytes.
    void encrypted() {
        encrypted = true;
    }

    void receiveAnywhere() {
        target = null;
    }

    private @Nullable ByteBuf place() {
        ByteBuf buffer = target;
        return !encrypted && buffer != null && buffer.isWritable() ? buffer.retain() : null;
    }
}
