package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.metadata.raft.StartupException;
import io.coppice.metadata.server.MetadataServerConfig.RaftLimits;
import io.coppice.wire.pb.CheckRefcounts;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ControlGrpc;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.VolumeBarrier;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 240, unit = TimeUnit.SECONDS)
class MetadataServerTest {
    @TempDir Path dir;

    // ------------------------------------------------------------ small steps

    static ExecuteRequest.Builder createVolume(String name) {
        return ExecuteRequest.newBuilder()
                .setCreateVolume(CreateVolume.newBuilder().setName(name).setSize(1L << 30));
    }

    private static ExecuteRequest.Builder createSnapshot(String volume, String name) {
        return ExecuteRequest.newBuilder()
                .setCreateSnapshots(
                        CreateSnapshots.newBuilder()
                                .addSnapshots(
                                        SnapshotName.newBuilder()
                                                .setVolume(volume)
                                                .setSnapshot(name)));
    }

    private static List<String> volumes(ControlClient control) throws Exception {
        return control
                .query(
                        QueryRequest.newBuilder()
                                .setListVolumes(ListVolumes.getDefaultInstance())
                                .build())
                .getVolumesList()
                .stream()
                .map(volume -> volume.getName())
                .toList();
    }

    private static QueryResponse status(ControlClient control) throws Exception {
        return control.query(
                QueryRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()).build());
    }

    static List<FakeNode> nodes(TestQuorum quorum) throws Exception {
        var nodes = new ArrayList<FakeNode>();
        for (int i = 1; i <= 3; i++) {
            nodes.add(new FakeNode(quorum.control, "n" + i));
        }
        TestQuorum.await(
                "three nodes", () -> nodes.stream().allMatch(node -> node.welcome != null));
        quorum.initialize(8);
        TestQuorum.await(
                "views",
                () ->
                        nodes.stream()
                                .allMatch(node -> node.welcome != null && node.views.size() == 8));
        return nodes;
    }

    private TestQuorum quorum(int servers) throws Exception {
        return new TestQuorum(dir, servers, TestQuorum.patientRaft(), TestQuorum.timeouts());
    }

    // ------------------------------------------------------------ commands and leaders

    @Test
    void commandsSurviveTheLossOfTheirLeader() throws Exception {
        try (var quorum = quorum(3);
                var n1 = new FakeNode(quorum.control, "a");
                var n2 = new FakeNode(quorum.control, "b");
                var n3 = new FakeNode(quorum.control, "c")) {
            TestQuorum.await(
                    "nodes", () -> n1.welcome != null && n2.welcome != null && n3.welcome != null);
            quorum.initialize(4);
            var created = quorum.control.execute(createVolume("v1"));
            assertEquals("v1", created.getVolumes(0).getName());
            assertTrue(created.getElapsedMicros() > 0);
            var twice =
                    assertThrows(
                            ControlException.class,
                            () -> quorum.control.execute(createVolume("v1")));
            assertEquals(Code.CODE_EXISTS, twice.code());

            String first = quorum.leader().id();
            quorum.stop(first);
            quorum.control.execute(createVolume("v2"));
            assertEquals(List.of("v1", "v2"), volumes(quorum.control));
            quorum.start(first);
            TestQuorum.await("the first one follows", () -> quorum.server(first).isReady());
            assertEquals(List.of("v1", "v2"), volumes(quorum.control));
            TestQuorum.await(
                    "nodes found the new leader", () -> n1.welcome != null && n2.welcome != null);
        }
    }

    @Test
    void followerNamesTheLeader() throws Exception {
        try (var quorum = quorum(3)) {
            String leader = quorum.leader().id();
            String follower = quorum.follower();
            TestQuorum.await("the follower knows", () -> quorum.server(follower).isReady());
            var channel =
                    NettyChannelBuilder.forTarget(
                                    "dns:///" + quorum.config(follower).controlAddress())
                            .usePlaintext()
                            .build();
            try {
                var answer =
                        ControlGrpc.newBlockingStub(channel)
                                .execute(createVolume("v").setSession(7).setSequence(1).build());
                assertEquals(Code.CODE_NOT_LEADER, answer.getFailure().getCode());
                assertEquals(
                        quorum.config(leader).controlAddress(), answer.getFailure().getLeader());
            } finally {
                channel.shutdownNow();
            }
        }
    }

    @Test
    void stateComesBackFromSnapshotAndLog() throws Exception {
        var raft = new RaftLimits(Duration.ofMillis(800), Duration.ofMillis(1500), 16, 4);
        try (var quorum = new TestQuorum(dir, 1, raft, TestQuorum.timeouts())) {
            var nodes = nodes(quorum);
            for (int i = 0; i < 60; i++) {
                quorum.control.execute(createVolume("v" + i));
            }
            TestQuorum.await("a snapshot file", () -> snapshots("m1") > 0);
            quorum.stop("m1");
            quorum.start("m1");
            assertEquals(60, volumes(quorum.control).size());
            close(nodes);
        }
    }

    @Test
    void emptiedFollowerCatchesUp() throws Exception {
        var raft = new RaftLimits(Duration.ofMillis(800), Duration.ofMillis(1500), 16, 0);
        try (var quorum = new TestQuorum(dir, 3, raft, TestQuorum.timeouts())) {
            var nodes = nodes(quorum);
            String follower = quorum.follower();
            quorum.stop(follower);
            for (int i = 0; i < 100; i++) {
                create(quorum, "v" + i);
            }
            // A new term starts a new log segment, so that the next snapshot purges the old one.
            String leader = quorum.leader().id();
            quorum.stop(leader);
            quorum.start(leader);
            for (int i = 100; i < 150; i++) {
                create(quorum, "v" + i);
            }
            deleteTree(dir.resolve(follower));
            quorum.start(follower);
            quorum.control.execute(createVolume("last"));
            long reached = status(quorum.control).getStatus().getLogIndex();
            quorum.awaitMember(follower);
            TestQuorum.await("the follower caught up", () -> logIndex(quorum, follower) >= reached);
            // The only two that have everything are now one of the old ones and the emptied one.
            quorum.stop(quorum.leader().id());
            assertEquals(151, volumes(quorum.control).size());
            close(nodes);
        }
    }

    @Test
    void followerThatLostItsDirectoryUnderAStandingLeaderCatchesUp() throws Exception {
        try (var quorum = quorum(3)) {
            var nodes = nodes(quorum);
            String follower = quorum.follower();
            quorum.stop(follower);
            deleteTree(dir.resolve(follower));
            quorum.start(follower);
            long reached = logIndex(quorum, quorum.leader().id());
            quorum.awaitMember(follower);
            TestQuorum.await("the follower caught up", () -> logIndex(quorum, follower) >= reached);
            quorum.control.execute(createVolume("v"));
            assertEquals(List.of("v"), volumes(quorum.control));
            close(nodes);
        }
    }

    private static void create(TestQuorum quorum, String name) {
        try {
            quorum.control.execute(createVolume(name));
        } catch (ControlException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static long logIndex(TestQuorum quorum, String id) {
        var gauge = quorum.server(id).metrics().getGauges().get("metadata.log.index");
        return gauge == null ? -1 : (Long) gauge.getValue();
    }

    private long snapshots(String server) {
        try (var files = Files.walk(dir.resolve(server))) {
            return files.filter(
                            file -> file.getFileName().toString().matches("snapshot\\.\\d+_\\d+"))
                    .count();
        } catch (java.io.IOException | java.io.UncheckedIOException moved) {
            return 0;
        }
    }

    private static void deleteTree(Path tree) throws Exception {
        try (var files = Files.walk(tree)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    static void close(List<FakeNode> nodes) throws Exception {
        for (FakeNode node : nodes) {
            node.close();
        }
    }

    // ------------------------------------------------------------ sessions

    @Test
    void manyFlipsShareFewEntries() throws Exception {
        try (var quorum = quorum(3)) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            try (var client = new FakeClient(quorum.control, "c")) {
                client.awaitOpened();
                var attached = client.attach("v");
                long first = client.lease(0, 200);
                var flips = new ArrayList<CompletableFuture<ClientDirective>>();
                for (int i = 0; i < 200; i++) {
                    flips.add(client.flip(attached, attached.getGeneration(), i, 0, first + i));
                }
                for (var flip : flips) {
                    assertTrue(flip.get(30, TimeUnit.SECONDS).hasFlipped());
                }
                var stale =
                        client.flip(attached, attached.getGeneration(), 0, 0, first)
                                .get(30, TimeUnit.SECONDS);
                assertEquals(Code.CODE_STALE, stale.getFailure().getCode());
                var status = status(quorum.control).getStatus();
                assertEquals(200, status.getFlips());
                assertTrue(
                        status.getEntriesWithFlips() < 60,
                        () -> "entries: " + status.getEntriesWithFlips());
                var counts =
                        quorum.control.query(
                                QueryRequest.newBuilder()
                                        .setCheckRefcounts(CheckRefcounts.getDefaultInstance())
                                        .build());
                assertEquals(0, counts.getRefcounts().getErrors());
                assertEquals(200, counts.getRefcounts().getMappedSlots());
            }
            quorum.control.execute(
                    ExecuteRequest.newBuilder()
                            .setDeleteVolume(DeleteVolume.newBuilder().setName("v").setNow(true)));
            TestQuorum.await(
                    "chunks are purged on the primary",
                    () -> nodes.stream().mapToInt(node -> node.purged.size()).sum() >= 200);
            close(nodes);
        }
    }

    /// A chunk that a silent client makes late, after the purge of its id, would never be
    /// reclaimed.
    @Test
    void aSilentClientIsFencedBeforeItsChunkIdsAreReclaimed() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            FakeNode last = nodes.getLast();
            last.answersBarriers = false;
            try (var client = new FakeClient(quorum.control, "c")) {
                client.awaitOpened();
                var attached = client.attach("v");
                client.lease(0, 16);
                client.close();
                TestQuorum.await("the node is told", () -> !last.barriers.isEmpty());
                var fence = last.barriers.getFirst().getVolumes(0);
                assertEquals(attached.getFence() + 1, fence.getMinFence());
                assertTrue(nodes.stream().allMatch(node -> node.purged.isEmpty()));
                last.answersBarriers = true;
                last.barriers.forEach(last::answer);
                TestQuorum.await(
                        "the ids are reclaimed",
                        () -> nodes.stream().mapToInt(node -> node.purged.size()).sum() == 16);
            }
            close(nodes);
        }
    }

    @Test
    void snapshotOfAnAttachedVolumeSealsFirstAndTellsTheHolder() throws Exception {
        try (var quorum = quorum(3)) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            quorum.control.execute(createSnapshot("v", "unattached"));
            assertTrue(nodes.stream().allMatch(node -> node.barriers.isEmpty()));
            try (var client = new FakeClient(quorum.control, "c")) {
                client.awaitOpened();
                var attached = client.attach("v");
                nodes.getLast().answersBarriers = false;
                var cut =
                        CompletableFuture.supplyAsync(
                                () -> execute(quorum, createSnapshot("v", "s")));
                TestQuorum.await(
                        "the last node was told", () -> !nodes.getLast().barriers.isEmpty());
                assertFalse(cut.isDone());
                var barrier = nodes.getLast().barriers.getFirst();
                assertEquals(attached.getGeneration(), barrier.getVolumes(0).getSealedGeneration());
                nodes.getLast().answer(barrier);
                cut.get(30, TimeUnit.SECONDS);
                TestQuorum.await("the holder was told", () -> !client.changes.isEmpty());
                assertEquals(
                        attached.getGeneration() + 1, client.changes.getFirst().getGeneration());
            }
            close(nodes);
        }
    }

    private static Object execute(TestQuorum quorum, ExecuteRequest.Builder request) {
        try {
            return quorum.control.execute(request);
        } catch (ControlException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void sealThatNoCommandFollowedRaisesTheGeneration() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            try (var client = new FakeClient(quorum.control, "c")) {
                client.awaitOpened();
                var attached = client.attach("v");
                nodes.getFirst().knownSeals =
                        List.of(
                                VolumeBarrier.newBuilder()
                                        .setVolume(attached.getVolume())
                                        .setSealedGeneration(attached.getGeneration())
                                        .build());
                nodes.getFirst().breakStream();
                TestQuorum.await("the holder was told", () -> !client.changes.isEmpty());
                assertEquals(
                        attached.getGeneration() + 1, client.changes.getFirst().getGeneration());
            }
            close(nodes);
        }
    }

    /// A volume that it held may have been deleted, or taken over, since: a chunk that its client
    /// makes after the purge would stay for ever.
    @Test
    void aSessionsIdsAreReclaimedOnlyWhenNodesHaveHeardOfAllFences() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            var client = new FakeClient(quorum.control, "client");
            client.awaitOpened();
            client.attach("v");
            long id = client.lease(0, 4);
            nodes.forEach(node -> {
                node.answersBarriers = false;
                node.barriers.clear();
            });
            client.close();
            TestQuorum.await(
                    "the nodes are asked",
                    () -> nodes.stream().allMatch(node -> !node.barriers.isEmpty()));
            assertTrue(nodes.stream().allMatch(node -> node.purged.isEmpty()));
            nodes.forEach(node -> node.barriers.forEach(node::answer));
            TestQuorum.await(
                    "the ids are purged",
                    () -> nodes.stream().anyMatch(node -> node.purged.contains(id)));
            close(nodes);
        }
    }

    @Test
    void brokenStreamResumesItsSession() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            try (var client = new FakeClient(quorum.control, "c")) {
                client.awaitOpened();
                long session = client.session;
                var attached = client.attach("v");
                client.breakStream();
                TestQuorum.await("resumed", () -> resumed(client, session));
                assertEquals(attached.getFence(), client.attach("v").getFence());
            }
            close(nodes);
        }
    }

    private static boolean resumed(FakeClient client, long session) {
        try {
            return client.awaitOpened().getOpened().getSession() == session;
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void lostNodeDegradesItsGroups() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = nodes(quorum);
            nodes.getFirst().close();
            TestQuorum.await("all groups are degraded", () -> groups(quorum, "degraded") == 8);
            assertEquals(2, status(quorum.control).getStatus().getNodesUp());
            TestQuorum.await(
                    "those that are left hear of it",
                    () ->
                            nodes.getLast().views.values().stream()
                                    .allMatch(group -> group.getEpoch() > 1));
            close(nodes.subList(1, 3));
        }
    }

    private static int groups(TestQuorum quorum, String state) {
        try {
            return status(quorum.control).getStatus().getGroupsOrDefault(state, 0);
        } catch (ControlException failed) {
            throw new IllegalStateException(failed);
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void clonesOfALiveVolumeComeInOneCall() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            var clones = CreateClones.newBuilder().setVolume("v");
            for (int i = 0; i < 100; i++) {
                clones.addNames("c" + i);
            }
            var answer =
                    quorum.control.execute(ExecuteRequest.newBuilder().setCreateClones(clones));
            assertEquals(100, answer.getVolumesCount());
            assertEquals(101, volumes(quorum.control).size());
            close(nodes);
        }
    }

    // ------------------------------------------------------------ bad input

    @Test
    void portInUseIsOneLine() throws Exception {
        String address = FreePorts.address();
        try (var taken = new ServerSocket()) {
            taken.bind(io.coppice.metadata.raft.Addresses.parse("x", address));
            var peers = java.util.Map.of("m1", address);
            var config =
                    new MetadataServerConfig(
                            "m1",
                            dir.resolve("m1"),
                            address,
                            "127.0.0.1:0",
                            "127.0.0.1:0",
                            peers,
                            peers);
            var refused = assertThrows(StartupException.class, () -> MetadataServer.start(config));
            assertTrue(
                    String.valueOf(refused.getMessage()).contains(address), refused.getMessage());
        }
    }

    @Test
    void directoryOfAnotherServerOrFormatIsRefused() throws Exception {
        DataDirectory.open(dir, "m1", "c1").close();
        assertThrows(StartupException.class, () -> DataDirectory.open(dir, "m2", "c1"));
        assertThrows(StartupException.class, () -> DataDirectory.open(dir, "m1", "c2"));
        DataDirectory.open(dir, "m1", "").close();
        Files.writeString(dir.resolve("coppice-metadata"), "format=2\nserver=m1\ncluster=c1\n");
        var newer = assertThrows(StartupException.class, () -> DataDirectory.open(dir, "m1", "c1"));
        assertTrue(String.valueOf(newer.getMessage()).contains("format 2"));
    }
}
