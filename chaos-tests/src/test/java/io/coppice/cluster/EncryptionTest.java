package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.chaos.client.NbdDevice;
import io.coppice.client.BlockDevice;
import io.coppice.client.ClusterCheck;
import io.coppice.client.CoppiceClient;
import io.coppice.client.DeviceException;
import io.coppice.client.KeyRing;
import io.coppice.client.OpenOption;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.EraseKey;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RekeyVolume;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.SwapVolumes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Encrypted volumes in a whole system: what lies on the disks, who can read it, and for how long.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class EncryptionTest {
    private static final int BLOCK = 4096;
    private static final int BYTES = 3 * TestCluster.CHUNK_BYTES;
    private static final String SECRET = "the quick brown fox has a secret. ";

    private final Path dir;
    private final TestCluster cluster;
    private final KeyRing keys;
    private final CoppiceClient client;

    EncryptionTest(@TempDir Path dir) throws Exception {
        this.dir = dir;
        cluster = TestCluster.start(dir);
        keys = new KeyRing(dir.resolve("keys"));
        client = cluster.client("keeper", keys);
    }

    @BeforeAll
    void makeKeys() throws IOException {
        keys.create("team");
        keys.create("qa");
    }

    @AfterAll
    void stop() throws Exception {
        cluster.close();
    }

    private static byte[] text() {
        byte[] some = SECRET.repeat(BYTES / SECRET.length() + 1).getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(some, BYTES);
    }

    private void execute(ExecuteRequest.Builder command) throws ControlException {
        client.control().execute(command);
    }

    private void create(String name, boolean encrypted) throws Exception {
        var create = CreateVolume.newBuilder().setName(name).setSize(1 << 20);
        if (encrypted) {
            create.setKey(keys.newVolumeKey("team"));
        }
        execute(ExecuteRequest.newBuilder().setCreateVolume(create));
    }

    private void cloneOf(String source, String snapshot, String name) throws ControlException {
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateClones(
                                CreateClones.newBuilder()
                                        .setVolume(source)
                                        .setSnapshot(snapshot)
                                        .addNames(name)));
    }

    private static byte[] read(CoppiceClient by, String name) throws IOException {
        try (BlockDevice device = by.open(name)) {
            var data = new byte[BYTES];
            device.blocking().read(0, data, 0, BYTES);
            return data;
        }
    }

    private void write(String name, byte[] data) throws IOException {
        try (BlockDevice device = client.open(name)) {
            device.blocking().write(0, data, 0, data.length);
            device.blocking().flush();
        }
    }

    /// Whether any file of any storage node holds the text.
    private boolean onDisk(String text) throws IOException {
        try (var files = Files.walk(dir)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                boolean ofNode = dir.relativize(file).getName(0).toString().startsWith("n");
                if (ofNode && Files.readString(file, StandardCharsets.ISO_8859_1).contains(text)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static String refusal(CoppiceClient by, String name, OpenOption... options) {
        var refused = assertThrows(DeviceException.class, () -> by.open(name, options).close());
        String message = String.valueOf(refused.getMessage());
        assertEquals(1, message.lines().count(), message);
        return message;
    }

    @Test
    void nodesNeverSeePlainData() throws Exception {
        create("safe", true);
        byte[] text = text();
        write("safe", text);
        // Written over in parts, so that what is there is read and written again.
        try (BlockDevice device = client.open("safe")) {
            device.blocking().write(BLOCK - 5, text, BLOCK - 5, 10);
        }
        assertArrayEquals(text, read(client, "safe"));
        assertFalse(onDisk(SECRET), "of an encrypted volume");

        execute(
                ExecuteRequest.newBuilder()
                        .setCreateSnapshots(
                                CreateSnapshots.newBuilder()
                                        .addSnapshots(
                                                SnapshotName.newBuilder()
                                                        .setVolume("safe")
                                                        .setSnapshot("s"))));
        cloneOf("safe", "s", "copy");
        byte[] changed = text.clone();
        Arrays.fill(changed, 0, 100, (byte) 'x');
        try (BlockDevice device = client.open("copy")) {
            device.blocking().write(0, changed, 0, 100);
        }
        assertArrayEquals(changed, read(client, "copy"));
        assertArrayEquals(text, read(client, "safe@s"));
        assertFalse(onDisk(SECRET), "of a clone of it");
        assertTrue(new ClusterCheck(client.control(), true, (groups, of) -> {}).run().clean());

        create("open", false);
        write("open", text);
        assertTrue(onDisk(SECRET), "or this test sees nothing");
    }

    @Test
    void aKeyCanBeExchangedAndErased() throws Exception {
        create("v", true);
        write("v", text());
        cloneOf("v", "", "c");
        var source = SnapshotName.newBuilder().setVolume("c");
        var opened =
                client.control()
                        .query(
                                QueryRequest.newBuilder()
                                        .setOpenSource(OpenSource.newBuilder().setSource(source))
                                        .build())
                        .getOpened();
        execute(
                ExecuteRequest.newBuilder()
                        .setRekeyVolume(
                                RekeyVolume.newBuilder()
                                        .setName("c")
                                        .setKey(keys.rewrap("c", opened.getKey(), "qa"))));
        // Who has one of the keys only reads what is wrapped with that.
        Path qa = dir.resolve("qa-keys");
        Files.createDirectory(qa);
        Files.copy(
                keys.dir().resolve("qa"),
                qa.resolve("qa"),
                java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        CoppiceClient tester = cluster.client("tester", new KeyRing(qa));
        assertArrayEquals(text(), read(tester, "c"));
        String message = refusal(tester, "v");
        assertTrue(message.contains("'team', which is not in " + qa), message);

        execute(ExecuteRequest.newBuilder().setEraseKey(EraseKey.newBuilder().setName("v")));
        assertTrue(refusal(client, "v").contains("was erased"));
        assertTrue(refusal(client, "v", OpenOption.READ_ONLY).contains("was erased"));
        assertArrayEquals(text(), read(client, "c"));
        create("plain", false);
        var swap = SwapVolumes.newBuilder().setOne("c").setOther("plain");
        var refused =
                assertThrows(
                        ControlException.class,
                        () -> execute(ExecuteRequest.newBuilder().setSwapVolumes(swap)));
        assertTrue(String.valueOf(refused.getMessage()).contains("same data key"));
    }

    @Test
    void whoHasNotTheKeyIsToldInOneLine() throws Exception {
        create("locked", true);
        write("locked", text());
        CoppiceClient without = cluster.client("without keys");
        assertTrue(refusal(without, "locked").contains("is encrypted with key 'team'"));
        assertTrue(refusal(without, "locked", OpenOption.READ_ONLY).contains("no keys"));
        var other = new KeyRing(dir.resolve("other-keys"));
        other.create("team");
        CoppiceClient wrong = cluster.client("wrong key", other);
        assertTrue(refusal(wrong, "locked").contains("is another"));
        // Nobody holds it for having tried.
        assertArrayEquals(text(), read(client, "locked"));
    }

    @Test
    void aGatewayWithTheKeyServesIt() throws Exception {
        create("disk", true);
        String without = cluster.gateway("");
        var refused = assertThrows(IOException.class, () -> new NbdDevice(without, "disk"));
        assertTrue(
                String.valueOf(refused.getMessage()).contains("encrypted"), refused.getMessage());
        byte[] text = text();
        var device = new NbdDevice(cluster.gateway(keys.dir().toString()), "disk");
        try {
            device.write(0, ByteBuffer.wrap(text), false);
            var back = ByteBuffer.allocate(BYTES);
            device.read(0, back);
            assertArrayEquals(text, back.array());
            device.zero(0, BLOCK);
            device.flush();
            back.clear();
            device.read(0, back);
            Arrays.fill(text, 0, BLOCK, (byte) 0);
            assertArrayEquals(text, back.array());
        } finally {
            device.close();
        }
    }
}
