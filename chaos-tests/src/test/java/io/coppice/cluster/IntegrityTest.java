package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.BlockDevice;
import io.coppice.client.CheckResult;
import io.coppice.client.ClusterCheck;
import io.coppice.client.CoppiceClient;
import io.coppice.client.DeviceException;
import io.coppice.model.ChunkId;
import io.coppice.model.Position;
import io.coppice.node.StorageNodeConfig;
import io.coppice.node.disk.FileDisk;
import io.coppice.node.lane.LaneConfig;
import io.coppice.node.store.ChunkImage;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.ChunkSummary;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.SyncTicket;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.ReplicaState;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `check` finds where a store was changed behind the cluster's back, and what a full cluster
/// does.
@NullUnmarked
final class IntegrityTest {
    private static final int BLOCK = 4096;
    private static final int CHUNK = TestCluster.CHUNK_BYTES;

    @TempDir Path dir;
    private TestCluster cluster;
    private CoppiceClient client;

    /// What is done to a closed store.
    private interface Change {
        void apply(ChunkStore store, ChunkSummary chunk) throws IOException;
    }

    private void start(StoreConfig store, long capacityBytes) throws Exception {
        cluster =
                TestCluster.start(
                        dir,
                        config ->
                                new StorageNodeConfig(
                                        config.name(),
                                        config.rack(),
                                        config.stores(),
                                        config.dataAddress(),
                                        config.advertisedHost(),
                                        config.httpAddress(),
                                        config.controlEndpoints(),
                                        capacityBytes,
                                        config.heartbeatMillis(),
                                        LaneConfig.defaults().withScrub(0, 0),
                                        store));
        client = cluster.client("integrity");
    }

    @AfterEach
    void stop() throws Exception {
        cluster.close();
    }

