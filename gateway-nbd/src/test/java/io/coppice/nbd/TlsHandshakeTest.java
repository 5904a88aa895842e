package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.nbd.frame.Protocol;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.Vector;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.bouncycastle.tls.BasicTlsPSKExternal;
import org.bouncycastle.tls.BasicTlsPSKIdentity;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.PSKTlsClient;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.TlsClientProtocol;
import org.bouncycastle.tls.crypto.TlsCrypto;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaTlsCryptoProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// STARTTLS word by word, and clients that do not keep to it: they harm nobody but themselves.
class TlsHandshakeTest {
    private static final String KEY = "00112233445566778899aabbccddeeff";
    private static final int SIZE = 8 << 20;

    @TempDir private Path dir;

    private SSLContext alice;
    private NbdFixture nbd;
    private NbdFixture strict;
    private RawClient good;

    @BeforeEach
    void start() throws IOException {
        var authority = new TestAuthority();
        alice = authority.client("alice", "principal");
        authority.issue(dir, "gateway", "principal");
        Files.writeString(dir.resolve("keys"), "bob:" + KEY + "\n");
        nbd = fixture(NbdFixture.limits(), false);
        strict = fixture(NbdFixture.limits(), true);
        good = new RawClient(nbd.tcp()).greet(3).startTls(alice).go("disk");
    }

    private NbdFixture fixture(GatewayLimits limits, boolean required) throws IOException {
        var config =
                new NbdTlsConfig(
                        Optional.of(dir), Optional.of(dir.resolve("keys")), required, false);
        var fixture = new NbdFixture(limits, config);
        fixture.exports.add("disk", SIZE);
        fixture.exports.add("other", SIZE);
        return fixture;
    }

    @AfterEach
    void stop() throws IOException {
        checkGood();
        good.close();
        for (var fixture : new NbdFixture[] {nbd, strict}) {
            NbdFixture.await("connections end", () -> fixture.server.connectionCount() == 0);
            NbdFixture.await("exports close", () -> fixture.server.exportCount() == 0);
            fixture.close();
        }
    }

    /// The good client still gets its answers.
    private void checkGood() throws IOException {
        good.request(0, Protocol.CMD_WRITE, 1, 4096, 512).send(new byte[512]);
        assertEquals(Protocol.SIMPLE_REPLY_MAGIC, good.in.readInt());
        assertEquals(0, good.in.readInt());
        assertEquals(1, good.in.readLong());
    }

    private static void expect(RawClient client, int option, byte[] data, int type)
            throws IOException {
        client.option(option, data);
        var reply = client.reply();
        assertEquals(option, reply.option());
        assertEquals(Integer.toHexString(type), Integer.toHexString(reply.type()));
    }

    private static byte[] name(String name) {
        return ByteBuffer.allocate(6 + name.length())
                .putInt(name.length())
                .put(name.getBytes())
                .putShort((short) 0)
                .array();
    }

    @Test
    void whereTlsIsRequiredNothingElseIsServedBefore() throws IOException {
        try (var client = new RawClient(strict.tcp()).greet(3)) {
            expect(client, Protocol.OPT_LIST, new byte[0], Protocol.REP_ERR_TLS_REQD);
            expect(client, Protocol.OPT_INFO, name("disk"), Protocol.REP_ERR_TLS_REQD);
            expect(client, Protocol.OPT_GO, name("disk"), Protocol.REP_ERR_TLS_REQD);
            expect(client, Protocol.OPT_GO, name("none"), Protocol.REP_ERR_TLS_REQD);
            expect(client, Protocol.OPT_STRUCTURED_REPLY, new byte[0], Protocol.REP_ERR_TLS_REQD);
            expect(client, Protocol.OPT_GO, new byte[1], Protocol.REP_ERR_TLS_REQD);
            expect(client, 4711, new byte[9], Protocol.REP_ERR_TLS_REQD);
            expect(client, Protocol.OPT_STARTTLS, new byte[1], Protocol.REP_ERR_INVALID);
            client.startTls(alice).go("disk");
        }
        try (var client = new RawClient(strict.tcp()).greet(3)) {
            client.option(Protocol.OPT_ABORT, new byte[0]).expectAck();
            assertTrue(client.dropped());
        }
        try (var client = new RawClient(strict.socket()).greet(3)) {
            client.option(Protocol.OPT_EXPORT_NAME, "disk".getBytes());
            assertTrue(client.dropped(), "the old way has no room for an error");
        }
        assertEquals(1, strict.exports.opens.get());
    }

