package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.net.Transport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The library with an encrypted volume, over sockets against a quorum and a node in memory.
@Timeout(60)
class EncryptedDeviceTest {
    private static final int SIZE = 5 * MemoryQuorum.CHUNK_BYTES - 8192;
    private static final byte[] SECRET = "a secret in the clear".getBytes(StandardCharsets.UTF_8);

    @TempDir Path dir;
    private KeyRing ring;
    private Transport transport;
    private MemoryNode node;
    private MemoryQuorum quorum;
    private CoppiceClient client;

    @BeforeEach
    void start() throws IOException {
        ring = new KeyRing(dir);
        ring.create("k");
        transport = Transport.create("memory-node", 1);
        node = new MemoryNode(transport);
        quorum = new MemoryQuorum(node, SIZE);
        quorum.key = ring.newVolumeKey("k");
        client = connect(ring);
    }

    @AfterEach
    void stop() {
        client.close();
        quorum.close();
        node.close();
        transport.close();
    }

    private CoppiceClient connect(KeyRing keys) throws IOException {
        return CoppiceClient.connect(
                ClientConfig.defaults(List.of(quorum.address()), "test")
                        .withOperationDeadline(Duration.ofSeconds(20))
                        .withKeys(keys));
    }

    private static byte[] read(BlockDevice device) throws IOException {
        var data = new byte[SIZE];
        device.blocking().read(0, data, 0, SIZE);
        return data;
    }

    private boolean nodeHas(byte[] bytes) {
        String wanted = new String(bytes, StandardCharsets.ISO_8859_1);
        return node.chunks.values().stream()
                .flatMap(chunk -> chunk.values().stream())
                .anyMatch(block -> new String(block, StandardCharsets.ISO_8859_1).contains(wanted));
    }

    /// Writes, discards and zeros of any alignment, and reads after each.
    private static void churn(BlockDevice device, Random random, int times, byte[] model)
            throws IOException {
        for (int i = 0; i < times; i++) {
            int length = 1 + random.nextInt(random.nextInt(4) == 0 ? SIZE : 20_000);
            int at = random.nextInt(SIZE - length + 1);
            switch (random.nextInt(6)) {
                case 0 -> {
                    device.blocking().writeZeroes(at, length, random.nextBoolean());
                    Arrays.fill(model, at, at + length, (byte) 0);
                }
                case 1 -> {
                    int from = (at + 4095) & -4096;
                    int to = at + length == SIZE ? SIZE : (at + length) & -4096;
                    device.blocking().discard(at, length);
                    if (from < to) {
                        Arrays.fill(model, from, to, (byte) 0);
                    }
                }
                default -> {
                    var data = new byte[length];
                    random.nextBytes(data);
                    System.arraycopy(data, 0, model, at, length);
                    device.blocking().write(at, data, 0, length);
                }
            }
            int many = 1 + random.nextInt(30_000);
            int from = random.nextInt(SIZE - many + 1);
            var some = new byte[many];
            device.blocking().read(from, some, 0, many);
            assertArrayEquals(Arrays.copyOfRange(model, from, from + many), some);
        }
    }

    @Test
    void bytesOfAnyAlignmentComeBackAlsoFromSnapshotsAndMemory() throws IOException {
        BlockDevice device = client.open("vol");
        var random = new Random(4);
        var model = new byte[SIZE];
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            churn(device, random, 80, model);
            quorum.snapshot("s" + i, true);
            contents.add(model.clone());
        }
        churn(device, random, 80, model);
        for (int round = 0; round < 3; round++) { // the last one is answered from memory
            for (int i = 0; i < contents.size(); i++) {
                try (BlockDevice snapshot = client.open("vol@s" + i)) {
                    assertArrayEquals(contents.get(i), read(snapshot));
                }
            }
        }
        assertArrayEquals(model, read(device));
        try (CoppiceClient another = connect(ring);
                BlockDevice reader = another.open("vol", OpenOption.READ_ONLY)) {
            assertArrayEquals(model, read(reader));
        }
    }

    @Test
    void theNodeHasCipherTextAndHoles() throws IOException {
        BlockDevice device = client.open("vol");
        device.blocking().write(10_000, SECRET, 0, SECRET.length);
        device.blocking().write(32_768, Arrays.copyOf(SECRET, 4096), 0, 4096);
        assertFalse(nodeHas(SECRET));
        assertEquals(2, node.chunks.values().iterator().next().size());
        var model = new byte[SIZE];
        System.arraycopy(SECRET, 0, model, 10_000, SECRET.length);
        System.arraycopy(SECRET, 0, model, 32_768, SECRET.length);
        assertArrayEquals(model, read(device));
        // As zeros that are stored look nothing like zeros.
        device.blocking().writeZeroes(0, 4096, false);
        assertFalse(nodeHas(new byte[64]));
        assertArrayEquals(model, read(device));
    }

    @Test
    void brokenConnectionsChangeNothing() throws IOException {
        BlockDevice device = client.open("vol");
        node.breakOneIn = 25;
        var model = new byte[SIZE];
        churn(device, new Random(5), 100, model);
        node.breakOneIn = 0;
        assertArrayEquals(model, read(device));
    }

    @Test
    void withoutTheKeyNothingIsOpened() throws IOException {
        for (KeyRing wrong : List.of(new KeyRing(dir.resolve("none")), another())) {
            try (CoppiceClient stranger = connect(wrong)) {
                var refused = assertThrows(DeviceException.class, () -> stranger.open("vol"));
                assertEquals(DeviceException.Reason.NO_KEY, refused.reason());
                assertThrows(
                        DeviceException.class, () -> stranger.open("vol", OpenOption.READ_ONLY));
            }
            assertFalse(quorum.isAttached());
        }
    }

    private KeyRing another() throws IOException {
        var other = new KeyRing(dir.resolve("other"));
        other.create("k");
        return other;
    }

    /// A name may mean another volume by the time the quorum attaches it.
    @Test
    void aKeyThatIsNotTheOneThatWasFoundIsNoticed() throws IOException {
        var config = ClientConfig.defaults(List.of(quorum.address()), "without keys");
        try (CoppiceClient without = CoppiceClient.connect(config)) {
            var refused = assertThrows(DeviceException.class, () -> without.open("vol"));
            assertEquals(DeviceException.Reason.NO_KEY, refused.reason());
            assertTrue(String.valueOf(refused.getMessage()).contains("open it again"));
        }
    }
}
