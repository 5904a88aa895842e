package io.coppice.net;

import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;

/// What a connection tells its owner; always on the connection's event loop. One handler per
/// connection. An exception that escapes closes the connection.
public interface FrameHandler {
    /// The connection stands; frames may be sent.
    void opened(Connection connection);

    /// One frame. The handler owns `payload` (possibly empty) and releases it.
    void frame(Connection connection, DataHeader header, ByteBuf payload);

    /// No more frames of this read: a good moment to act on all of them at once.
    default void batchEnd(Connection connection) {}

    /// The connection's send buffer went above or fell below its bound; see
    /// [Connection#isWritable].
    default void writabilityChanged(Connection connection) {}

    /// The connection is gone, or could not be made; called once. `why` is one line.
    void closed(Connection connection, String why);
}