    @Test
    void tlsStartsOnce() throws IOException {
        try (var client = new RawClient(nbd.tcp()).greet(3).startTls(alice)) {
            expect(client, Protocol.OPT_STARTTLS, new byte[0], Protocol.REP_ERR_INVALID);
            client.option(Protocol.OPT_LIST, new byte[0]);
            assertEquals(Protocol.REP_SERVER, client.reply().type());
            assertEquals(Protocol.REP_SERVER, client.reply().type());
            client.expectAck();
            client.go("disk");
        }
    }

    @Test
    void whatWasSaidBeforeTlsCountsForNothing() throws IOException {
        try (var client = new RawClient(nbd.tcp()).greet(3)) {
            client.option(Protocol.OPT_EXTENDED_HEADERS, new byte[0]).expectAck();
            client.option(
                    Protocol.OPT_SET_META_CONTEXT, RawClient.metaQuery("disk", "base:allocation"));
            client.reply();
            client.expectAck();
            client.startTls(alice).go("disk").request(0, Protocol.CMD_FLUSH, 7, 0, 0);
            assertEquals(Protocol.SIMPLE_REPLY_MAGIC, client.in.readInt());
        }
    }

    @Test
    void bytesBehindStartTlsAreNotTakenForSecureOnes() throws IOException {
        try (var client = new RawClient(nbd.tcp()).greet(3)) {
            client.send(
                    ByteBuffer.allocate(32)
                            .putLong(Protocol.OPTION_MAGIC)
                            .putInt(Protocol.OPT_STARTTLS)
                            .putInt(0)
                            .putLong(Protocol.OPTION_MAGIC)
                            .putInt(Protocol.OPT_LIST)
                            .putInt(0));
            assertTrue(client.dropped());
        }
    }

    @Test
    void brokenRecordsEndTheirConnectionOnly() throws IOException {
        try (var client = new RawClient(nbd.tcp()).greet(3).startTls(alice).go("disk")) {
            // As an application record, with a tag that cannot be right.
            var record = ByteBuffer.allocate(5 + 100).put((byte) 23).putShort((short) 0x303);
            record.putShort((short) 100).rewind();
            client.channel.socket().getOutputStream().write(record.array());
            assertThrows(IOException.class, client.in::readByte);
            NbdFixture.await("it is gone", () -> nbd.server.connectionCount() == 1);
        }
    }

    @Test
    void aSilentClientIsDroppedInTheMiddleOfTls() throws IOException {
        var d = NbdFixture.limits();
        var limits =
                new GatewayLimits(
                        d.connectionsMax(),
                        d.requestsMax(),
                        d.connectionBytesMax(),
                        d.allowanceBytes(),
                        d.sharedBytes(),
                        d.cacheBytes(),
                        Duration.ofMillis(100),
                        d.linger(),
                        d.drainTimeout());
        try (var impatient = fixture(limits, false);
                var client = new RawClient(impatient.tcp()).greet(3)) {
            client.option(Protocol.OPT_STARTTLS, new byte[0]).expectAck();
            client.send(Arrays.copyOf(helloWithKey(), 40));
            assertTrue(client.dropped());
        }
    }

