package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.metadata.raft.StartupException;
import io.coppice.metadata.server.MetadataServerConfig.RaftLimits;
import io.coppice.wire.pb.AddMetadataServer;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListMetadataServers;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.MetadataServerInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RemoveMetadataServer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The metadata quorum while members crash, lose their directories, have bad disks, come and go.
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class QuorumFailureTest {
    @TempDir Path dir;

    /// Acknowledged; one writer at a time.
    private final AtomicInteger volumes = new AtomicInteger();

    // ------------------------------------------------------------ small steps

    private TestQuorum quorum(RaftLimits raft) throws Exception {
        var quorum = new TestQuorum(dir, 3, raft, TestQuorum.timeouts());
        try (var n1 = new FakeNode(quorum.control, "n1");
                var n2 = new FakeNode(quorum.control, "n2");
                var n3 = new FakeNode(quorum.control, "n3")) {
            TestQuorum.await(
                    "nodes", () -> n1.welcome != null && n2.welcome != null && n3.welcome != null);
            quorum.initialize(4);
        }
        return quorum;
    }

    private TestQuorum quorum() throws Exception {
        return quorum(TestQuorum.patientRaft());
    }

    private static ExecuteRequest.Builder create(String name) {
        return ExecuteRequest.newBuilder()
                .setCreateVolume(CreateVolume.newBuilder().setName(name).setSize(1L << 30));
    }

    private static ExecuteRequest.Builder add(MetadataServerConfig server) {
        return ExecuteRequest.newBuilder()
                .setAddMetadataServer(
                        AddMetadataServer.newBuilder()
                                .setId(server.id())
                                .setRaftAddress(server.raftAddress())
                                .setControlAddress(server.controlAddress()));
    }

    private static ExecuteRequest.Builder remove(String id) {
        return ExecuteRequest.newBuilder()
                .setRemoveMetadataServer(RemoveMetadataServer.newBuilder().setId(id));
    }

    /// Creates volumes one after the other; each answer counts.
    private void write(TestQuorum quorum, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            quorum.control.execute(create("v" + volumes.get()));
            volumes.incrementAndGet();
        }
    }

    private void assertNothingIsLost(TestQuorum quorum) throws Exception {
        assertEquals(
                volumes.get(),
                quorum.control
                        .query(
                                QueryRequest.newBuilder()
                                        .setListVolumes(ListVolumes.getDefaultInstance())
                                        .build())
                        .getVolumesCount());
    }

    private static List<MetadataServerInfo> members(TestQuorum quorum) {
        try {
            return quorum.control
                    .query(
                            QueryRequest.newBuilder()
                                    .setListMetadataServers(
                                            ListMetadataServers.getDefaultInstance())
                                    .build())
                    .getMetadataQuorum()
                    .getServersList();
        } catch (ControlException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static List<String> ids(TestQuorum quorum) {
        return members(quorum).stream().map(MetadataServerInfo::getId).sorted().toList();
    }

    private static long logIndex(TestQuorum quorum, String id) {
        var gauge = quorum.server(id).metrics().getGauges().get("metadata.log.index");
        return gauge == null ? -1 : (Long) gauge.getValue();
    }

    private static void awaitCaughtUp(TestQuorum quorum, String id) {
        long reached = logIndex(quorum, quorum.leader().id());
        TestQuorum.await(id + " caught up", () -> logIndex(quorum, id) >= reached);
    }

    private static String otherFollower(TestQuorum quorum, String than) {
        String leader = quorum.leader().id();
        return quorum.running.keySet().stream()
                .filter(id -> !id.equals(leader) && !id.equals(than))
                .findFirst()
                .orElseThrow();
    }

    private void empty(String id) throws Exception {
        try (var files = Files.walk(dir.resolve(id))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private Path newest(String id, String prefix) throws Exception {
        try (var files = Files.walk(dir.resolve(id))) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .filter(file -> !file.toString().endsWith(".md5"))
                    .max(Comparator.comparing(file -> file.toFile().lastModified()))
                    .orElseThrow();
        }
    }

    private static void damage(Path file, long offset) throws Exception {
        byte[] bytes = Files.readAllBytes(file);
        bytes[Math.toIntExact(offset)] ^= 1;
        Files.write(file, bytes);
    }

    // ------------------------------------------------------------ crashes

    @Test
    void noCommandIsLostOrDoneTwiceWhileServersComeAndGo() throws Exception {
        try (var quorum = quorum()) {
            var done = new CompletableFuture<Void>();
            var writer =
                    CompletableFuture.runAsync(() -> {
                        try {
                            // A command that was done twice would be refused as existing.
                            while (!done.isDone()) {
                                write(quorum, 1);
                            }
                        } catch (Exception failed) {
                            throw new IllegalStateException(failed);
                        }
                    });
            String leader = quorum.leader().id();
            quorum.stop(leader);
            quorum.leader();
            int before = volumes.get();
            TestQuorum.await("commands go on", () -> volumes.get() > before + 3);
            quorum.start(leader);
            awaitCaughtUp(quorum, leader);
            String follower = quorum.follower();
            quorum.stop(follower);
            int without = volumes.get();
            TestQuorum.await("commands go on", () -> volumes.get() > without + 3);
            quorum.start(follower);
            awaitCaughtUp(quorum, follower);
            done.complete(null);
            writer.get(60, TimeUnit.SECONDS);
            assertNothingIsLost(quorum);
        }
    }

    // ------------------------------------------------------------ lost directories

    /// Its vote would make a leader of the one that lacks what it acknowledged itself.
    @Test
    void anEmptiedMemberGivesNoVoteToOneThatMissedSomething() throws Exception {
        try (var quorum = quorum()) {
            String leader = quorum.leader().id();
            String late = quorum.follower();
            String emptied = otherFollower(quorum, late);
            awaitCaughtUp(quorum, late);
            quorum.stop(late);
            write(quorum, 3);
            quorum.stop(leader);
            quorum.stop(emptied);
            empty(emptied);
            quorum.start(late);
            quorum.start(emptied);
            var lost =
                    CompletableFuture.runAsync(() -> {
                        while (quorum.running.values().stream()
                                .noneMatch(MetadataServer::isLeader)) {
                            LockSupport.parkNanos(5_000_000);
                        }
                    });
            assertThrows(TimeoutException.class, () -> lost.get(4, TimeUnit.SECONDS));
            quorum.start(leader);
            assertNothingIsLost(quorum);
            quorum.awaitMember(emptied);
            awaitCaughtUp(quorum, emptied);
            assertEquals(List.of("m1", "m2", "m3"), ids(quorum));
            // Its vote counts again.
            quorum.stop(quorum.leader().id());
            write(quorum, 1);
            assertNothingIsLost(quorum);
        }
    }

    // ------------------------------------------------------------ membership

    @Test
    void aNewMemberTakesThePlaceOfALostOne() throws Exception {
        try (var quorum = quorum()) {
            write(quorum, 3);
            String lost = quorum.follower();
            quorum.stop(lost);
            TestQuorum.await(
                    "the loss is seen",
                    () ->
                            members(quorum).stream()
                                    .anyMatch(m ->
                                            m.getId().equals(lost) && m.getState().equals("down")));
            // The other follower is the majority.
            String needed = otherFollower(quorum, lost);
            assertEquals(Code.CODE_CONFLICT, refused(quorum, remove(needed)));
            var newcomer = quorum.newcomer("m4", lost);
            assertEquals(Code.CODE_NOT_FOUND, refused(quorum, remove("m9")));
            quorum.control.execute(remove(lost));
            quorum.start("m4");
            var done = new CompletableFuture<Void>();
            var writer =
                    CompletableFuture.runAsync(() -> {
                        try {
                            while (!done.isDone()) {
                                write(quorum, 1);
                            }
                        } catch (Exception failed) {
                            throw new IllegalStateException(failed);
                        }
                    });
            quorum.control.execute(add(newcomer));
            done.complete(null);
            writer.get(60, TimeUnit.SECONDS);
            assertEquals(
                    List.of("m1", "m2", "m3", "m4").stream()
                            .filter(id -> !id.equals(lost))
                            .toList(),
                    ids(quorum));
            awaitCaughtUp(quorum, "m4");
            // Again: harmless. At another address: refused.
            quorum.control.execute(add(newcomer));
            var elsewhere = add(newcomer);
            elsewhere.getAddMetadataServerBuilder().setRaftAddress(FreePorts.address());
            assertEquals(Code.CODE_EXISTS, refused(quorum, elsewhere));
            // The one that leads now is not needed, because the new one votes.
            quorum.stop(quorum.leader().id());
            write(quorum, 1);
            assertNothingIsLost(quorum);
        }
    }

    private static Code refused(TestQuorum quorum, ExecuteRequest.Builder request) {
        return assertThrows(ControlException.class, () -> quorum.control.execute(request)).code();
    }

    @Test
    void theLeaderCanBeRemovedAndAServerThatIsNotThereCannotBeAdded() throws Exception {
        try (var quorum = quorum()) {
            write(quorum, 2);
            String leader = quorum.leader().id();
            quorum.control.execute(remove(leader));
            assertEquals(2, ids(quorum).size());
            assertFalse(ids(quorum).contains(leader));
            write(quorum, 2);
            TestQuorum.await(
                    "the removed one says so",
                    () -> quorum.server(leader).failure().orElse("").contains("was removed"));
            quorum.stop(leader);
            var nobody = quorum.newcomer("m5", leader);
            try (var impatient =
                    new ControlClient(
                            List.of(quorum.leader().controlAddress().toString().replace("/", "")),
                            Duration.ofSeconds(4))) {
                var late =
                        assertThrows(ControlException.class, () -> impatient.execute(add(nobody)));
                assertEquals(Code.CODE_UNAVAILABLE, late.code());
            }
            write(quorum, 1);
            assertNothingIsLost(quorum);
        }
    }

    // ------------------------------------------------------------ bad disks

    @Test
    void aDamagedLogIsToldAndItsServerComesBackEmpty() throws Exception {
        try (var quorum = quorum()) {
            write(quorum, 10);
            String bad = quorum.follower();
            awaitCaughtUp(quorum, bad);
            quorum.stop(bad);
            Path segment = newest(bad, "log_");
            byte[] whole = Files.readAllBytes(segment);
            damage(segment, 300);
            var refused = assertThrows(StartupException.class, () -> quorum.start(bad));
            assertTrue(
                    String.valueOf(refused.getMessage()).contains("cannot read its log in "),
                    refused.getMessage());
            assertEquals(1, String.valueOf(refused.getMessage()).lines().count());
            // Refusing changes nothing on disk: once the bytes are right again, so is the server.
            Files.write(segment, whole);
            quorum.start(bad);
            awaitCaughtUp(quorum, bad);
            quorum.stop(bad);
            // A crash in the middle of an append: nothing in that entry was acknowledged.
            Path last = newest(bad, "log_");
            try (var file = FileChannel.open(last, StandardOpenOption.WRITE)) {
                file.truncate(file.size() - 5);
            }
            quorum.start(bad);
            awaitCaughtUp(quorum, bad);
            quorum.stop(bad);
            damage(newest(bad, "log_"), 300);
            assertThrows(StartupException.class, () -> quorum.start(bad));
            write(quorum, 2);
            empty(bad);
            quorum.start(bad);
            quorum.awaitMember(bad);
            awaitCaughtUp(quorum, bad);
            quorum.stop(quorum.leader().id());
            write(quorum, 1);
            assertNothingIsLost(quorum);
        }
    }

    @Test
    void aDamagedSnapshotIsTold() throws Exception {
        var raft = new RaftLimits(Duration.ofMillis(800), Duration.ofMillis(1500), 16, 4);
        try (var quorum = quorum(raft)) {
            write(quorum, 40);
            String bad = quorum.follower();
            TestQuorum.await("a snapshot", () -> holds(bad, "snapshot."));
            awaitCaughtUp(quorum, bad);
            quorum.stop(bad);
            Path snapshot = newest(bad, "snapshot.");
            damage(snapshot, Files.size(snapshot) / 2);
            var refused = assertThrows(StartupException.class, () -> quorum.start(bad));
            assertTrue(
                    String.valueOf(refused.getMessage()).contains("is damaged or cannot be read"),
                    refused.getMessage());
            empty(bad);
            quorum.start(bad);
            quorum.awaitMember(bad);
            awaitCaughtUp(quorum, bad);
            write(quorum, 1);
            assertNothingIsLost(quorum);
        }
    }

    private boolean holds(String id, String prefix) {
        try {
            return Files.exists(newest(id, prefix));
        } catch (Exception notYet) {
            return false;
        }
    }

    /// The next segments of its log cannot be made: their names lead to a folder that is not there.
    @Test
    void aFailingLogDiskStopsItsServerOnly() throws Exception {
        try (var quorum = quorum()) {
            write(quorum, 3);
            String bad = quorum.follower();
            awaitCaughtUp(quorum, bad);
            Path logs = Objects.requireNonNull(newest(bad, "log_inprogress_").getParent());
            long next = logIndex(quorum, bad);
            for (long index = next; index < next + 100; index++) {
                Path segment = logs.resolve("log_inprogress_" + index);
                if (!Files.exists(segment)) {
                    Files.createSymbolicLink(segment, dir.resolve("gone").resolve("segment"));
                }
            }
            String leader = quorum.leader().id();
            quorum.stop(leader);
            quorum.start(leader);
            TestQuorum.await(
                    "the bad one stops",
                    () -> quorum.server(bad).failure().orElse("").contains("cannot be written"));
            assertFalse(quorum.server(bad).isReady());
            write(quorum, 3);
            quorum.stop(bad);
            removeLinks(logs);
            quorum.start(bad);
            awaitCaughtUp(quorum, bad);
            quorum.stop(otherFollower(quorum, bad));
            write(quorum, 1);
            assertNothingIsLost(quorum);
        }
    }

    private static void removeLinks(Path logs) throws Exception {
        var links = new ArrayList<Path>();
        try (var files = Files.list(logs)) {
            files.filter(Files::isSymbolicLink).forEach(links::add);
        }
        for (Path link : links) {
            Files.delete(link);
        }
    }
}