    private void create(String name) throws Exception {
        client.control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setCreateVolume(
                                        CreateVolume.newBuilder().setName(name).setSize(64 << 20)));
    }

    private static byte[] filled(int value, int length) {
        var data = new byte[length];
        java.util.Arrays.fill(data, (byte) value);
        return data;
    }

    private CheckResult check(boolean deep) throws Exception {
        return new ClusterCheck(client.control(), deep, (groups, of) -> {}).run();
    }

    private void allServe() throws Exception {
        eventually(
                "all serve",
                () ->
                        client
                                .control()
                                .query(
                                        QueryRequest.newBuilder()
                                                .setListGroups(ListGroups.getDefaultInstance())
                                                .build())
                                .getGroupsList()
                                .stream()
                                .map(GroupInfo::getReplicasList)
                                .allMatch(replicas ->
                                        replicas.stream()
                                                .allMatch(replica ->
                                                        replica.getState()
                                                                == ReplicaState.REPLICA_SERVING)));
        // the client, which compares, hears of it a little later than the leader knows it
        eventually("the client knows", () -> check(false).notServing() == 0);
    }

    private static void eventually(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        var never = new CountDownLatch(1);
        while (!condition.call()) {
            assertTrue(System.nanoTime() < deadline, "never: " + what);
            assertFalse(never.await(20, TimeUnit.MILLISECONDS));
        }
    }

    /// Opens the store of a node that is stopped, and changes its first chunk with data.
    private void change(int node, Change change) throws IOException {
        Path path = dir.resolve("n" + node).resolve("chunks");
        StoreConfig config = StoreConfig.defaults().withChunkBytes(CHUNK);
        try (FileDisk disk = FileDisk.open(path);
                ChunkStore store =
                        ChunkStore.open(
                                disk,
                                config,
                                Objects.requireNonNull(ChunkStore.identify(disk)),
                                new Recovery())) {
            change.apply(store, firstChunk(store));
            sync(store);
            // A record that knows the change to be durable: else damage would pass for a torn tail.
            int group = store.groups()[0];
            store.mark(group, store.position(group), store.state(group));
            sync(store);
        }
    }

    private static void sync(ChunkStore store) throws IOException {
        store.commitBatch();
        SyncTicket ticket = store.beginSync();
        ticket.run();
        store.completeSync(ticket);
    }

    private static ChunkSummary firstChunk(ChunkStore store) {
        for (int group : store.groups()) {
            List<ChunkSummary> chunks = store.list(group, 0, 1);
            if (!chunks.isEmpty()) {
                return chunks.getFirst();
            }
        }
        throw new AssertionError("no chunk");
    }

    private void writeSome() throws Exception {
        create("v");
        try (BlockDevice device = client.open("v")) {
            device.blocking().write(0, filled(7, 4 * CHUNK), 0, 4 * CHUNK);
            device.blocking().flush();
        }
        assertTrue(check(true).clean());
    }

    @Test
    void aReplicaThatDiffersWithGoodChecksumsIsFound() throws Exception {
        start(StoreConfig.defaults(), 0);
        writeSome();
        cluster.stopNode(3);
        change(3, (store, chunk) -> replaceBlock(store, chunk, 8));
        eventually("seen to be gone", () -> check(false).notServing() > 0);
        CheckResult without = check(true);
        assertTrue(without.clean(), without.toString());
        assertEquals(
                without.notServing(),
                without.details().stream().filter(line -> line.startsWith("not compared")).count());

        cluster.startNode(3);
        allServe();
        for (boolean deep : new boolean[] {false, true}) {
            CheckResult found = check(deep);
            assertFalse(found.clean());
            assertEquals(0, found.notServing());
            assertTrue(found.replicaMismatches() > 0, found.toString());
            assertEquals(0, found.checksumErrors(), found.toString());
        }
        cluster.stopNode(3);
        change(3, (store, chunk) -> replaceBlock(store, chunk, 7));
        cluster.startNode(3);
        allServe();
        assertTrue(check(true).clean());
    }

    private static void replaceBlock(ChunkStore store, ChunkSummary chunk, int value) {
        ByteBuffer data = ByteBuffer.wrap(filled(value, BLOCK));
        store.repair(chunk.chunk(), 3, Checksums.crc32c(data), data);
    }

    @Test
    void badChecksumsOnAnyReplicaAreFoundAndMended() throws Exception {
        start(StoreConfig.defaults(), 0);
        writeSome();
        for (int node = 1; node <= 3; node++) {
            cluster.stopNode(node);
            change(
                    node,
                    (store, chunk) -> {
                        ByteBuffer data = ByteBuffer.wrap(filled(7, BLOCK));
                        int crc = Checksums.crc32c(data);
                        store.repair(chunk.chunk(), 3, crc, ByteBuffer.wrap(filled(9, BLOCK)));
                    });
            cluster.startNode(node);
            allServe();
            CheckResult shallow = check(false);
            assertTrue(shallow.clean(), "its checksum is what it should be: " + shallow);
            CheckResult found = check(true);
            assertFalse(found.clean());
            assertEquals(1, found.checksumErrors(), found.toString());
            assertEquals(1, found.repaired(), found.toString());
            assertTrue(check(true).clean());
        }
    }

    @Test
    void missingChunksAndOrphansAreFound() throws Exception {
        start(StoreConfig.defaults(), 0);
        writeSome();
        for (int node = 1; node <= 3; node++) {
            cluster.stopNode(node);
        }
        for (int node = 1; node <= 3; node++) {
            change(
                    node,
                    (store, chunk) -> {
                        store.drop(chunk.chunk());
                        ByteBuffer data = ByteBuffer.wrap(filled(5, BLOCK));
                        store.install(
                                new ChunkImage(
                                        ChunkId.of(ChunkId.group(chunk.chunk()), 1L << 40).value(),
                                        0,
                                        ChunkImage.Base.NOTHING,
                                        new Position(1, 1),
                                        new int[] {0},
                                        Checksums.ofBlocks(data),
                                        data,
                                        new int[0],
                                        List.of()));
                    });
        }
        for (int node = 1; node <= 3; node++) {
            cluster.startNode(node);
        }
        allServe();
        CheckResult found = check(true);
        assertFalse(found.clean());
        assertEquals(3, found.missingChunks(), found.toString());
        assertEquals(3, found.orphanChunks(), found.toString());
        assertEquals(0, found.refcountErrors(), found.toString());
    }

    // ---------------------------------------------------------------- full

    @Test
    void aFullClusterServesReadsAndTrimsAndDeletesAndComesBack() throws Exception {
        start(StoreConfig.defaults().withChunkBytes(CHUNK).withSegmentBytes(256 << 10), 6 << 20);
        create("big");
        int written = 0;
        try (BlockDevice device = client.open("big")) {
            DeviceException full = null;
            while (full == null && written < 200) {
                full = write(device, written);
                written += full == null ? 1 : 0;
            }
            assertEquals(DeviceException.Reason.NO_SPACE, Objects.requireNonNull(full).reason());
            assertTrue(written > 5, "only " + written + " chunks");
            for (int chunk = 0; chunk < written; chunk++) {
                var block = ByteBuffer.allocate(BLOCK);
                device.blocking().read((long) chunk * CHUNK, block);
                assertArrayEquals(filled(chunk, BLOCK), block.array());
            }
            int afterwards = written;
            assertThrows(
                    IOException.class, () -> create("other", afterwards), "new chunks are refused");
            device.blocking().discard(0, 2L * CHUNK);
            device.blocking().flush();
            var block = ByteBuffer.allocate(BLOCK);
            device.blocking().read(0, block);
            assertArrayEquals(filled(0, BLOCK), block.array());
        }
        assertTrue(check(true).clean());
        client.control()
                .execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteVolume(
                                        DeleteVolume.newBuilder().setName("big").setNow(true)));
        create("again");
        try (BlockDevice device = client.open("again")) {
            eventually("there is room again", () -> write(device, 1) == null);
        }
        eventually("clean", () -> check(true).clean());
    }

    private void create(String name, int chunk) throws Exception {
        create(name);
        try (BlockDevice device = client.open(name)) {
            DeviceException refused = write(device, chunk);
            if (refused != null) {
                throw new IOException(refused);
            }
        }
    }

    private static DeviceException write(BlockDevice device, int chunk) {
        try {
            device.write((long) chunk * CHUNK, Unpooled.wrappedBuffer(filled(chunk, CHUNK))).join();
            return null;
        } catch (CompletionException e) {
            return (DeviceException) e.getCause();
        }
    }
}
