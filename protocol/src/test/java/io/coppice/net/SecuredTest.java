package io.coppice.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.tls.CertificateAuthority;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity;
import io.coppice.tls.Identity.Kind;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Frames over TLS: who is let in, who is not, and that all bytes arrive.
@Timeout(60)
class SecuredTest {
    @TempDir Path dir;
    private final Deque<Transport> transports = new ArrayDeque<>();
    private final LinkedBlockingQueue<Identity> seen = new LinkedBlockingQueue<>();
    private CertificateAuthority authority;

    @BeforeEach
    void found() throws IOException {
        authority = CertificateAuthority.create(dir.resolve("ca"), "test");
    }

    @AfterEach
    void stop() {
        transports.forEach(Transport::close);
    }

    private Credentials issue(String name, Kind kind, String... hosts) throws IOException {
        return issue(authority, name, kind, hosts);
    }

    private Credentials issue(CertificateAuthority by, String name, Kind kind, String... hosts)
            throws IOException {
        by.issue(name, kind, List.of(hosts), Duration.ofDays(1), dir.resolve(name));
        return Credentials.load(dir.resolve(name));
    }

    private Transport transport(@Nullable Credentials credentials) {
        Transport made = Transport.create("tls-test", 1, credentials);
        transports.push(made);
        return made;
    }

    /// Sends everything back.
    private final class Echo implements FrameHandler {
        @Override
        public void opened(Connection connection) {
            Identity peer = connection.peer();
            if (peer != null) {
                seen.add(peer);
            }
        }

        @Override
        public void frame(Connection connection, DataHeader header, ByteBuf payload) {
            connection.send(header, payload);
        }

        @Override
        public void closed(Connection connection, String why) {}
    }

    private static final class Caller implements FrameHandler {
        final CompletableFuture<Connection> opened = new CompletableFuture<>();
        final CompletableFuture<String> closed = new CompletableFuture<>();
        final LinkedBlockingQueue<byte[]> received = new LinkedBlockingQueue<>();

        @Override
        public void opened(Connection connection) {
            opened.complete(connection);
        }

        @Override
        public void frame(Connection connection, DataHeader header, ByteBuf payload) {
            byte[] bytes = new byte[payload.readableBytes()];
            payload.readBytes(bytes);
            payload.release();
            received.add(bytes);
        }

        @Override
        public void closed(Connection connection, String why) {
            opened.completeExceptionally(new IOException(why));
            closed.complete(why);
        }

        /// What a frame comes back as.
        byte[] echo(byte[] bytes) throws Exception {
            opened.get(20, TimeUnit.SECONDS)
                    .send(
                            DataHeader.newBuilder().setKind(DataKind.WRITE).build(),
                            Unpooled.wrappedBuffer(bytes));
            byte[] back = received.poll(20, TimeUnit.SECONDS);
            return back == null ? new byte[0] : back;
        }
    }

    private SocketAddress listen(@Nullable Credentials credentials) throws IOException {
        return transport(credentials)
                .listen(new InetSocketAddress("127.0.0.1", 0), Echo::new)
                .address();
    }

    private Caller call(@Nullable Credentials credentials, SocketAddress to) {
        Transport from = transport(credentials);
        var caller = new Caller();
        from.connect(from.next(), to, caller);
        return caller;
    }

    private static void assertTurnedAway(Caller caller, String why) throws Exception {
        String told;
        try {
            // The server's judgement comes after the client's own part of the handshake.
            caller.opened.get(20, TimeUnit.SECONDS);
            told = caller.closed.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException closed) {
            told = String.valueOf(closed.getCause());
        }
        assertTrue(told.contains(why), told);
        assertEquals(1, told.lines().count(), told);
    }

    @Test
    void boringSslIsUsedWhereItIsShipped() {
        boolean shipped =
                System.getProperty("os.name").equals("Linux")
                        && System.getProperty("os.arch").equals("amd64");
        assertTrue(
                OpenSsl.isAvailable() || !shipped, String.valueOf(OpenSsl.unavailabilityCause()));
    }

