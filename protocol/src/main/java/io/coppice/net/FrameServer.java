package io.coppice.net;

import io.netty.channel.Channel;
import java.net.SocketAddress;

/// A listening socket of the data plane. Thread-safe.
public final class FrameServer implements AutoCloseable {
    private final Channel channel;

    FrameServer(Channel channel) {
        this.channel = channel;
    }

    /// The bound address, with the port that the system chose where 0 was asked for.
    public SocketAddress address() {
        return channel.localAddress();
    }

    /// Stops listening; connections stay.
    @Override
    public void close() {
        channel.close().awaitUninterruptibly();
    }
}
