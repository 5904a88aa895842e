package io.coppice.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.client.BlockDevice;
import io.coppice.client.CheckResult;
import io.coppice.client.ClusterCheck;
import io.coppice.client.CoppiceClient;
import io.coppice.client.DeviceException;
import io.coppice.directory.ControlException;
import io.coppice.node.disk.FileDisk;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.ChunkSummary;
import io.coppice.node.store.Recovery;
import io.coppice.node.store.StoreConfig;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetUsage;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.ListProjects;
import io.coppice.wire.pb.Policy;
import io.coppice.wire.pb.ProjectInfo;
import io.coppice.wire.pb.PutPolicy;
import io.coppice.wire.pb.PutProject;
import io.coppice.wire.pb.PutQuota;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.Quota;
import io.coppice.wire.pb.ReadAudit;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.ShowVolume;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.Usage;
import io.coppice.wire.pb.VolumeInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What is said to be stored, somebody's own, or free after a deletion, is so on the stores.
@NullUnmarked
@Timeout(180)
final class AccountingClusterTest {
    private static final long DIFFERENT = -1;
    private static final int BLOCK = 4096;
    private static final int CHUNK = TestCluster.CHUNK_BYTES;
    private static final int NODES = 3;

    @TempDir Path dir;
    private TestCluster cluster;
    private CoppiceClient client;

    @BeforeEach
    void start() throws Exception {
        cluster = TestCluster.start(dir, Duration.ofHours(1));
        client = cluster.client("accounting");
    }

    @AfterEach
    void stop() throws Exception {
        cluster.close();
    }

    // ---------------------------------------------------------------- words

    private void execute(ExecuteRequest.Builder command) throws ControlException {
        client.control().execute(command);
    }

    private void create(String name, String project) throws ControlException {
        var command =
                CreateVolume.newBuilder().setName(name).setSize(32L * CHUNK).setProject(project);
        execute(ExecuteRequest.newBuilder().setCreateVolume(command));
    }

    private void snapshot(String volume, String snapshot) throws ControlException {
        var command = CreateSnapshots.newBuilder().addSnapshots(name(volume + "@" + snapshot));
        execute(ExecuteRequest.newBuilder().setCreateSnapshots(command));
    }

    private void cloneTo(String source, String name, String project) throws ControlException {
        SnapshotName from = name(source);
        var command =
                CreateClones.newBuilder()
                        .setVolume(from.getVolume())
                        .setSnapshot(from.getSnapshot())
                        .addNames(name)
                        .setProject(project);
        execute(ExecuteRequest.newBuilder().setCreateClones(command));
    }

    private void delete(String source) throws ControlException {
        SnapshotName name = name(source);
        execute(
                name.getSnapshot().isEmpty()
                        ? ExecuteRequest.newBuilder()
                                .setDeleteVolume(
                                        DeleteVolume.newBuilder().setName(source).setNow(true))
                        : ExecuteRequest.newBuilder()
                                .setDeleteSnapshot(DeleteSnapshot.newBuilder().setSnapshot(name)));
    }

    private static SnapshotName name(String source) {
        int at = source.indexOf('@');
        return SnapshotName.newBuilder()
                .setVolume(at < 0 ? source : source.substring(0, at))
                .setSnapshot(at < 0 ? "" : source.substring(at + 1))
                .build();
    }

    private void write(String volume, long block, int count) throws Exception {
        byte[] data = new byte[count * BLOCK];
        Arrays.fill(data, (byte) (block + 1));
        try (BlockDevice device = client.open(volume)) {
            device.blocking().write(block * BLOCK, data, 0, data.length);
            device.blocking().flush();
        }
    }

    private Usage usage(GetUsage.Builder query) throws ControlException {
        return client.control()
                .query(QueryRequest.newBuilder().setGetUsage(query).build())
                .getUsage();
    }

    private long freedBy(String... names) throws ControlException {
        var query = GetUsage.newBuilder();
        for (String each : names) {
            query.addFreedBy(name(each));
        }
        return usage(query).getFreedBytes();
    }

