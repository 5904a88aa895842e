package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.nbd.ClientIdentity.Proof;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What other people's NBD clients do over TLS.
class TlsClientsTest {
    private static final int MIB = 1 << 20;
    private static final String KEY =
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    @TempDir private Path dir;

    private TestAuthority authority;
    private NbdFixture nbd;
    private MemoryDevice device;

    @BeforeEach
    void start() throws IOException {
        authority = new TestAuthority();
        authority.issue(dir.resolve("gateway"), "gateway", "principal");
        Files.writeString(dir.resolve("keys"), "bob:" + KEY + "\n");
        serve(true, true, false);
    }

    private void serve(boolean certificates, boolean keys, boolean required) throws IOException {
        if (nbd != null) {
            nbd.close();
        }
        var config =
                new NbdTlsConfig(
                        certificates ? Optional.of(dir.resolve("gateway")) : Optional.empty(),
                        keys ? Optional.of(dir.resolve("keys")) : Optional.empty(),
                        required,
                        false);
        nbd = new NbdFixture(NbdFixture.limits(), config);
        device = nbd.exports.add("disk", 16 * MIB);
    }

    @AfterEach
    void stop() throws IOException {
        NbdFixture.await("connections end", () -> nbd.server.connectionCount() == 0);
        NbdFixture.await("exports close", () -> nbd.server.exportCount() == 0);
        assertEquals(
                NbdFixture.limits().sharedBytes(),
                nbd.server.sharedBytesFree(),
                "memory came back");
        nbd.close();
    }

    private String certified(String name) throws IOException {
        var files = authority.issue(dir.resolve("of-" + name), name, "principal");
        return nbd.tlsUri("disk", "tls-certificates=" + files);
    }

    private String keyed(String user, String key) throws IOException {
        var file = Files.writeString(dir.resolve("key-of-" + user), user + ":" + key + "\n");
        return nbd.tlsUri("disk", "tls-psk-file=" + file).replace("localhost", user + "@localhost");
    }

    private void refused(String uri) {
        var ended = Tool.tryRun("nbdinfo", uri);
        assertNotEquals(0, ended.status(), ended.output());
        assertFalse(ended.output().contains("16777216"), ended.output());
        assertEquals(0, nbd.exports.opens.get(), "nothing was opened");
    }

    /// In and out again over three connections.
    private void copies(String uri) throws IOException {
        var bytes = new byte[16 * MIB];
        new Random(3).nextBytes(bytes);
        java.util.Arrays.fill(bytes, 5 * MIB, 9 * MIB, (byte) 0);
        Path source = dir.resolve("source");
        Path target = dir.resolve("target");
        Files.write(source, bytes);
        Tool.run("nbdcopy", "--connections=3", source.toString(), uri);
        Tool.run("nbdcopy", "--connections=3", uri, target.toString());
        assertArrayEquals(bytes, Files.readAllBytes(target));
        assertFalse(device.sawForeignThread, "a call came from another thread than the device's");
    }

    @Test
    void copiesWithACertificate() throws IOException {
        copies(certified("alice"));
        assertEquals(
                Set.of("alice"),
                Set.copyOf(nbd.exports.openedFor.stream().map(ClientIdentity::name).toList()));
        var alice = nbd.exports.openedFor.iterator().next();
        assertEquals(Proof.CERTIFICATE, alice.proof());
        assertFalse(alice.serial().isEmpty());
        assertTrue(nbd.metrics.meter("nbd.connections.secured").getCount() >= 2);
    }

    @Test
    void copiesWithAPreSharedKey() throws IOException {
        copies(keyed("bob", KEY));
        assertEquals(Set.of(ClientIdentity.ofKey("bob")), nbd.exports.openedFor);
    }

    @Test
    void oneKindOfProofIsEnough() throws IOException {
        serve(true, false, false);
        Tool.run("nbdinfo", certified("alice"));
        serve(false, true, false);
        Tool.run("nbdinfo", keyed("bob", KEY));
    }

    @Test
    void qemuConvertsWithACertificate() throws IOException {
        var files = authority.issue(dir.resolve("of-carol"), "carol", "principal");
        qemu("tls-creds-x509,id=t,endpoint=client,dir=" + files);
        assertEquals("carol", nbd.exports.openedFor.iterator().next().name());
    }

    @Test
    void qemuConvertsWithAPreSharedKey() throws IOException {
        var files = Files.createDirectories(dir.resolve("of-bob"));
        Files.writeString(files.resolve("keys.psk"), "bob:" + KEY + "\n");
        qemu("tls-creds-psk,id=t,endpoint=client,username=bob,dir=" + files);
        assertEquals(Set.of(ClientIdentity.ofKey("bob")), nbd.exports.openedFor);
    }

