package io.coppice.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameCodecTest {
    private record Decoded(DataHeader header, byte[] payload) {}

    private final List<Decoded> decoded = new ArrayList<>();
    private final FrameCodec codec =
            new FrameCodec(
                    ByteBufAllocator.DEFAULT,
                    (header, payload) -> {
                        decoded.add(new Decoded(header, ByteBufUtil.getBytes(payload)));
                        payload.release();
                    });

    private static DataHeader header(int id) {
        return DataHeader.newBuilder()
                .setRequestId(id)
                .setKind(DataKind.WRITE)
                .addAllCrcs(java.util.Collections.nCopies(id % 40, id))
                .build();
    }

    @Test
    void framesSurviveAnySplitOfTheByteStream() throws Exception {
        var random = new Random(7);
        ByteBuf stream = Unpooled.buffer();
        var sent = new ArrayList<byte[]>();
        for (int i = 0; i < 200; i++) {
            var payload = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(3000)];
            random.nextBytes(payload);
            sent.add(payload);
            ByteBuf head =
                    FrameCodec.encodeHead(ByteBufAllocator.DEFAULT, header(i), payload.length);
            stream.writeBytes(head).writeBytes(payload);
            head.release();
        }
        while (stream.isReadable()) {
            int step =
                    Math.min(
                            stream.readableBytes(),
                            1 + random.nextInt(random.nextBoolean() ? 7 : 5000));
            codec.decode(stream.readSlice(step));
        }
        assertEquals(sent.size(), decoded.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(header(i), decoded.get(i).header());
            assertArrayEquals(sent.get(i), decoded.get(i).payload());
        }
    }

    @Test
    void whatIsMissingOfALargePayloadIsReceivedInPlace() throws Exception {
        var random = new Random(5);
        ByteBuf stream = Unpooled.buffer();
        var sent = new ArrayList<byte[]>();
        for (int i = 0; i < 20; i++) {
            var payload = new byte[random.nextInt(1 << 20)];
            random.nextBytes(payload);
            sent.add(payload);
            ByteBuf head =
                    FrameCodec.encodeHead(ByteBufAllocator.DEFAULT, header(i), payload.length);
            stream.writeBytes(head).writeBytes(payload);
            head.release();
        }
        int inPlace = 0;
        while (stream.isReadable()) {
            ByteBuf place = codec.receiveBuffer();
            ByteBuf in = place != null ? place : ByteBufAllocator.DEFAULT.directBuffer(32 << 10);
            int step = 1 + random.nextInt(200 << 10);
            in.writeBytes(
                    stream, Math.min(Math.min(step, in.writableBytes()), stream.readableBytes()));
            inPlace += place != null ? in.readableBytes() : 0;
            codec.decode(in);
            in.release();
        }
        assertTrue(inPlace > 5 << 20, "most of it");
        assertEquals(sent.size(), decoded.size());
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(header(i), decoded.get(i).header());
            assertArrayEquals(sent.get(i), decoded.get(i).payload());
        }
    }

    @Test
    void aDamagedHeaderIsNotParsed() {
        ByteBuf head = FrameCodec.encodeHead(ByteBufAllocator.DEFAULT, header(3), 0);
        head.setByte(14, head.getByte(14) ^ 1);
        assertThrows(FrameCodec.MalformedFrameException.class, () -> codec.decode(head));
        head.release();
        assertEquals(0, decoded.size());
    }

    @Test
    void randomBytesAreRefusedAndNeverDecoded() {
        var random = new Random(11);
        for (int i = 0; i < 10_000; i++) {
            var bytes = new byte[12 + random.nextInt(200)];
            random.nextBytes(bytes);
            var fresh =
                    new FrameCodec(
                            ByteBufAllocator.DEFAULT,
                            (header, payload) -> {
                                throw new AssertionError("random bytes passed as a frame");
                            });
            try {
                fresh.decode(Unpooled.wrappedBuffer(bytes));
            } catch (FrameCodec.MalformedFrameException expected) {
                assertTrue(String.valueOf(expected.getMessage()).contains(" "));
            } finally {
                fresh.close();
            }
        }
    }
}
