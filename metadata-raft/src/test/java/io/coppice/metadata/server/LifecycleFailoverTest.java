package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.directory.ControlException;
import io.coppice.wire.pb.AuditRecord;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListSnapshots;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.Policy;
import io.coppice.wire.pb.PutPolicy;
import io.coppice.wire.pb.PutProject;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.ReadAudit;
import io.coppice.wire.pb.Schedule;
import io.coppice.wire.pb.SnapshotInfo;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What happens by itself happens once, also when leaders die in the middle of it.
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class LifecycleFailoverTest {
    private static final long HOUR_MILLIS = TimeUnit.HOURS.toMillis(1);
    private static final int CLONES = 300;
    private static final int HOURS = 2;
    private static final int KEEP = 1;

    /// Of [#CLONES] and the volume that they are of, so many at a time.
    private static final int LOTS = CLONES / 64 + 1;

    @TempDir Path dir;

    private static QueryResponse query(TestQuorum quorum, QueryRequest.Builder query) {
        try {
            return quorum.control.query(query.build());
        } catch (ControlException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static List<AuditRecord> audit(TestQuorum quorum, Predicate<AuditRecord> which) {
        return query(quorum, QueryRequest.newBuilder().setReadAudit(ReadAudit.newBuilder()))
                .getAuditList()
                .stream()
                .filter(which)
                .toList();
    }

    private static List<AuditRecord> audit(TestQuorum quorum, String action) {
        return audit(quorum, record -> record.getAction().equals(action));
    }

    private static void prepare(TestQuorum quorum) throws Exception {
        // Some minutes after the hour: none of them passes by itself.
        long now = System.currentTimeMillis();
        quorum.aheadMillis.set(HOUR_MILLIS - now % HOUR_MILLIS + HOUR_MILLIS / 6);
        var hourly = Schedule.newBuilder().setName("h").setEveryMillis(HOUR_MILLIS).setKeep(KEEP);
        var policy = Policy.newBuilder().setName("p").addSchedules(hourly);
        var volume = CreateVolume.newBuilder().setName("prod").setSize(1L << 30).setProject("dev");
        var clones =
                CreateClones.newBuilder()
                        .setVolume("prod")
                        .setTtlMillis(HOURS * HOUR_MILLIS + HOUR_MILLIS / 2)
                        .addAllNames(IntStream.range(0, CLONES).mapToObj(i -> "dev-" + i).toList());
        var project = PutProject.newBuilder().setName("dev").setPolicy("p");
        for (var request :
                List.of(
                        ExecuteRequest.newBuilder()
                                .setPutPolicy(PutPolicy.newBuilder().setPolicy(policy)),
                        ExecuteRequest.newBuilder().setPutProject(project),
                        ExecuteRequest.newBuilder().setCreateVolume(volume),
                        ExecuteRequest.newBuilder().setCreateClones(clones))) {
            quorum.control.execute(request);
        }
    }

    /// Time passes, and as soon as something came of it, its leader is gone.
    private static void passes(TestQuorum quorum, long millis, String action, int more) {
        int before = audit(quorum, action).size();
        quorum.aheadMillis.addAndGet(millis);
        TestQuorum.await(action, () -> audit(quorum, action).size() > before);
        String leader = quorum.leader().id();
        quorum.stop(leader);
        TestQuorum.await(
                "the rest of " + action, () -> audit(quorum, action).size() >= before + more);
        try {
            quorum.start(leader);
        } catch (Exception refused) {
            throw new IllegalStateException(refused);
        }
    }

    @Test
    void eachEndAndEachScheduledSnapshotComesOnceWhateverBecomesOfLeaders() throws Exception {
        var raft = TestQuorum.patientRaft();
        try (var quorum = new TestQuorum(dir, 3, raft, TestQuorum.timeouts());
                var n1 = new FakeNode(quorum.control, "n1");
                var n2 = new FakeNode(quorum.control, "n2");
                var n3 = new FakeNode(quorum.control, "n3")) {
            TestQuorum.await(
                    "nodes", () -> n1.welcome != null && n2.welcome != null && n3.welcome != null);
            quorum.initialize(4);
            prepare(quorum);
            for (int hour = 0; hour < HOURS; hour++) {
                passes(quorum, HOUR_MILLIS, "create snapshot", LOTS);
            }
            passes(quorum, HOUR_MILLIS * 3 / 4, "expire", CLONES);

            Map<String, Long> ends =
                    audit(quorum, "expire").stream()
                            .collect(
                                    Collectors.groupingBy(
                                            AuditRecord::getTarget, Collectors.counting()));
            assertEquals(CLONES, ends.size());
            assertTrue(ends.values().stream().allMatch(times -> times == 1), ends.toString());
            assertEquals(
                    1,
                    query(
                                    quorum,
                                    QueryRequest.newBuilder()
                                            .setListVolumes(ListVolumes.newBuilder()))
                            .getVolumesCount());
            List<SnapshotInfo> ofProd =
                    query(
                                    quorum,
                                    QueryRequest.newBuilder()
                                            .setListSnapshots(
                                                    ListSnapshots.newBuilder().setVolume("prod")))
                            .getSnapshotsList();
            assertEquals(KEEP, ofProd.size());
            Map<String, List<AuditRecord>> lots =
                    audit(quorum, "create snapshot").stream()
                            .collect(Collectors.groupingBy(LifecycleFailoverTest::moment));
            assertEquals(HOURS, lots.size(), lots.keySet().toString());
            lots.forEach((moment, each) -> assertEquals(LOTS, each.size(), moment));
        }
    }

    /// What snapshots of one moment are called.
    private static String moment(AuditRecord record) {
        String first = record.getTarget().split(" ", 2)[0];
        return first.substring(first.indexOf('@') + 1);
    }
}
