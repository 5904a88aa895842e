package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.nbd.frame.Protocol;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Clients that do not keep to the protocol: they harm nobody but themselves.
class BadInputTest {
    private static final int SIZE = 8 << 20;

    private NbdFixture nbd;
    private RawClient good;
    private long goodCookie;

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture();
        nbd.exports.add("disk", SIZE);
        nbd.exports.add("other", SIZE);
        good = new RawClient(nbd.socket()).goExtended("disk");
    }

    @AfterEach
    void stop() throws IOException {
        checkGood();
        good.close();
        NbdFixture.await("connections end", () -> nbd.server.connectionCount() == 0);
        NbdFixture.await("exports close", () -> nbd.server.exportCount() == 0);
        assertEquals(
                NbdFixture.limits().sharedBytes(),
                nbd.server.sharedBytesFree(),
                "memory came back");
        nbd.close();
    }

    @Test
    void wrongHandshakesAreDropped() throws IOException {
        try (var client = new RawClient(nbd.socket()).greet(4)) {
            assertTrue(client.dropped(), "unknown client flag");
        }
        try (var client = new RawClient(nbd.socket()).greet(3)) {
            client.send(ByteBuffer.allocate(16).putLong(12345).putLong(0));
            assertTrue(client.dropped(), "wrong magic");
        }
        try (var client = new RawClient(nbd.socket()).greet(3)) {
            client.send(
                    ByteBuffer.allocate(16)
                            .putLong(Protocol.OPTION_MAGIC)
                            .putInt(Protocol.OPT_LIST)
                            .putInt(-1));
            assertTrue(client.dropped(), "giant option");
        }
        try (var client = new RawClient(nbd.socket()).greet(3)) {
            client.option(Protocol.OPT_EXPORT_NAME, "nothing".getBytes());
            assertTrue(client.dropped(), "unknown export, the old way");
        }
        try (var client = new RawClient(nbd.socket()).greet(3)) {
            for (int i = 0; i < 300; i++) {
                client.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]);
            }
            assertTrue(client.dropped(), "haggles for ever");
        } catch (IOException brokenPipe) {
            // dropped while it was still sending
        }
    }

    @Test
    void wrongOptionsGetTheirError() throws IOException {
        try (var client = new RawClient(nbd.socket()).greet(3)) {
            expect(client, Protocol.OPT_LIST, new byte[1], Protocol.REP_ERR_INVALID);
            expect(client, 4711, new byte[100], Protocol.REP_ERR_UNSUP);
            expect(client, Protocol.OPT_STARTTLS, new byte[0], Protocol.REP_ERR_UNSUP);
            expect(client, Protocol.OPT_GO, new byte[3], Protocol.REP_ERR_INVALID);
            expect(client, Protocol.OPT_GO, name(Integer.MAX_VALUE, 2), Protocol.REP_ERR_INVALID);
            expect(client, Protocol.OPT_GO, name(5000, 5002), Protocol.REP_ERR_TOO_BIG);
            expect(client, Protocol.OPT_GO, name(4, 6), Protocol.REP_ERR_INVALID); // NULs
            expect(
                    client,
                    Protocol.OPT_SET_META_CONTEXT,
                    RawClient.metaQuery("disk", "base:allocation"),
                    Protocol.REP_ERR_INVALID); // no structured replies yet
            client.option(Protocol.OPT_STRUCTURED_REPLY, new byte[0]).expectAck();
            expect(
                    client,
                    Protocol.OPT_LIST_META_CONTEXT,
                    ByteBuffer.allocate(8).putInt(0).putInt(1000).array(),
                    Protocol.REP_ERR_TOO_BIG);
            client.go("disk");
            client.request(0, Protocol.CMD_FLUSH, 1, 0, 0);
            assertEquals(Protocol.STRUCTURED_REPLY_MAGIC, client.in.readInt());
        }
    }

    @Test
    void contextsOfAnotherExportDoNotCount() throws IOException {
        try (var client = new RawClient(nbd.socket()).greet(3)) {
            client.option(Protocol.OPT_EXTENDED_HEADERS, new byte[0]).expectAck();
            client.option(
                    Protocol.OPT_SET_META_CONTEXT, RawClient.metaQuery("other", "base:allocation"));
            client.reply();
            client.expectAck();
            client.go("disk").extended(0, Protocol.CMD_BLOCK_STATUS, 1, 0, 4096);
            assertEquals(22, client.chunk().error());
        }
    }

    @Test
    void wrongMagicOfARequestDrops() throws IOException {
        try (var client = new RawClient(nbd.socket()).greet(3).go("disk")) {
            client.send(new byte[28]);
            assertTrue(client.dropped());
        }
    }

    @Test
    void clientsThatVanishInTheMiddleOfAWrite() throws IOException {
        for (int sent : new int[] {0, 1, 27, 28, 29, 70_000, 1 << 20, 3_000_000}) {
            try (var client = new RawClient(nbd.socket()).greet(3).go("disk")) {
                var bytes = ByteBuffer.allocate(28 + (4 << 20));
                bytes.putInt(Protocol.REQUEST_MAGIC)
                        .putShort((short) 0)
                        .putShort((short) Protocol.CMD_WRITE)
                        .putLong(1)
                        .putLong(0)
                        .putInt(4 << 20);
                client.send(java.util.Arrays.copyOf(bytes.array(), sent));
            }
        }
    }

    @Test
    void aSilentClientIsDroppedAfterTheHandshakeTimeout() throws IOException {
        var d = NbdFixture.limits();
        var limits =
                new GatewayLimits(
                        2,
                        d.requestsMax(),
                        d.connectionBytesMax(),
                        d.allowanceBytes(),
                        d.sharedBytes(),
                        d.cacheBytes(),
                        java.time.Duration.ofMillis(100),
                        d.linger(),
                        d.drainTimeout());
        try (var strict = new NbdFixture(limits);
                var silent = new RawClient(strict.socket());
                var silent2 = new RawClient(strict.socket())) {
            silent.in.readNBytes(Protocol.GREETING_BYTES);
            silent2.in.readNBytes(Protocol.GREETING_BYTES);
            try (var third = new RawClient(strict.socket())) {
                assertEquals(0, third.in.readNBytes(1).length, "more than the bound");
            }
            assertTrue(silent.dropped());
        }
    }

    @Test
    void randomBytes() throws IOException {
        var random = new Random(7);
        for (int i = 0; i < 150; i++) {
            var bytes = new byte[random.nextInt(2000)];
            random.nextBytes(bytes);
            try (var client = new RawClient(nbd.socket())) {
                if (i % 3 > 0) {
                    client.greet(3);
                }
                if (i % 3 > 1) {
                    client.go("other");
                }
                client.send(bytes);
                client.listen();
            } catch (IOException expected) {
                // dropped while it was still sending
            }
        }
    }

    @Test
    void mutatedConversations() throws IOException {
        var random = new Random(11);
        byte[] handshake = recordedHandshake();
        byte[] requests = recordedRequests();
        for (int i = 0; i < 300; i++) {
            byte[] talk =
                    ByteBuffer.allocate(handshake.length + requests.length)
                            .put(i % 2 == 0 ? mutated(handshake, random) : handshake)
                            .put(i % 2 == 0 ? requests : mutated(requests, random))
                            .array();
            try (var client = new RawClient(nbd.socket())) {
                client.send(talk);
                client.listen();
            } catch (IOException expected) {
                // dropped while it was still sending
            }
            if (i % 50 == 0) {
                checkGood();
            }
        }
    }

    private static byte[] recordedHandshake() {
        byte[] meta = RawClient.metaQuery("other", "base:allocation", "coppice:shared");
        byte[] go =
                ByteBuffer.allocate(11)
                        .putInt(5)
                        .put("other".getBytes())
                        .putShort((short) 0)
                        .array();
        return ByteBuffer.allocate(4 + 16 + 16 + meta.length + 16 + go.length)
                .putInt(3)
                .putLong(Protocol.OPTION_MAGIC)
                .putInt(Protocol.OPT_EXTENDED_HEADERS)
                .putInt(0)
                .putLong(Protocol.OPTION_MAGIC)
                .putInt(Protocol.OPT_SET_META_CONTEXT)
                .putInt(meta.length)
                .put(meta)
                .putLong(Protocol.OPTION_MAGIC)
                .putInt(Protocol.OPT_GO)
                .putInt(go.length)
                .put(go)
                .array();
    }

    private static byte[] recordedRequests() {
        var talk = ByteBuffer.allocate(8 * 32 + 5000);
        for (int command = 0; command < 8; command++) {
            boolean write = command == Protocol.CMD_WRITE;
            if (command == Protocol.CMD_DISC) {
                continue;
            }
            talk.putInt(Protocol.EXTENDED_REQUEST_MAGIC)
                    .putShort((short) (write ? Protocol.CMD_FLAG_PAYLOAD_LEN : 0))
                    .putShort((short) command)
                    .putLong(command)
                    .putLong(command == Protocol.CMD_FLUSH ? 0 : 1000)
                    .putLong(command == Protocol.CMD_FLUSH ? 0 : 5000);
            if (write) {
                talk.put(new byte[5000]);
            }
        }
        return java.util.Arrays.copyOf(talk.array(), talk.position());
    }

    private static byte[] mutated(byte[] original, Random random) {
        byte[] copy = original.clone();
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(copy.length);
            switch (random.nextInt(3)) {
                case 0 -> copy[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> copy[at] = (byte) random.nextInt(256);
                default -> copy[at] = (byte) (random.nextBoolean() ? 0 : -1);
            }
        }
        return copy;
    }

    private static byte[] name(int announced, int bytes) {
        return ByteBuffer.allocate(4 + bytes).putInt(announced).array();
    }

    private static void expect(RawClient client, int option, byte[] data, int type)
            throws IOException {
        client.option(option, data);
        var reply = client.reply();
        assertEquals(option, reply.option());
        assertEquals(
                Integer.toHexString(type),
                Integer.toHexString(reply.type()),
                () -> "option " + option);
    }

    /// The good client still gets its answers, and its device still works.
    private void checkGood() throws IOException {
        long cookie = ++goodCookie;
        good.extended(Protocol.CMD_FLAG_PAYLOAD_LEN, Protocol.CMD_WRITE, cookie, 4096, 512);
        good.send(new byte[512]);
        var chunk = good.chunk();
        assertEquals(cookie, chunk.cookie());
        assertEquals(Protocol.REPLY_NONE, chunk.type());
    }
}
