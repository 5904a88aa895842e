package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.BlockDevice;
import io.coppice.client.ClusterCheck;
import io.coppice.client.CoppiceClient;
import io.coppice.directory.ControlException;
import io.coppice.metadata.server.MetadataServerConfig.RepairLimits;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.DrainNode;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.ListNodes;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RemoveNode;
import io.coppice.wire.pb.StoreInfo;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Redundancy and balance come back by themselves, under load. Every test has a cluster of its own.
@Timeout(120)
class RepairClusterTest {
    private static final int BLOCK = 4096;
    private static final int CHUNK = TestCluster.CHUNK_BYTES;
    private static final int VOLUME_BYTES = 64 * CHUNK;

    private static final RepairLimits PROMPT =
            new RepairLimits(
                    Duration.ofMillis(300), Duration.ofMillis(50), Duration.ZERO, 4, 4, 95);

    @TempDir Path dir;

    // ------------------------------------------------------------ a store is lost for good

    @Test
    void aLostStoreIsRebuiltOnTheOthersUnderLoad() throws Exception {
        try (var cluster = TestCluster.start(dir, 4, 12, PROMPT);
                var client = cluster.client("repair")) {
            create(client, "v");
            try (var load = new Load(client.open("v"))) {
                load.awaitRounds(2);
                int lost = node(client, "n1").getId();
                cluster.stopNode(1);
                await(client, status -> status.getRepairBytesLeft() > 0);
                awaitEmpty(client, "n1");
                awaitWhole(client);
                for (GroupInfo group : groups(client)) {
                    assertEquals(3, group.getReplicasCount());
                    assertTrue(
                            group.getReplicasList().stream().noneMatch(r -> r.getNode() == lost),
                            group::toString);
                }
                load.awaitRounds(1);
            }
            remove(client, "n1");
            assertEquals(0, status(client).getRepairBytesLeft());
            assertClean(client);
        }
    }

    // ------------------------------------------------------------ a node comes, another goes

    @Test
    void aNodeIsAddedAndAnotherDrainedAndRemovedUnderLoad() throws Exception {
        try (var cluster = TestCluster.start(dir, 3, 20, PROMPT);
                var client = cluster.client("repair")) {
            create(client, "v");
            try (var load = new Load(client.open("v"))) {
                load.awaitRounds(2);
                cluster.startNode(4);
                await(client, status -> status.getNodesUp() == 4);
                awaitBalance(client, 15);
                drain(client, "n1");
                awaitBalance(client, 20);
                remove(client, "n1");
                load.awaitRounds(1);
                cluster.stopNode(1);
                load.awaitRounds(1);
            }
            assertEquals("ok", status(client).getHealth());
            assertClean(client);
        }
    }

    /// Every store that is to hold replicas holds `share` of them, 10 % or one more or less.
    private static void awaitBalance(CoppiceClient client, int share) throws Exception {
        awaitWhole(client);
        while (true) {
            boolean even = true;
            for (NodeInfo node : nodes(client)) {
                int held = node.getStoresList().stream().mapToInt(StoreInfo::getGroups).sum();
                int due = node.getDraining() ? 0 : share;
                even &= node.getDraining() ? held == 0 : Math.abs(held - due) <= due / 10;
            }
            if (even && groups(client).stream().allMatch(g -> g.getReplicasCount() == 3)) {
                return;
            }
            LockSupport.parkNanos(20_000_000);
        }
    }

    // ------------------------------------------------------------ shared blocks

