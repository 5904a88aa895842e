package io.coppice.node.lane;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.node.replica.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class BufferPayloadTest {
    /// A block of 4 KiB must not keep the 256 KiB that were read together with it.
    @Test
    void whatIsKeptDoesNotHoldOnToWhatItCameWith() {
        ByteBuf read = Unpooled.buffer(256 << 10).writeZero(8192).writeInt(7);
        var payload = new BufferPayload(read.retainedSlice(8192, 4));
        Payload kept = payload.kept();
        payload.release();
        read.release();
        assertEquals(0, read.refCnt());
        assertEquals(4, kept.bytes());
        assertEquals(7, ((BufferPayload) kept).buffer().getInt(0));
        kept.release();
    }
}