    @Test
    void hellosAreToldApart() throws Exception {
        byte[] withKey = message(helloWithKey());
        byte[] withCertificates = message(helloWithCertificates());
        assertTrue(TlsChoice.bringsKey(Unpooled.wrappedBuffer(withKey)));
        assertFalse(TlsChoice.bringsKey(Unpooled.wrappedBuffer(withCertificates)));
        for (int length = 0; length < withCertificates.length; length++) {
            assertFalse(TlsChoice.bringsKey(Unpooled.wrappedBuffer(withCertificates, 0, length)));
        }
    }

    @Test
    void mutatedHellos() throws Exception {
        var random = new Random(13);
        byte[][] hellos = {helloWithKey(), helloWithCertificates()};
        for (int i = 0; i < 200; i++) {
            byte[] hello = mutated(hellos[i % 2], random);
            try (var client = new RawClient((i % 4 < 2 ? nbd : strict).socket()).greet(3)) {
                client.option(Protocol.OPT_STARTTLS, new byte[0]).expectAck();
                client.send(Arrays.copyOf(hello, 1 + random.nextInt(hello.length)));
                if (i % 3 > 0) {
                    client.send(hello);
                }
                client.listen();
            } catch (IOException expected) {
                // dropped while it was still sending
            }
            if (i % 50 == 0) {
                checkGood();
            }
        }
    }

    @Test
    void randomBytesInsteadOfTls() throws IOException {
        var random = new Random(17);
        for (int i = 0; i < 100; i++) {
            var bytes = new byte[1 + random.nextInt(40_000)];
            random.nextBytes(bytes);
            if (i % 2 == 0) { // a record of the handshake, in name
                bytes[0] = 22;
                System.arraycopy(
                        new byte[] {3, 1, 0x20}, 0, bytes, 1, Math.min(3, bytes.length - 1));
            }
            try (var client = new RawClient(nbd.socket()).greet(3)) {
                client.option(Protocol.OPT_STARTTLS, new byte[0]).expectAck();
                client.send(bytes);
                client.listen();
            } catch (IOException expected) {
                // dropped while it was still sending
            }
        }
    }

    private static byte[] mutated(byte[] original, Random random) {
        byte[] copy = original.clone();
        for (int i = random.nextInt(4); i > 0; i--) {
            copy[random.nextInt(copy.length)] = (byte) random.nextInt(256);
        }
        return copy;
    }

    /// Without the headers of record and message.
    private static byte[] message(byte[] record) {
        return Arrays.copyOfRange(record, 9, record.length);
    }

    private byte[] helloWithCertificates() throws SSLException {
        var engine = alice.createSSLEngine("localhost", 1);
        engine.setUseClientMode(true);
        var out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), out);
        return Arrays.copyOf(out.array(), out.position());
    }

    private static byte[] helloWithKey() throws IOException {
        TlsCrypto crypto = new JcaTlsCryptoProvider().create(new java.security.SecureRandom());
        var client = new TlsClientProtocol();
        client.connect(new KeyClient(crypto));
        var hello = new byte[client.getAvailableOutputBytes()];
        client.readOutput(hello, 0, hello.length);
        return hello;
    }

    private static final class KeyClient extends PSKTlsClient {
        KeyClient(TlsCrypto crypto) {
            super(crypto, new BasicTlsPSKIdentity("bob", new byte[16]));
        }

        @Override
        protected ProtocolVersion[] getSupportedVersions() {
            return ProtocolVersion.TLSv13.only();
        }

        @Override
        protected int[] getSupportedCipherSuites() {
            return new int[] {CipherSuite.TLS_AES_128_GCM_SHA256};
        }

        @Override
        @SuppressWarnings({"rawtypes", "unchecked"})
        public Vector getExternalPSKs() {
            var keys = new Vector();
            keys.add(
                    new BasicTlsPSKExternal(
                            "bob".getBytes(), getCrypto().createSecret(new byte[16])));
            return keys;
        }
    }
}