    /// Twenty clones that share most of a base that is gone: the new store fetches, and holds, what
    /// is distinct, not twenty times as much.
    @Test
    void blocksThatManyChunksShareMoveOnce() throws Exception {
        int clones = 20;
        int chunks = 12;
        try (var cluster = TestCluster.start(dir, 3, 6, PROMPT);
                var client = cluster.client("repair")) {
            create(client, "base");
            try (BlockDevice base = client.open("base")) {
                base.blocking().write(0, random(1, chunks * CHUNK), 0, chunks * CHUNK);
            }
            var names = new java.util.ArrayList<String>();
            for (int i = 0; i < clones; i++) {
                names.add("c" + i);
            }
            execute(
                    client,
                    ExecuteRequest.newBuilder()
                            .setCreateClones(
                                    CreateClones.newBuilder()
                                            .setVolume("base")
                                            .addAllNames(names)));
            for (int i = 0; i < clones; i++) {
                try (BlockDevice clone = client.open("c" + i)) {
                    for (int chunk = 0; chunk < chunks; chunk++) {
                        clone.blocking()
                                .write((long) chunk * CHUNK, random(100 + i, BLOCK), 0, BLOCK);
                    }
                }
            }
            execute(
                    client,
                    ExecuteRequest.newBuilder()
                            .setDeleteVolume(
                                    DeleteVolume.newBuilder().setName("base").setNow(true)));
            cluster.startNode(4);
            await(client, status -> status.getNodesUp() == 4);
            drain(client, "n1");
            awaitEmpty(client, "n1");
            awaitWhole(client);
            long distinct = (long) chunks * (CHUNK - BLOCK) + (long) clones * chunks * BLOCK;
            long moved = cluster.node(4).metrics().counter("node.resync.bytes").getCount();
            assertTrue(
                    moved >= distinct && moved <= distinct * 11 / 10,
                    moved + " bytes moved for " + distinct + " distinct ones");
            assertTrue(
                    cluster.node(4).metrics().counter("node.resync.shared.blocks").getCount() > 0);
            for (int i = 0; i < clones; i++) {
                verifyClone(client, i, chunks);
            }
            assertClean(client);
        }
    }

    private static void verifyClone(CoppiceClient client, int number, int chunks) throws Exception {
        byte[] base = random(1, chunks * CHUNK);
        byte[] own = random(100 + number, BLOCK);
        try (BlockDevice clone = client.open("c" + number)) {
            var read = ByteBuffer.allocate(chunks * CHUNK);
            clone.blocking().read(0, read);
            for (int chunk = 0; chunk < chunks; chunk++) {
                System.arraycopy(own, 0, base, chunk * CHUNK, BLOCK);
            }
            assertEquals(ByteBuffer.wrap(base), read.flip(), "clone " + number);
        }
    }

    // ------------------------------------------------------------ a node is away

    /// What is fetched is what was written meanwhile, in blocks, however large the chunks.
    @Test
    void aNodeThatWasAwayFetchesTheBlocksThatChanged() throws Exception {
        var patient = PROMPT.withAfter(Duration.ofHours(1));
        try (var cluster = TestCluster.start(dir, 3, 6, patient);
                var client = cluster.client("repair")) {
            create(client, "v");
            try (BlockDevice device = client.open("v")) {
                device.blocking().write(0, random(1, VOLUME_BYTES), 0, VOLUME_BYTES);
                cluster.stopNode(3);
                await(client, status -> status.getNodesUp() == 2);
                for (int chunk = 0; chunk < 64; chunk++) {
                    device.blocking().write((long) chunk * CHUNK, random(2, BLOCK), 0, BLOCK);
                }
                device.blocking().writeZeroes(CHUNK + 2L * BLOCK, BLOCK, false);
                cluster.startNode(3);
                await(client, status -> status.getNodesUp() == 3);
                awaitWhole(client);
                long moved = cluster.node(3).metrics().counter("node.resync.bytes").getCount();
                long written = 64L * BLOCK;
                assertTrue(moved <= written * 11 / 10, moved + " bytes moved for " + written);
            }
            assertClean(client);
        }
    }

    // ------------------------------------------------------------ load

    /// Writes numbered blocks round and round, and reads each back: an error or a wrong block ends
    /// it.
    private static final class Load implements AutoCloseable {
        private final BlockDevice device;
        private final AtomicBoolean stop = new AtomicBoolean();
        private final CompletableFuture<?> writer;
        private volatile int rounds;

        Load(BlockDevice device) {
            this.device = device;
            writer = CompletableFuture.runAsync(this::write);
        }