    private VolumeInfo show(String name) throws ControlException {
        var query = ShowVolume.newBuilder().setName(name);
        return client.control()
                .query(QueryRequest.newBuilder().setShowVolume(query).build())
                .getVolumes(0);
    }

    private static void eventually(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        var never = new CountDownLatch(1);
        while (!condition.call()) {
            assertTrue(System.nanoTime() < deadline, "never: " + what);
            assertFalse(never.await(50, TimeUnit.MILLISECONDS));
        }
    }

    private void settled() throws Exception {
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
        eventually("nothing waits to be purged", () -> purged());
    }

    private boolean purged() throws Exception {
        CheckResult found = new ClusterCheck(client.control(), false, (groups, of) -> {}).run();
        return found.clean() && found.orphanChunks() == 0 && found.notServing() == 0;
    }

    /// Distinct blocks in the files of each store, which is the same for all, in bytes; or that it
    /// is not.
    private long bytesOnTheStores() throws Exception {
        for (int node = 1; node <= NODES; node++) {
            cluster.stopNode(node);
        }
        Set<Long> found = new HashSet<>();
        for (int node = 1; node <= NODES; node++) {
            found.add(bytesOn(dir.resolve("n" + node).resolve("chunks")));
        }
        for (int node = 1; node <= NODES; node++) {
            cluster.startNode(node);
        }
        settled();
        return found.size() == 1 ? found.iterator().next() : DIFFERENT;
    }

    /// Nodes drop what the quorum has dropped a moment later.
    private boolean isHeld(long bytes) throws Exception {
        return bytesOnTheStores() == bytes;
    }

    private static long bytesOn(Path path) throws IOException {
        StoreConfig config = StoreConfig.defaults().withChunkBytes(CHUNK);
        Set<Long> places = new HashSet<>();
        try (FileDisk disk = FileDisk.open(path);
                ChunkStore store =
                        ChunkStore.open(
                                disk,
                                config,
                                Objects.requireNonNull(ChunkStore.identify(disk)),
                                new Recovery())) {
            for (int group : store.groups()) {
                for (ChunkSummary chunk : store.list(group, 0, Integer.MAX_VALUE)) {
                    Arrays.stream(store.places(chunk.chunk())).forEach(places::add);
                }
            }
        }
        places.remove(0L);
        return (long) places.size() * BLOCK;
    }

    // ---------------------------------------------------------------- what is where

    @Test
    void whatIsToldIsOnTheStoresAndWhatIsToldToGoGoes() throws Exception {
        create("prod", "");
        write("prod", 0, 160); // ten chunks
        snapshot("prod", "one");
        write("prod", 8, 16); // in two chunks that the snapshot has, too
        snapshot("prod", "two");
        write("prod", 8, 4); // over it
        cloneTo("prod@one", "first", "");
        cloneTo("prod@one", "second", "");
        cloneTo("prod@two", "third", "");
        var random = new Random(5);
        for (String clone : List.of("first", "second", "third")) {
            for (int i = 0; i < 12; i++) {
                write(clone, random.nextInt(200), 1 + random.nextInt(8));
            }
        }
        snapshot("first", "mine");
        write("first", 3, 5);
        settled();

        long before = bytesOnTheStores();
        Usage all = usage(GetUsage.newBuilder());
        assertEquals(before, all.getStoredBytes());
        assertEquals(before, freedBy("prod", "first", "second", "third"));
        assertTrue(all.getLogicalBytes() > all.getStoredBytes());
        for (VolumeInfo volume : all.getVolumesList()) {
            VolumeInfo alone = show(volume.getName());
            assertEquals(alone.getMappedBytes(), volume.getMappedBytes());
            assertTrue(alone.getOwnBytes() >= volume.getOwnBytes(), alone.getName());
        }
        // Neither a snapshot nor its volume holds alone what both hold; together they do.
        long together = freedBy("first");
        long volume = show("first").getOwnBytes();
        assertTrue(together > volume + freedBy("first@mine"), together + " and " + volume);
        assertEquals(show("second").getOwnBytes(), freedBy("second"));
        assertEquals(together, freedBy("first", "first@mine", "first"));

        long held = before;
        for (List<String> set :
                List.of(
                        List.of("prod@one", "second"),
                        List.of("third"),
                        List.of("prod", "first@mine"),
                        List.of("first"))) {
            long expected = freedBy(set.toArray(new String[0]));
            for (String each : set) {
                delete(each);
            }
            settled();
            held -= expected;
            long left = held;
            eventually("the stores hold what is left without " + set, () -> isHeld(left));
            assertEquals(held, usage(GetUsage.newBuilder()).getStoredBytes());
        }
        assertEquals(0, usage(GetUsage.newBuilder()).getStoredBytes());
    }

