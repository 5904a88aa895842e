package io.coppice.net;

import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;

/// Hears how one request of a [Peer] ended: exactly one of the two is called, once, on the peer's
/// loop.
public interface ReplyHandler {
    /// The answer, whatever its status. The handler owns `payload` and releases it.
    void reply(DataHeader header, ByteBuf payload);

    /// No answer: the request may or may not have been carried out.
    void failed(String why);
}