        private void write() {
            int blocks = VOLUME_BYTES / BLOCK;
            var random = new Random(1);
            var last = new int[blocks];
            for (int n = 1; !stop.get(); n++) {
                int block = random.nextInt(blocks);
                byte[] data = random(n, BLOCK);
                device.write((long) block * BLOCK, Unpooled.wrappedBuffer(data)).join();
                last[block] = n;
                int other = random.nextInt(blocks);
                byte[] expected = last[other] == 0 ? new byte[BLOCK] : random(last[other], BLOCK);
                var target = Unpooled.buffer(BLOCK, BLOCK);
                device.read((long) other * BLOCK, target).join();
                assertEquals(Unpooled.wrappedBuffer(expected), target, "block " + other);
                if (n % 300 == 0) {
                    rounds++;
                }
            }
        }

        /// So much more of it.
        void awaitRounds(int count) {
            int goal = rounds + count;
            while (rounds < goal && !writer.isDone()) {
                LockSupport.parkNanos(20_000_000);
            }
            if (writer.isDone()) {
                writer.join();
            }
        }

        @Override
        public void close() throws Exception {
            stop.set(true);
            writer.get(60, TimeUnit.SECONDS);
            device.close();
        }
    }

    // ------------------------------------------------------------ the quorum

    private interface Condition {
        boolean holds(ClusterStatus status);
    }

    private static void await(CoppiceClient client, Condition condition) throws Exception {
        while (!condition.holds(status(client))) {
            assertEquals(0, status(client).getGroupsOrDefault("unavailable", 0));
            LockSupport.parkNanos(20_000_000);
        }
    }

    /// All groups serve from as many replicas as there are to be.
    private static void awaitWhole(CoppiceClient client) throws Exception {
        await(
                client,
                status ->
                        status.getGroupsMap().keySet().equals(java.util.Set.of("healthy"))
                                && status.getRepairBytesLeft() == 0);
    }

    private static ClusterStatus status(CoppiceClient client) throws ControlException {
        return query(client, QueryRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()))
                .getStatus();
    }

    private static List<GroupInfo> groups(CoppiceClient client) throws ControlException {
        return query(
                        client,
                        QueryRequest.newBuilder().setListGroups(ListGroups.getDefaultInstance()))
                .getGroupsList();
    }

    private static List<NodeInfo> nodes(CoppiceClient client) throws ControlException {
        return query(client, QueryRequest.newBuilder().setListNodes(ListNodes.getDefaultInstance()))
                .getNodesList();
    }

    private static NodeInfo node(CoppiceClient client, String name) throws ControlException {
        return nodes(client).stream()
                .filter(each -> each.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitEmpty(CoppiceClient client, String name) throws ControlException {
        while (node(client, name).getStoresList().stream().anyMatch(s -> s.getGroups() > 0)) {
            LockSupport.parkNanos(20_000_000);
        }
    }

    private static io.coppice.wire.pb.QueryResponse query(
            CoppiceClient client, QueryRequest.Builder query) throws ControlException {
        return client.control().query(query.build());
    }

    private static void execute(CoppiceClient client, ExecuteRequest.Builder command)
            throws ControlException {
        client.control().execute(command);
    }

    private static void drain(CoppiceClient client, String node) throws ControlException {
        execute(
                client,
                ExecuteRequest.newBuilder().setDrainNode(DrainNode.newBuilder().setNode(node)));
    }

    private static void remove(CoppiceClient client, String node) throws ControlException {
        execute(
                client,
                ExecuteRequest.newBuilder().setRemoveNode(RemoveNode.newBuilder().setNode(node)));
    }

    private static void create(CoppiceClient client, String name) throws ControlException {
        execute(
                client,
                ExecuteRequest.newBuilder()
                        .setCreateVolume(
                                CreateVolume.newBuilder().setName(name).setSize(VOLUME_BYTES)));
    }

    private static void assertClean(CoppiceClient client) throws Exception {
        var result = new ClusterCheck(client.control(), true, (groups, of) -> {}).run();
        assertTrue(result.clean(), result.toString());
    }

    private static byte[] random(int seed, int length) {
        var bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