    @Test
    void theTrashIsStoredUntilItIsGone() throws Exception {
        create("v", "");
        write("v", 0, 20);
        execute(
                ExecuteRequest.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setName("v")));
        assertEquals(20L * BLOCK, usage(GetUsage.newBuilder()).getStoredBytes());
        assertEquals(20L * BLOCK, freedBy("v"));
        var refused = assertThrows(ControlException.class, () -> freedBy("w"));
        assertEquals(Code.CODE_NOT_FOUND, refused.code());
    }

    // ---------------------------------------------------------------- what follows from it

    private ProjectInfo project(String name) throws ControlException {
        return client
                .control()
                .query(
                        QueryRequest.newBuilder()
                                .setListProjects(ListProjects.getDefaultInstance())
                                .build())
                .getProjectsList()
                .stream()
                .filter(project -> project.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aProjectThatHoldsAllItMayMakesNothingNew() throws Exception {
        var named = PutProject.newBuilder().setName("dev");
        execute(ExecuteRequest.newBuilder().setPutProject(named));
        create("base", "");
        write("base", 0, 64);
        cloneTo("base", "mine", "dev");
        write("mine", 0, 8);
        snapshot("mine", "s"); // now neither of the two has it alone
        var quota = Quota.newBuilder().setOwnBytes(8L * BLOCK);
        execute(
                ExecuteRequest.newBuilder()
                        .setPutQuota(PutQuota.newBuilder().setProject("dev").setQuota(quota)));
        eventually("counted", () -> project("dev").getOwnBytes() == 8L * BLOCK);

        var refused = assertThrows(ControlException.class, () -> cloneTo("base", "other", "dev"));
        assertEquals(Code.CODE_NO_SPACE, refused.code());
        var why = assertThrows(DeviceException.class, () -> write("mine", 40, 1));
        assertEquals(DeviceException.Reason.NO_SPACE, why.reason());
        assertTrue(why.getMessage().contains("quota"), why.getMessage());
        cloneTo("base", "other", "");

        delete("mine");
        eventually("counted again", () -> project("dev").getOwnBytes() == 0);
        cloneTo("base", "again", "dev");
        write("again", 0, 1);
    }

    @Test
    void aCloneThatDivergesIsToldOf() throws Exception {
        var policy = Policy.newBuilder().setName("watch").setDivergencePercent(25);
        execute(ExecuteRequest.newBuilder().setPutPolicy(PutPolicy.newBuilder().setPolicy(policy)));
        var named = PutProject.newBuilder().setName("dev").setPolicy("watch");
        execute(ExecuteRequest.newBuilder().setPutProject(named));
        create("base", "");
        write("base", 0, 64);
        cloneTo("base", "calm", "dev");
        cloneTo("base", "wild", "dev");
        write("calm", 0, 15);
        write("wild", 0, 16);
        eventually("told of", () -> show("wild").getDivergedMillis() > 0);
        assertEquals(0, show("calm").getDivergedMillis());
        var log =
                client
                        .control()
                        .query(
                                QueryRequest.newBuilder()
                                        .setReadAudit(ReadAudit.getDefaultInstance())
                                        .build())
                        .getAuditList()
                        .stream()
                        .filter(entry -> entry.getAction().equals("divergence alert"))
                        .toList();
        assertEquals(List.of("wild"), log.stream().map(entry -> entry.getTarget()).toList());
        var history = usage(GetUsage.newBuilder().setName("wild").setHistory(true));
        assertEquals(64L * BLOCK, history.getHistory(0).getMappedBytes());
    }
}
