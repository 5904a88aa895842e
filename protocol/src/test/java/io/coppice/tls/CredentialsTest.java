package io.coppice.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.tls.Identity.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is issued is believed, and read again when it changes.
class CredentialsTest {
    @TempDir Path dir;
    private CertificateAuthority authority;

    @BeforeEach
    void found() throws IOException {
        authority = CertificateAuthority.create(dir.resolve("ca"), "test");
    }

    private Path issue(String name, Kind kind, String... hosts) throws IOException {
        return issue(authority, name, kind, hosts);
    }

    private Path issue(CertificateAuthority by, String name, Kind kind, String... hosts)
            throws IOException {
        Path to = dir.resolve(name);
        by.issue(name, kind, List.of(hosts), Duration.ofDays(1), to);
        return to;
    }

    @Test
    void aCertificateSaysWhoSomebodyIs() throws IOException {
        Credentials node = Credentials.load(issue("n1", Kind.SERVER, "localhost", "::1"));
        assertEquals("n1", node.identity().name());
        assertEquals(Kind.SERVER, node.identity().kind());
        Credentials admin = Credentials.load(issue("admin", Kind.PRINCIPAL));
        assertEquals(Kind.PRINCIPAL, admin.identity().kind());
        assertNotEquals(node.identity().serial(), admin.identity().serial());
        assertEquals(
                Set.of(node.identity(), admin.identity()),
                CertificateAuthority.open(dir.resolve("ca")).issued().stream()
                        .map(CertificateAuthority.Issued::identity)
                        .collect(Collectors.toSet()));
    }

    @Test
    void aKeyIsReadableByItsOwnerAlone() throws IOException {
        Path key = issue("n1", Kind.SERVER, "h").resolve("tls.key");
        assertEquals(
                Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE),
                Files.getPosixFilePermissions(key));
        assertEquals(
                Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE),
                Files.getPosixFilePermissions(dir.resolve("ca").resolve("ca.key")));
    }

    @Test
    void whatIsWrongIsToldInOneLine() throws IOException {
        Path own = issue("n1", Kind.SERVER, "h");
        assertTrue(told(dir.resolve("nowhere")).contains("ca.crt does not exist"));
        Files.writeString(own.resolve("tls.key"), "-----BEGIN EC PRIVATE KEY-----");
        assertTrue(told(own).contains("openssl pkcs8"));
        Path other = issue("n2", Kind.SERVER, "h");
        Files.copy(
                other.resolve("tls.key"),
                own.resolve("tls.key"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertTrue(told(own).contains("is not the key of the certificate"));
        Files.writeString(other.resolve("tls.crt"), "nothing");
        assertTrue(told(other).contains("holds no certificate"));
        var again =
                assertThrows(
                        IOException.class,
                        () -> CertificateAuthority.create(dir.resolve("ca"), "again"));
        assertTrue(String.valueOf(again.getMessage()).contains("holds an authority already"));
    }

    private static String told(Path dir) {
        String message =
                String.valueOf(
                        assertThrows(IOException.class, () -> Credentials.load(dir)).getMessage());
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    @Test
    void newFilesAreUsedAndHalfWrittenOnesAreNot() throws IOException {
        Path own = issue("n1", Kind.SERVER, "h");
        Credentials credentials = Credentials.load(own);
        Identity before = credentials.identity();
        String alias = credentials.current().alias();
        Path other = dir.resolve("next");
        authority.issue("n1", Kind.SERVER, List.of("h"), Duration.ofDays(2), other);
        for (String name : List.of("ca.crt", "tls.key")) {
            replace(other, own, name);
        }
        credentials.look();
        assertEquals(before, credentials.current().identity());
        replace(other, own, "tls.crt");
        credentials.look();
        assertNotEquals(before.serial(), credentials.current().identity().serial());
        // A handshake that has begun ends with what it began with.
        assertNotNull(credentials.keys().getPrivateKey(alias));
    }

    private static void replace(Path from, Path to, String name) throws IOException {
        Path file = to.resolve(name);
        long next = Files.getLastModifiedTime(file).toMillis() + 1_000;
        Files.copy(from.resolve(name), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(next));
    }

    @Test
    void onlyTheOwnAuthorityIsBelievedAndNobodyWhoWasRevoked() throws Exception {
        Credentials me = Credentials.load(issue("n1", Kind.SERVER, "h"));
        Credentials friend = Credentials.load(issue("n2", Kind.SERVER, "h"));
        Credentials user = Credentials.load(issue("u", Kind.PRINCIPAL, "h"));
        var foreign = CertificateAuthority.create(dir.resolve("other"), "other");
        Credentials stranger = Credentials.load(issue(foreign, "n3", Kind.SERVER, "h"));

        check(me, friend, true);
        me.trust().checkClientTrusted(chain(user), "ECDHE_ECDSA");
        assertThrows(
                CertificateException.class,
                () -> me.trustOfServers().checkClientTrusted(chain(user), "ECDHE_ECDSA"));
        assertThrows(
                CertificateException.class,
                () -> me.trust().checkServerTrusted(chain(user), "ECDHE_ECDSA"));
        check(me, stranger, false);
        me.revoke(Set.of(friend.identity().serial()));
        check(me, friend, false);
        me.revoke(Set.of());
        check(me, friend, true);
    }

    private static void check(Credentials believer, Credentials other, boolean believed)
            throws CertificateException {
        if (believed) {
            believer.trust().checkServerTrusted(chain(other), "ECDHE_ECDSA");
            believer.trust().checkClientTrusted(chain(other), "ECDHE_ECDSA");
        } else {
            assertThrows(
                    CertificateException.class,
                    () -> believer.trust().checkServerTrusted(chain(other), "ECDHE_ECDSA"));
            assertThrows(
                    CertificateException.class,
                    () -> believer.trust().checkClientTrusted(chain(other), "ECDHE_ECDSA"));
        }
    }

    private static java.security.cert.X509Certificate[] chain(Credentials of) {
        return of.current().chain().toArray(java.security.cert.X509Certificate[]::new);
    }

    @Test
    void inTheClearIsForThisMachineAndForWhoAsksForIt() {
        assertTrue(Exposure.credentials("", true, List.of("127.0.0.1:1", "[::1]:2")).isEmpty());
        assertTrue(Exposure.credentials("", true, List.of("unix:/run/s")).isEmpty());
        assertEquals(Path.of("d"), Exposure.credentials("d", false, List.of("h:1")).get());
        assertRefused("tls.dir is missing", "", false, "127.0.0.1:1");
        assertRefused("is neither", "", true, "10.0.0.1:1");
        assertRefused("is neither", "", true, "0.0.0.0:1");
        assertRefused("contradict", "d", true, "127.0.0.1:1");
        assertFalse(Exposure.isLocal("192.0.2.1:7"));
    }

    private static void assertRefused(String why, String dir, boolean insecure, String address) {
        var refused =
                assertThrows(
                        Exposure.Refused.class,
                        () -> Exposure.credentials(dir, insecure, List.of(address)));
        assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.getMessage());
    }
}
