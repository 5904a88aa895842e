package io.coppice.node.lane;

import io.coppice.node.replica.Payload;
import io.netty.buffer.ByteBuf;

/// The blocks of one operation, as they came from the network; copied only to be kept.
record BufferPayload(ByteBuf buffer) implements Payload {
    @Override
    public int bytes() {
        return buffer.readableBytes();
    }

    /// It may be a small part of a buffer that was read from the network.
    @Override
    public Payload kept() {
        return new BufferPayload(buffer.copy());
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
