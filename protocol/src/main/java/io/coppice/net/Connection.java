package io.coppice.net;

import io.coppice.tls.Identity;
import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/// One framed connection. [#send] and [#close] may be called from any thread; everything else from
/// the event loop only.
public interface Connection {
    /// Sends one frame and takes `payload` over, also when the connection is gone (then it is
    /// dropped; the handler hears of it by `closed`). Leaves with the end of the loop's turn, or
    /// with [#flush].
    void send(DataHeader header, @Nullable ByteBuf payload);

    /// Sends what was written so far now.
    void flush();

    EventLoop eventLoop();

    /// False while more than the bound waits to be sent: stop producing (R12).
    boolean isWritable();

    /// Bytes above the bound that wait to be sent; 0 while [#isWritable].
    long bytesAboveBound();

    /// Stops or resumes reading from the socket: back pressure on the peer.
    void setReading(boolean reading);

    boolean isOpen();

    void close(String why);

    SocketAddress remote();

    /// Whom the certificate of the other end names; null: the connection is plain.
    default @Nullable Identity peer() {
        return null;
    }

    /// A place for the owner's state of this connection.
    @Nullable Object attachment();

    void attach(@Nullable Object state);
}
