package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Protocol;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Extended headers, which the packaged clients do not speak yet: told byte by byte.
class ExtendedHeadersTest {
    /// Larger than 32 bits can say.
    private static final long SIZE = 1L << 43;

    private NbdFixture nbd;
    private MemoryDevice device;
    private RawClient client;

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture();
        device = nbd.exports.add("disk", SIZE);
        client = new RawClient(nbd.socket()).goExtended("disk");
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        nbd.close();
    }

    @Test
    void structuredRepliesCannotReplaceThem() throws IOException {
        try (var other = new RawClient(nbd.socket()).greet(3)) {
            other.option(Protocol.OPT_EXTENDED_HEADERS, new byte[0]).expectAck();
            other.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]);
            assertEquals(Protocol.REP_ERR_EXT_HEADER_REQD, other.reply().type());
            other.option(Protocol.OPT_EXPORT_NAME, "disk".getBytes());
            assertTrue(other.dropped());
        }
    }

    @Test
    void writesAndReads() throws IOException {
        var data = new byte[3 << 20];
        new Random(1).nextBytes(data);
        long at = SIZE - (4 << 20) + 123;
        client.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_WRITE, 7, at, data.length);
        client.send(data);
        var done = client.chunk();
        assertEquals(new Answer(Protocol.REPLY_NONE, 7, at, true), Answer.of(done));
        client.extended(0, Protocol.CMD_READ, 8, at - 123, data.length + 123);
        var got = new byte[data.length + 123];
        for (boolean last = false; !last; ) {
            var chunk = client.chunk();
            assertEquals(8, chunk.cookie());
            assertEquals(at - 123, chunk.offset());
            if (chunk.type() == Protocol.REPLY_OFFSET_DATA) {
                int place = (int) (ByteBuffer.wrap(chunk.payload()).getLong() - (at - 123));
                System.arraycopy(chunk.payload(), 8, got, place, chunk.payload().length - 8);
            }
            last = chunk.done();
        }
        assertArrayEquals(data, java.util.Arrays.copyOfRange(got, 123, got.length));
        assertTrue(device.largestWrite <= WriteOperation.PIECE_BYTES);
    }

    @Test
    void effectLengthsBeyond32Bits() throws IOException {
        client.extended(0, Protocol.CMD_WRITE_ZEROES, 1, 0, SIZE);
        assertEquals(Protocol.REPLY_NONE, client.chunk().type());
        client.extended(0, Protocol.CMD_BLOCK_STATUS, 2, 0, SIZE);
        var base = ByteBuffer.wrap(client.chunk().payload());
        assertEquals(1, base.getInt());
        assertEquals(1, base.getInt());
        assertEquals(SIZE, base.getLong());
        assertEquals(3, base.getLong());
        var shared = client.chunk();
        assertTrue(shared.done());
        assertEquals(2, ByteBuffer.wrap(shared.payload()).getInt());
        client.extended(0, Protocol.CMD_BLOCK_STATUS, 3, 1, SIZE);
        assertEquals(NbdError.EINVAL.code(), client.chunk().error());
        client.extended(0, Protocol.CMD_READ, 4, 0, 1L << 40);
        assertEquals(NbdError.EOVERFLOW.code(), client.chunk().error());
        client.extended(0, Protocol.CMD_TRIM, 4, -1, -1);
        assertEquals(NbdError.EINVAL.code(), client.chunk().error());
    }

    @Test
    void statusOfOneContextByPayload() throws IOException {
        statusQuery(10, 4096, 2);
        var chunk = client.chunk();
        assertTrue(chunk.done());
        assertEquals(Protocol.REPLY_BLOCK_STATUS_EXT, chunk.type());
        assertEquals(2, ByteBuffer.wrap(chunk.payload()).getInt());
        for (int[] wrong : new int[][] {{3}, {1, 1}, {}}) {
            statusQuery(11, 4096, wrong);
            assertEquals(NbdError.EINVAL.code(), client.chunk().error());
        }
        statusQuery(12, SIZE + 1, 1);
        assertEquals(NbdError.EINVAL.code(), client.chunk().error());
        client.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_BLOCK_STATUS, 13, 0, 1 << 20);
        client.send(new byte[1 << 20]);
        assertEquals(NbdError.EINVAL.code(), client.chunk().error());
        statusQuery(14, 4096, 1);
        assertEquals(14, client.chunk().cookie());
    }

    @Test
    void payloadsWhereNoneBelongsAreThrownAway() throws IOException {
        client.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_READ, 1, 0, 5000);
        client.send(new byte[5000]);
        assertEquals(NbdError.EINVAL.code(), client.chunk().error());
        client.extended(0, Protocol.CMD_WRITE, 2, 0, 5000); // without the flag: no payload
        assertEquals(NbdError.EINVAL.code(), client.chunk().error());
        client.extended(0, 77, 3, 0, 5000);
        assertEquals(NbdError.EINVAL.code(), client.chunk().error());
        client.extended(0, Protocol.CMD_FLUSH, 4, 0, 0);
        assertEquals(Protocol.REPLY_NONE, client.chunk().type());
    }

    @Test
    void giantPayloadEndsTheConnection() throws IOException {
        client.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_WRITE, 1, 0, 1L << 33);
        assertTrue(client.dropped());
    }

    private void statusQuery(long cookie, long length, int... ids) throws IOException {
        int bytes = 8 + 4 * ids.length;
        client.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_BLOCK_STATUS, cookie, 0, bytes);
        var payload = ByteBuffer.allocate(bytes).putLong(length);
        for (int id : ids) {
            payload.putInt(id);
        }
        client.send(payload);
    }

    private record Answer(int type, long cookie, long offset, boolean done) {
        static Answer of(RawClient.Chunk chunk) {
            return new Answer(chunk.type(), chunk.cookie(), chunk.offset(), chunk.done());
        }
    }
}
