package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.Extent;
import io.coppice.nbd.frame.NbdError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClientDeviceTest {
    /// Collects what a read tells.
    private static final class Heard implements ReadReply {
        private final ByteBuf bytes = Unpooled.buffer();
        private final List<Integer> runs = new ArrayList<>();

        @Override
        public void data(ByteBuf data) {
            runs.add(data.readableBytes());
            bytes.writeBytes(data);
            data.release();
        }

        @Override
        public void hole(int length) {
            runs.add(-length);
            bytes.writeZero(length);
        }

        @Override
        public void done() {}

        @Override
        public void failed(NbdError error, String why) {}
    }

    @Test
    void runsOfZerosBecomeHoles() {
        var random = new Random(9);
        for (int round = 0; round < 300; round++) {
            long offset = random.nextInt(3) == 0 ? random.nextInt(10_000) : 4096L * round;
            var bytes = new byte[1 + random.nextInt(200_000)];
            for (int at = 0; at < bytes.length; ) {
                int run = 1 + random.nextInt(60_000);
                int end = Math.min(bytes.length, at + run);
                if (random.nextBoolean()) {
                    java.util.Arrays.fill(bytes, at, end, (byte) 1);
                }
                at = end;
            }
            var data = Unpooled.wrappedBuffer(bytes);
            var heard = new Heard();
            ClientDevice.tellRuns(offset, data, heard);
            data.release();
            var told = new byte[heard.bytes.readableBytes()];
            heard.bytes.readBytes(told);
            assertArrayEquals(bytes, told);
            assertEquals(0, data.refCnt(), "slices were given away with their own references");
            for (int i = 1; i < heard.runs.size(); i++) {
                assertTrue(heard.runs.get(i - 1) > 0 != heard.runs.get(i) > 0, "runs alternate");
            }
        }
    }

    @Test
    void allZerosAreOneHoleHoweverShort() {
        var heard = new Heard();
        ClientDevice.tellRuns(4096, Unpooled.wrappedBuffer(new byte[4096]), heard);
        assertEquals(List.of(-4096), heard.runs);
        var mixed = new byte[4 * 4096];
        mixed[0] = 1;
        var second = new Heard();
        ClientDevice.tellRuns(0, Unpooled.wrappedBuffer(mixed), second);
        assertEquals(List.of(4 * 4096), second.runs, "a short run of zeros stays data");
    }

    @Test
    void extentsAreCutToTheRange() {
        List<String> told = new ArrayList<>();
        var reply =
                new ExtentsReply() {
                    @Override
                    public void extent(long length, boolean mapped, boolean shared) {
                        told.add(length + (mapped ? " data" : " hole") + (shared ? " shared" : ""));
                    }

                    @Override
                    public void done() {}

                    @Override
                    public void failed(NbdError error, String why) {}
                };
        var extents =
                List.of(
                        new Extent(4096, 4096, true, true),
                        new Extent(8192, 8192, false, false),
                        new Extent(16384, 4096, true, false));
        ClientDevice.tellExtents(5000, 12_000, extents, 100, reply);
        assertEquals(List.of("3192 data shared", "8192 hole", "616 data"), told);
        told.clear();
        ClientDevice.tellExtents(5000, 12_000, extents, 2, reply);
        assertEquals(2, told.size());
    }
}
