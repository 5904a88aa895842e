package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.Policy.IdleEnd;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What happens to volumes and snapshots by themselves.
class LifecycleTest {
    private static final long HOUR = 3_600_000;
    private static final int MANY = 1_000;

    private final Cluster cluster = Cluster.ready();

    private void create(String name) {
        cluster.done(new Command.CreateVolume(name, 10 * Cluster.CHUNK, Map.of()));
    }

    private void snapshot(String volume, String snapshot, long expiresMillis) {
        cluster.done(
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut(volume, snapshot, null)),
                        Map.of(),
                        expiresMillis,
                        null));
    }

    private void cloneOf(String volume, String snapshot, String name, long expiresMillis) {
        cluster.done(
                new Command.CreateClones(
                        volume, snapshot, null, List.of(name), Map.of(), expiresMillis));
    }

    private Outcome.DueDone run(int limit) {
        return (Outcome.DueDone) cluster.apply(0, new Command.RunDue(limit));
    }

    private void settle() {
        while (run(MANY).more()) {}
    }

    private static Command.ChangeVolume change(
            String name, @Nullable Boolean guarded, @Nullable String policy) {
        return new Command.ChangeVolume(name, null, guarded, null, null, policy, null, Map.of());
    }

    private static Policy idle(String name, long idle, long warn, IdleEnd end) {
        return new Policy(name, List.of(), idle, warn, end, 0);
    }

    private static Policy hourly(String name, int keep) {
        var rule = new Policy.Rule("hourly", HOUR, 0, keep);
        return new Policy(name, List.of(rule), 0, 0, IdleEnd.ARCHIVE, 0);
    }

    private List<String> snapshots(String volume) {
        return cluster.view().snapshots(cluster.volume(volume).id()).stream()
                .sorted(Comparator.comparingLong(Snapshot::id))
                .map(Snapshot::name)
                .toList();
    }

    private List<String> audited() {
        return cluster.view().audit(1, MANY).stream()
                .filter(entry -> entry.principal().isEmpty())
                .map(entry -> entry.action() + " " + entry.target())
                .toList();
    }

    // ------------------------------------------------------------ ends

    @Test
    void whatExpiresGoesIntoTheTrashAndFromThereForGood() {
        create("a");
        snapshot("a", "s", 0);
        cloneOf("a", "s", "b", 5_000);
        assertEquals(5_000, cluster.view().nextDueMillis());
        cluster.advance(10_000);
        assertEquals(new Outcome.DueDone(1, List.of(), false), run(10));
        assertTrue(cluster.view().volume("b").isEmpty());
        assertEquals("b", cluster.view().trash().getFirst().name());
        cluster.advance(2_000); // the retention is 1,000
        assertEquals(new Outcome.DueDone(1, List.of(), false), run(10));
        assertTrue(cluster.view().trash().isEmpty());
        assertEquals(List.of("expire b", "purge b"), audited());
    }

    @Test
    void whatIsRestoredHasNoEndAnyMore() {
        create("a");
        snapshot("a", "s", 0);
        cloneOf("a", "s", "b", 5_000);
        cluster.advance(5_500);
        run(10);
        cluster.done(new Command.RestoreVolume("b", ""));
        cluster.advance(100_000);
        assertEquals(0, run(10).done());
        assertEquals(0, cluster.volume("b").expiresMillis());
    }

    @Test
    void anEndMayBePutOffOrTakenAway() {
        create("a");
        snapshot("a", "s", 0);
        cloneOf("a", "s", "b", 5_000);
        cluster.done(
                new Command.ChangeVolume("b", 50_000L, null, null, null, null, null, Map.of()));
        cluster.advance(20_000);
        assertEquals(0, run(10).done());
        cluster.done(new Command.ChangeVolume("b", 0L, null, null, null, null, null, Map.of()));
        assertEquals(Long.MAX_VALUE, cluster.view().nextDueMillis());
    }

    @Test
    void whatIsProtectedIsNeitherDeletedNorEnds() {
        create("a");
        snapshot("a", "s", 3_000);
        cluster.done(new Command.ChangeSnapshot("a", "s", null, true));
        cloneOf("a", "s", "b", 5_000);
        cluster.done(change("b", true, null));
        cluster.advance(100_000);
        assertEquals(0, run(10).done());
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.DeleteVolume("b", true)));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.DeleteSnapshot("a", "s")));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.DeleteVolume("a", false)));
        cluster.done(new Command.ChangeSnapshot("a", "s", null, false));
        cluster.done(change("b", false, null));
        assertEquals(2, run(10).done());
        assertTrue(snapshots("a").isEmpty());
        assertTrue(cluster.view().volume("b").isEmpty());
    }

    // ------------------------------------------------------------ clones that nobody uses

    @Test
    void aCloneThatNobodyUsesIsAnnouncedThenArchived() {
        create("a");
        snapshot("a", "s", 0);
        cluster.done(new Command.PutPolicy(idle("p", 100_000, 20_000, IdleEnd.ARCHIVE)));
        cloneOf("a", "s", "b", 0);
        cluster.done(change("b", null, "p"));
        cluster.done(change("a", null, "p")); // no clone: it stays
        settle();
        long made = cluster.volume("b").terms().usedMillis();
        assertEquals(made + 80_000, cluster.view().nextDueMillis());
        cluster.advance(85_000);
        assertEquals(1, run(10).done());
        assertTrue(cluster.volume("b").terms().warnedMillis() > 0);
        assertEquals(0, run(10).done());
        cluster.advance(30_000);
        assertEquals(1, run(10).done());
        assertTrue(cluster.volume("b").terms().archived());
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.Attach("b", 0)));
        assertEquals(Long.MAX_VALUE, cluster.view().nextDueMillis());
        cluster.done(new Command.ChangeVolume("b", null, null, null, false, null, null, Map.of()));
        cluster.done(new Command.Attach("b", 0));
        assertEquals(List.of("warn of end b", "archive b"), audited());
    }

    @Test
    void whoUsesACloneKeepsIt() {
        create("a");
        snapshot("a", "s", 0);
        cluster.done(new Command.PutPolicy(idle("p", 100_000, 20_000, IdleEnd.REMOVE)));
        cluster.done(new Command.PutProject(Terms.PROJECT, "p"));
        cloneOf("a", "s", "b", 0);
        settle();
        cluster.advance(90_000);
        assertEquals(1, run(10).done()); // announced
        var attached = (Outcome.Attached) cluster.done(new Command.Attach("b", 0));
        assertEquals(0, cluster.volume("b").terms().warnedMillis());
        cluster.advance(500_000);
        assertEquals(0, run(10).done());
        cluster.done(
                new Command.Detach(attached.volume().id(), attached.attachment().fence(), false));
        cluster.advance(90_000);
        assertEquals(1, run(10).done()); // announced again
        cluster.advance(20_000);
        assertEquals(1, run(10).done());
        assertEquals("b", cluster.view().trash().getFirst().name());
    }

    @Test
    void aPolicyThatComesLateGivesAsMuchTimeAsItSays() {
        create("a");
        snapshot("a", "s", 0);
        cloneOf("a", "s", "b", 0);
        cluster.advance(1_000_000);
        cluster.done(new Command.PutPolicy(idle("p", 100_000, 20_000, IdleEnd.REMOVE)));
        cluster.done(change("b", null, "p"));
        settle();
        assertTrue(cluster.volume("b").terms().warnedMillis() > 0);
        cluster.advance(19_000);
        assertEquals(0, run(10).done());
        cluster.advance(2_000);
        assertEquals(1, run(10).done());
    }

    @Test
    void aChangedPolicyReachesAllItsFollowersAFewAtATime() {
        create("a");
        snapshot("a", "s", 0);
        cluster.done(new Command.PutPolicy(idle("p", 1_000_000, 10_000, IdleEnd.REMOVE)));
        cluster.done(new Command.PutProject("x", "p"));
        for (int i = 0; i < 10; i++) {
            cluster.done(
                    new Command.CreateClones("a", "s", null, List.of("c" + i), Map.of(), 0, "x"));
        }
        settle();
        cluster.advance(200_000);
        assertEquals(0, run(MANY).done());
        cluster.done(new Command.PutPolicy(idle("p", 100_000, 10_000, IdleEnd.REMOVE)));
        assertEquals(0, cluster.view().nextDueMillis());
        // What another server does that has the state from a snapshot.
        byte[] middle = cluster.bytes();
        MetadataState other = Cluster.load(middle);
        assertArrayEquals(middle, Cluster.bytes(other));
        for (int i = 0; i < 10; i++) {
            cluster.advance(5_000);
            var step = new Stamped(0, 0, 0, now() + 5_000 * i, "", new Command.RunDue(4));
            assertEquals(cluster.state.apply(step), other.apply(step));
        }
        assertArrayEquals(cluster.bytes(), Cluster.bytes(other));
        assertEquals(10, audited().stream().filter(it -> it.startsWith("remove")).count());
    }

    @Test
    void whoWasWarnedOfAnEarlierEndIsWarnedAgain() {
        create("a");
        snapshot("a", "s", 0);
        cluster.done(new Command.PutPolicy(idle("p", 100_000, 20_000, IdleEnd.REMOVE)));
        cloneOf("a", "s", "b", 0);
        cluster.done(change("b", null, "p"));
        settle();
        cluster.advance(85_000);
        assertEquals(1, run(10).done());
        cluster.done(new Command.PutPolicy(idle("p", 1_000_000, 20_000, IdleEnd.REMOVE)));
        settle();
        cluster.advance(900_000);
        assertEquals(1, run(10).done());
        assertTrue(cluster.view().volume("b").isPresent());
        cluster.advance(30_000);
        assertEquals(1, run(10).done());
        assertEquals(List.of("warn of end b", "warn of end b", "remove b"), audited());
    }

    @Test
    void nobodyEndsUnannounced() {
        Policy sudden = idle("p", 100_000, 0, IdleEnd.REMOVE);
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(new Command.PutPolicy(sudden)));
    }

    @Test
    void aReviewOfManyVolumesIsDoneInSteps() {
        cluster.done(new Command.PutPolicy(hourly("p", 1)));
        for (int i = 0; i < 5_000; i++) {
            create("v" + i);
        }
        settle();
        cluster.done(new Command.PutProject(Terms.PROJECT, "p"));
        int steps = 1;
        while (run(1).more()) {
            steps++;
        }
        assertEquals(3, steps, "of some 2,048 each");
        assertEquals(
                5_000,
                cluster.view()
                        .followers(new DueCut("p", "hourly", 0, 0), Integer.MAX_VALUE)
                        .size());
    }

    @Test
    void whatHasManySnapshotsEndsByItself() {
        for (int i = 0; i < 4; i++) {
            create("v" + i);
            for (int j = 0; j < 30; j++) {
                snapshot("v" + i, "s" + j, 0);
            }
            cluster.done(new Command.DeleteVolume("v" + i, false));
        }
        cluster.advance(2_000);
        var first = run(40);
        assertEquals(62, first.done(), "two volumes with theirs");
        assertTrue(first.more());
        assertEquals(62, run(40).done());
        assertTrue(cluster.view().trash().isEmpty());
    }

    @Test
    void aLeaderOfAnOlderFormatDeletesForGood() {
        create("a");
        snapshot("a", "s", 0);
        cloneOf("a", "s", "b", 5_000);
        cluster.advance(10_000);
        cluster.apply(0, new Command.PurgeTrash(10));
        assertTrue(cluster.view().volume("b").isEmpty());
        assertTrue(cluster.view().trash().isEmpty());
    }

    // ------------------------------------------------------------ schedules

    /// As the leader does it.
    private int cutsDue() {
        List<DueCut> due = cluster.view().dueCuts(now());
        for (DueCut cut : due) {
            cluster.apply(0, command(cut));
        }
        return due.size();
    }

    private Command.CreateSnapshots command(DueCut cut) {
        List<Command.SnapshotCut> cuts =
                cluster.view().followers(cut, MANY).stream()
                        .map(volume ->
                                new Command.SnapshotCut(
                                        volume.name(), cut.rule() + "-" + cut.moment(), null))
                        .toList();
        var by = new Command.Scheduled(cut.policy(), cut.rule(), cut.moment(), Long.MAX_VALUE);
        return new Command.CreateSnapshots(cuts, Map.of(), 0, by);
    }

    private long now() {
        return cluster.history.getLast().wallMillis();
    }

    private void advanceTo(long moment) {
        cluster.advance(moment - now());
        run(1);
    }

    @Test
    void aScheduleMakesSnapshotsAtItsMomentsAndKeepsTheNewest() {
        create("a");
        create("b");
        cluster.done(new Command.PutPolicy(hourly("p", 2)));
        cluster.done(change("a", null, "p"));
        settle();
        assertEquals(0, cutsDue()); // not of the hour that is past
        for (int hour = 1; hour <= 3; hour++) {
            advanceTo(hour * HOUR + 5_000);
            assertEquals(1, cutsDue());
            assertEquals(0, cutsDue());
        }
        assertEquals(List.of("hourly-" + 2 * HOUR, "hourly-" + 3 * HOUR), snapshots("a"));
        assertEquals(List.of(), snapshots("b"));
        assertEquals(List.of(), cluster.view().recount().details());
        // Nobody led for a while: the last moment only.
        advanceTo(9 * HOUR);
        assertEquals(1, cutsDue());
        assertEquals(List.of("hourly-" + 3 * HOUR, "hourly-" + 9 * HOUR), snapshots("a"));
    }

    @Test
    void aMomentsSnapshotsAreMadeOnceWhoeverAsks() {
        create("a");
        cluster.done(new Command.PutPolicy(hourly("p", 9)));
        cluster.done(change("a", null, "p"));
        settle();
        advanceTo(HOUR);
        Command.CreateSnapshots command = command(cluster.view().dueCuts(now()).getFirst());
        cluster.apply(0, command);
        cluster.done(new Command.DeleteSnapshot("a", "hourly-" + HOUR));
        // By a leader that did not hear of the first one's end.
        assertEquals(new Outcome.Snapshots(List.of(), List.of()), cluster.apply(0, command));
        assertEquals(List.of(), snapshots("a"));
    }

    @Test
    void aProtectedSnapshotOutlivesItsRule() {
        create("a");
        cluster.done(new Command.PutPolicy(hourly("p", 1)));
        cluster.done(change("a", null, "p"));
        settle();
        advanceTo(HOUR);
        cutsDue();
        cluster.done(new Command.ChangeSnapshot("a", "hourly-" + HOUR, null, true));
        for (int hour = 2; hour <= 3; hour++) {
            advanceTo(hour * HOUR);
            cutsDue();
        }
        assertEquals(List.of("hourly-" + HOUR, "hourly-" + 3 * HOUR), snapshots("a"));
    }

    @Test
    void aProtectedSnapshotHoldsAnEndBackAndNoSchedule() {
        create("a");
        snapshot("a", "s", 0);
        cluster.done(new Command.PutPolicy(hourly("p", 9)));
        cluster.done(new Command.PutProject(Terms.PROJECT, "p"));
        cloneOf("a", "s", "b", HOUR / 2);
        settle();
        snapshot("b", "keep", 0);
        cluster.done(new Command.ChangeSnapshot("b", "keep", null, true));
        advanceTo(HOUR + 5_000);
        settle();
        assertTrue(audited().contains("keep b"));
        cutsDue();
        assertEquals(List.of("keep", "hourly-" + HOUR), snapshots("b"));
        settle();
        assertEquals(1, audited().stream().filter("keep b"::equals).count());
        cluster.done(new Command.ChangeSnapshot("b", "keep", null, false));
        settle();
        assertTrue(cluster.view().volume("b").isEmpty());
    }

    @Test
    void whatALeaderDidWhoseClockWasAheadStopsNoSchedule() {
        create("a");
        cluster.done(new Command.PutPolicy(hourly("p", 9)));
        cluster.done(change("a", null, "p"));
        settle();
        advanceTo(HOUR);
        var far = new DueCut("p", "hourly", 1_000 * HOUR, 0);
        cluster.apply(0, command(far));
        assertEquals(1, cutsDue());
        assertEquals(List.of("hourly-" + 1_000 * HOUR, "hourly-" + HOUR), snapshots("a"));
        assertEquals(0, cutsDue());
        advanceTo(2 * HOUR);
        assertEquals(1, cutsDue());
    }

    @Test
    void theHistoryOfWhatIsMadeEveryHourDoesNotGrow() {
        create("a");
        cluster.done(new Command.PutPolicy(hourly("p", 2)));
        cluster.done(change("a", null, "p"));
        settle();
        for (int hour = 1; hour <= 20; hour++) {
            advanceTo(hour * HOUR);
            cutsDue();
            if (hour == 5) {
                cloneOf("a", "hourly-" + 5 * HOUR, "b", 0);
            }
        }
        List<String> family =
                cluster.view().family(cluster.volume("a").id()).stream()
                        .map(cluster.view()::fullName)
                        .toList();
        assertEquals(
                List.of(
                        "a",
                        "a@hourly-" + 5 * HOUR,
                        "b",
                        "a@hourly-" + 19 * HOUR,
                        "a@hourly-" + 20 * HOUR),
                family,
                "what something came from stays");
    }

    @Test
    void aLongListOfFollowersIsCutInParts() {
        cluster.done(new Command.PutPolicy(hourly("p", 1)));
        cluster.done(new Command.PutProject(Terms.PROJECT, "p"));
        for (int i = 0; i < 5; i++) {
            create("v" + i);
        }
        settle();
        advanceTo(HOUR);
        long upTo = cluster.volume("v2").id();
        var first =
                new Command.CreateSnapshots(
                        List.of(
                                new Command.SnapshotCut("v0", "s", null),
                                new Command.SnapshotCut("v1", "s", null),
                                new Command.SnapshotCut("v2", "s", null)),
                        Map.of(),
                        0,
                        new Command.Scheduled("p", "hourly", HOUR, upTo));
        cluster.apply(0, first);
        DueCut rest = cluster.view().dueCuts(now()).getFirst();
        assertEquals(new DueCut("p", "hourly", HOUR, upTo), rest);
        assertEquals(
                List.of("v3", "v4"),
                cluster.view().followers(rest, MANY).stream().map(Volume::name).toList());
        cutsDue();
        assertEquals(0, cutsDue());
        assertEquals(List.of("s"), snapshots("v0"));
        assertEquals(List.of("hourly-" + HOUR), snapshots("v4"));
    }

    // ------------------------------------------------------------ plans

    @Test
    void aPlanIsWhatHappens() {
        create("a");
        snapshot("a", "s", 7_000);
        cloneOf("a", "s", "b", 5_000);
        cloneOf("a", "s", "c", 9_000);
        byte[] before = cluster.bytes();
        List<Planned> planned = cluster.view().planned(8_000, MANY);
        assertArrayEquals(before, cluster.bytes());
        assertEquals(
                List.of(
                        new Planned(5_000, "expire", "b", cluster.volume("b").id()),
                        new Planned(7_000, "expire", "a@s", cluster.volume("a").id())),
                planned);
        advanceTo(8_000);
        run(MANY);
        assertEquals(
                planned.stream().map(each -> each.action() + " " + each.target()).toList(),
                audited());
    }

    // ------------------------------------------------------------ projects

    @Test
    void aProjectMayWantThatItsClonesEnd() {
        create("a");
        snapshot("a", "s", 0);
        var policy = new Policy("short", List.of(), 0, 0, IdleEnd.ARCHIVE, 60_000);
        cluster.done(new Command.PutPolicy(policy));
        cluster.done(new Command.PutProject("dev", "short"));
        var forEver = new Command.CreateClones("a", "s", null, List.of("b"), Map.of(), 0, "dev");
        var forAMinute =
                new Command.CreateClones(
                        "a", "s", null, List.of("b"), Map.of(), now() + 50_000, "dev");
        assertEquals(Refusal.NOT_ALLOWED, cluster.refused(forEver));
        cluster.done(forAMinute);
        assertEquals(
                Refusal.NOT_ALLOWED,
                cluster.refused(
                        new Command.ChangeVolume("b", 0L, null, null, null, null, null, Map.of())));
    }

    @Test
    void anEndLiesInTheFuture() {
        create("a");
        snapshot("a", "s", 0);
        cluster.advance(10_000);
        var clone = new Command.CreateClones("a", "s", null, List.of("b"), Map.of(), 5_000);
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(clone));
    }

    @Test
    void aConfinedVolumeIsClonedInItsProjectOnly() {
        create("a");
        snapshot("a", "s", 0);
        cluster.done(new Command.PutProject("dev", ""));
        cluster.done(new Command.ChangeVolume("a", null, null, true, null, null, null, Map.of()));
        assertEquals(
                Refusal.NOT_ALLOWED,
                cluster.refused(
                        new Command.CreateClones(
                                "a", "s", null, List.of("b"), Map.of(), 0, "dev")));
        cloneOf("a", "s", "b", 0);
        assertEquals(Terms.PROJECT, cluster.volume("b").terms().project());
        // Or the clone of the clone would be the way out.
        assertTrue(cluster.volume("b").terms().confined());
        assertEquals(
                Refusal.NOT_ALLOWED,
                cluster.refused(
                        new Command.ChangeVolume(
                                "b", null, null, null, null, null, "dev", Map.of())));
    }

    @Test
    void whatIsInUseStays() {
        cluster.done(new Command.PutPolicy(hourly("p", 1)));
        cluster.done(new Command.PutProject("dev", "p"));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.DeletePolicy("p")));
        cluster.done(new Command.CreateVolume("a", Cluster.CHUNK, Map.of(), "dev", 0));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.DeleteProject("dev")));
        cluster.done(new Command.PutProject("dev", ""));
        cluster.done(change("a", null, "p"));
        // Who follows what is being looked at.
        assertEquals(Refusal.UNAVAILABLE, cluster.refused(new Command.DeletePolicy("p")));
        settle();
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.DeletePolicy("p")));
        cluster.done(change("a", null, ""));
        cluster.done(new Command.DeletePolicy("p"));
        cluster.done(new Command.DeleteVolume("a", true));
        cluster.done(new Command.DeleteProject("dev"));
    }

    @Test
    void badPoliciesAreRefused() {
        var tooOften = new Policy.Rule("r", 1_000, 0, 1);
        var tooMany = new Policy.Rule("r", HOUR, 0, 100_000);
        var late = new Policy.Rule("r", HOUR, HOUR, 1);
        for (Policy.Rule rule : List.of(tooOften, tooMany, late)) {
            var policy = new Policy("p", List.of(rule), 0, 0, IdleEnd.ARCHIVE, 0);
            assertEquals(Refusal.BAD_REQUEST, cluster.refused(new Command.PutPolicy(policy)));
        }
        var twice = new Policy.Rule("r", HOUR, 0, 1);
        var same = new Policy("p", List.of(twice, twice), 0, 0, IdleEnd.ARCHIVE, 0);
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(new Command.PutPolicy(same)));
        var warned = idle("p", 10, 20, IdleEnd.ARCHIVE);
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(new Command.PutPolicy(warned)));
        assertEquals(Refusal.NOT_FOUND, cluster.refused(new Command.PutProject("dev", "nothing")));
    }
}