    private void qemu(String credentials) throws IOException {
        var bytes = new byte[4 * MIB];
        new Random(4).nextBytes(bytes);
        Path source = dir.resolve("source");
        Files.write(source, java.util.Arrays.copyOf(bytes, 16 * MIB));
        String target =
                "driver=nbd,host=localhost,port=%d,export=disk,tls-creds=t"
                        .formatted(nbd.tcp().getPort());
        Tool.run(
                "qemu-img",
                "convert",
                "--object",
                credentials,
                "-n",
                "-f",
                "raw",
                "--target-image-opts",
                source.toString(),
                target);
        String same =
                Tool.run(
                        "qemu-img",
                        "compare",
                        "--object",
                        credentials,
                        "--image-opts",
                        "driver=file,filename=" + source,
                        target);
        assertTrue(same.contains("identical"), same);
    }

    @Test
    void plainClientsOnThisMachineAreServedUnlessTlsIsRequired() throws IOException {
        String plain = "nbd://localhost:" + nbd.tcp().getPort() + "/disk";
        Tool.run("nbdinfo", plain);
        Tool.run("nbdinfo", nbd.uri("disk"));
        assertTrue(nbd.exports.openedFor.contains(ClientIdentity.UNKNOWN));
        serve(true, true, true);
        refused("nbd://localhost:" + nbd.tcp().getPort() + "/disk");
        refused(nbd.uri("disk"));
        var listed = Tool.tryRun("nbdinfo", "--list", plain);
        assertFalse(listed.output().contains("disk:"), listed.output());
        Tool.run("nbdinfo", certified("alice"));
        Tool.run("nbdinfo", keyed("bob", KEY));
    }

    @Test
    void certificatesOfOthersAreRefused() throws IOException {
        var stranger = new TestAuthority();
        var files = stranger.issue(dir.resolve("stranger"), "alice", "principal");
        // It believes us; we do not believe it.
        Files.copy(
                dir.resolve("gateway/ca.crt"),
                files.resolve("ca-cert.pem"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        refused(nbd.tlsUri("disk", "tls-certificates=" + files));

        var server = authority.issue(dir.resolve("server"), "node1", "server");
        refused(nbd.tlsUri("disk", "tls-certificates=" + server));

        var past = Instant.now().minusSeconds(60);
        var expired = authority.issue(dir.resolve("expired"), "alice", "principal", past);
        refused(nbd.tlsUri("disk", "tls-certificates=" + expired));

        var none = Files.createDirectories(dir.resolve("none"));
        Files.copy(dir.resolve("gateway/ca.crt"), none.resolve("ca-cert.pem"));
        refused(nbd.tlsUri("disk", "tls-certificates=" + none));
    }

    @Test
    void clientsRefuseAGatewayOfAnotherAuthority() throws IOException {
        var stranger = new TestAuthority();
        var files = stranger.issue(dir.resolve("stranger"), "alice", "principal");
        refused(nbd.tlsUri("disk", "tls-certificates=" + files));
    }

    @Test
    void wrongKeysAndUnknownUsersAreRefused() throws IOException {
        refused(keyed("bob", KEY.replace('0', '1')));
        refused(keyed("eve", KEY));
        serve(true, false, false);
        refused(keyed("bob", KEY));
        serve(false, true, false);
        refused(certified("alice"));
    }

    @Test
    void changedFilesCountWithoutARestart() throws IOException {
        String before = certified("alice");
        Tool.run("nbdinfo", before);
        Tool.run("nbdinfo", keyed("bob", KEY));

        Files.writeString(dir.resolve("gateway/tls.crt"), "half a certificate");
        Tool.run("nbdinfo", before); // what cannot be used does not count

        authority = new TestAuthority();
        authority.issue(dir.resolve("gateway"), "gateway", "principal");
        var files = authority.issue(dir.resolve("new"), "alice", "principal");
        String after = nbd.tlsUri("disk", "tls-certificates=" + files);
        NbdFixture.await(
                "the new certificate is shown", () -> Tool.tryRun("nbdinfo", after).status() == 0);
        assertNotEquals(0, Tool.tryRun("nbdinfo", before).status());

        Files.writeString(dir.resolve("keys"), "carol:" + KEY + "\n");
        String carol = keyed("carol", KEY);
        NbdFixture.await("the new key is known", () -> Tool.tryRun("nbdinfo", carol).status() == 0);
        assertNotEquals(0, Tool.tryRun("nbdinfo", keyed("bob", KEY)).status());
    }
}
