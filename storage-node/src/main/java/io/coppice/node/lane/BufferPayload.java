package io.coppice.node.lane;

import io.coppice.node.replica.Payload;
import io.netty.buffer.ByteBuf;

/// The blocks of one operation, as they came from the network; never copied.
record BufferPayload(ByteBuf buffer) implements Payload {
    @Override
    public int bytes() {
        return buffer.readableBytes();
    }

    @Override
    public void retain() {
        buffer.retain();
    }

    @Override
    public void release() {
        buffer.release();
    }
}
