package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.net.Transport;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a client with a lease reads without asking the primary, over sockets.
@Timeout(60)
class SealedReadsTest {
    private static final int CHUNKS = 8;
    private static final int SIZE = CHUNKS * MemoryQuorum.CHUNK_BYTES;

    private Transport transport;
    private MemoryNode node;
    private MemoryNode backup;
    private MemoryQuorum quorum;
    private CoppiceClient client;

    @BeforeEach
    void start() throws IOException {
        transport = Transport.create("memory-node", 1);
        node = new MemoryNode(transport);
        backup = new MemoryNode(transport);
        backup.backupOf = node;
        quorum = new MemoryQuorum(node, SIZE);
        quorum.backup = backup.address();
        client = connect();
    }

    @AfterEach
    void stop() {
        client.close();
        quorum.close();
        backup.close();
        node.close();
        transport.close();
    }

    private CoppiceClient connect() throws IOException {
        return CoppiceClient.connect(ClientConfig.defaults(List.of(quorum.address()), "test"));
    }

    private BlockingDevice open() throws IOException {
        return client.open("vol").blocking();
    }

    private int reads() {
        return node.reads.get() + backup.reads.get();
    }

    private static byte[] fill(BlockingDevice device) throws IOException {
        var data = new byte[SIZE];
        new Random(1).nextBytes(data);
        device.write(0, data, 0, SIZE);
        return data;
    }

    private static byte[] read(BlockingDevice device) throws IOException {
        var data = new byte[SIZE];
        device.read(0, data, 0, SIZE);
        return data;
    }

    @Test
    void whatASnapshotSharesIsReadTwiceAndThenKnown() throws IOException {
        BlockingDevice device = open();
        byte[] data = fill(device);
        quorum.snapshot("s", true);
        int before;
        do { // it hears of the snapshot, reads twice more, and then knows
            before = reads();
            assertArrayEquals(data, read(device));
        } while (reads() > before);
        int reads = reads();
        assertTrue(reads >= 2 * CHUNKS);
        assertArrayEquals(data, read(client.open("vol@s").blocking()), "of the same chunks");
        assertEquals(reads, reads());

        // In the chunk that is its own now nothing is sealed.
        new Random(2).nextBytes(data);
        device.write(0, data, 0, 4096);
        var block = new byte[4096];
        for (int i = 1; i <= 3; i++) {
            device.read(0, block, 0, 4096);
            assertArrayEquals(Arrays.copyOf(data, 4096), block);
            assertEquals(reads + i, reads());
        }
    }

    @Test
    void anyReplicaAnswersForSealedChunksIfItKnowsThem() throws IOException {
        BlockingDevice device = open();
        byte[] data = fill(device);
        assertArrayEquals(data, read(device));
        assertEquals(0, backup.reads.get(), "nothing is sealed yet");
        quorum.snapshot("s", true);
        int before;
        do { // until it has heard of the snapshot
            before = reads();
            assertArrayEquals(data, read(device));
            assertEquals(CHUNKS, reads() - before);
        } while (backup.reads.get() == 0);
        backup.knowsSealed = false;
        int answered = backup.reads.get();
        quorum.loses(2); // what is kept is forgotten
        assertArrayEquals(data, read(device));
        assertEquals(answered, backup.reads.get());
    }

    @Test
    void whoReadsBlockAfterBlockFindsTheNextOnesHere() throws IOException {
        BlockingDevice device = open();
        byte[] data = fill(device);
        quorum.snapshot("s", true);
        BlockingDevice snapshot = client.open("vol@s").blocking();
        var block = new byte[4096];
        int before = reads();
        for (int i = 5; i < 15; i++) { // another order brings nothing along
            snapshot.read(SIZE - i * 8192, block, 0, 4096);
        }
        assertEquals(before + 10, reads());
        before = reads();
        for (int at = 0; at < SIZE; at += 4096) {
            snapshot.read(at, block, 0, 4096);
            assertArrayEquals(Arrays.copyOfRange(data, at, at + 4096), block, "at " + at);
        }
        assertEquals(before + 2 + CHUNKS, reads(), "two alone, then all that is left of a chunk");
    }

    @Test
    void withoutALeaseEverythingIsAsked() throws IOException {
        quorum.leaseMillis = 0;
        client.close();
        client = connect();
        BlockingDevice device = open();
        var block = new byte[4096];
        device.read(0, block, 0, 4096);
        int asked = quorum.pagesAsked;
        device.read(0, block, 0, 4096);
        assertTrue(quorum.pagesAsked > asked, "where nothing is, another client may have written");
        byte[] data = fill(device);
        quorum.snapshot("s", true);
        for (int i = 1; i <= 4; i++) {
            assertArrayEquals(data, read(device));
            assertEquals(i * CHUNKS, node.reads.get());
        }
    }

    @Test
    void withALeaseWhatIsUnmappedIsNotLookedUpAgain() throws IOException {
        BlockingDevice device = open();
        read(device);
        int asked = quorum.pagesAsked;
        read(device);
        assertEquals(asked, quorum.pagesAsked);
    }
}