    @Test
    void framesOfAllSizesArriveAndBothKnowEachOther() throws Exception {
        SocketAddress server = listen(issue("n1", Kind.SERVER, "127.0.0.1"));
        Caller caller = call(issue("admin", Kind.PRINCIPAL), server);
        var random = new Random(7);
        for (int size :
                new int[] {0, 1, 4096, 16_384, 65_537, 1 << 20, FrameCodec.PAYLOAD_BYTES_MAX}) {
            byte[] bytes = new byte[size];
            random.nextBytes(bytes);
            assertTrue(Arrays.equals(bytes, caller.echo(bytes)), size + " bytes");
        }
        Identity there = caller.opened.get().peer();
        assertEquals("n1 (server)", String.valueOf(there));
        Identity here = seen.poll(20, TimeUnit.SECONDS);
        assertEquals("admin (principal)", String.valueOf(here));
    }

    @Test
    void whoHasAnotherAuthorityIsTurnedAway() throws Exception {
        var foreign = CertificateAuthority.create(dir.resolve("other"), "other");
        SocketAddress server = listen(issue("n1", Kind.SERVER, "127.0.0.1"));
        assertTurnedAway(call(issue(foreign, "admin", Kind.PRINCIPAL), server), "");
        assertTrue(seen.isEmpty());
    }

    @Test
    void whoHasNoCertificateIsTurnedAway() throws Exception {
        SocketAddress server = listen(issue("n1", Kind.SERVER, "127.0.0.1"));
        Caller plain = call(null, server);
        plain.opened
                .get(20, TimeUnit.SECONDS)
                .send(DataHeader.newBuilder().setKind(DataKind.HELLO).build(), null);
        assertTurnedAway(plain, "");
        assertTrue(seen.isEmpty());
        SocketAddress inTheClear = listen(null);
        assertTurnedAway(call(issue("admin", Kind.PRINCIPAL), inTheClear), "no TLS with 127.0.0.1");
    }

    @Test
    void aServerIsOneByItsCertificateAndForItsAddress() throws Exception {
        Credentials admin = issue("admin", Kind.PRINCIPAL);
        SocketAddress user = listen(issue("user", Kind.PRINCIPAL, "127.0.0.1"));
        assertTurnedAway(call(admin, user), "is no server of the cluster");
        SocketAddress elsewhere = listen(issue("n2", Kind.SERVER, "192.0.2.1"));
        assertTurnedAway(call(admin, elsewhere), "127.0.0.1");
    }

    @Test
    void whoIsRevokedLosesItsConnectionsAndGetsNoOthers() throws Exception {
        Credentials own = issue("n1", Kind.SERVER, "127.0.0.1");
        SocketAddress server = listen(own);
        Credentials mallory = issue("mallory", Kind.PRINCIPAL);
        Caller open = call(mallory, server);
        Caller other = call(issue("alice", Kind.PRINCIPAL), server);
        open.echo(new byte[1]);
        other.echo(new byte[1]);
        own.revoke(Set.of(mallory.identity().serial()));
        open.closed.get(20, TimeUnit.SECONDS);
        assertEquals(5, other.echo(new byte[5]).length);
        assertTurnedAway(call(mallory, server), "");
    }

    @Test
    void aNewCertificateIsShownWithoutARestart() throws Exception {
        Credentials own = issue("n1", Kind.SERVER, "127.0.0.1");
        Identity before = own.identity();
        SocketAddress server = listen(own);
        Credentials admin = issue("admin", Kind.PRINCIPAL);
        Caller open = call(admin, server);
        open.echo(new byte[1]);
        issue("n1", Kind.SERVER, "127.0.0.1");
        Path certificate = dir.resolve("n1").resolve("tls.crt");
        Files.setLastModifiedTime(
                certificate,
                FileTime.fromMillis(Files.getLastModifiedTime(certificate).toMillis() + 5_000));
        // Files are looked at once a second.
        Transport from = transport(admin);
        Identity shown = before;
        while (shown.serial().equals(before.serial())) {
            var again = new Caller();
            from.connect(from.next(), server, again);
            Connection made = again.opened.get(20, TimeUnit.SECONDS);
            shown = java.util.Objects.requireNonNull(made.peer());
            made.close("looked at");
        }
        assertNotEquals(before.serial(), shown.serial());
        assertEquals(3, open.echo(new byte[3]).length);
    }

    @Test
    void plainTransportsKnowNobody() throws Exception {
        Caller caller = call(null, listen(null));
        caller.echo(new byte[1]);
        assertNull(caller.opened.get().peer());
    }
}
