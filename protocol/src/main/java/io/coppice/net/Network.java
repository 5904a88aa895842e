package io.coppice.net;

import io.netty.channel.EventLoop;
import java.net.SocketAddress;

/// The way to others on the data plane: [Transport] over sockets, or the simulator's. Thread-safe.
public interface Network {
    /// Starts connecting; `handler` hears `opened` or `closed` on `loop`.
    void connect(EventLoop loop, SocketAddress to, FrameHandler handler);
}
