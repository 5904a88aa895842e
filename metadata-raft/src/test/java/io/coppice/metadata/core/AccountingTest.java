package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.Policy.IdleEnd;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What clones and projects hold, and what follows from it.
class AccountingTest {
    private static final long HOUR = Holdings.HOUR_MILLIS;
    private final Cluster cluster = Cluster.ready();

    @BeforeEach
    void aCloneInAProject() {
        cluster.done(new Command.PutProject("dev", ""));
        cluster.done(new Command.CreateVolume("a", 10 * Cluster.CHUNK, Map.of()));
        cluster.done(clone("c"));
    }

    private static Command.CreateClones clone(String name) {
        return new Command.CreateClones("a", "", null, List.of(name), Map.of(), 0, "dev");
    }

    private void own(long most) {
        cluster.done(new Command.PutQuota("dev", new Quota(0, 0, 0, most)));
    }

    private void counted(long bytes) {
        cluster.done(
                new Command.RecordUsage(
                        List.of(), List.of(new Command.ProjectBytes("dev", bytes))));
    }

    private int counted(String clone, long mapped, long own) {
        var count = new Command.CloneBytes(cluster.volume(clone).id(), mapped, own);
        var done =
                (Outcome.DueDone) cluster.done(new Command.RecordUsage(List.of(count), List.of()));
        return done.done();
    }

    private static Command.PutPolicy alertFrom(String name, int percent) {
        return new Command.PutPolicy(
                new Policy(name, List.of(), 0, 0, IdleEnd.ARCHIVE, 0, percent));
    }

    private void alertFrom(int percent) {
        cluster.done(alertFrom("p", percent));
        cluster.done(new Command.PutProject("dev", "p"));
    }

    private List<String> alerts() {
        return cluster.view().audit(1, 1_000).stream()
                .filter(entry -> entry.action().equals("divergence alert"))
                .map(AuditEntry::detail)
                .toList();
    }

    private List<Holding> past() {
        return cluster.view().holdings(cluster.volume("c").id());
    }

    // ------------------------------------------------------------ quotas

    private Command.Flip write(long slot, long old, long chunk) {
        Volume volume = cluster.volume("c");
        return new Command.Flip(
                volume.id(),
                volume.generation(),
                volume.fence(),
                List.of(new Command.FlipSlot(slot, old, chunk)));
    }

    @Test
    void whoHasAllOfItsQuotaMakesAndWritesNothingNew() {
        cluster.done(new Command.Attach("c", 0));
        long first = cluster.chunk(1);
        cluster.done(write(0, 0, first));
        own(1_000);
        assertEquals(OptionalLong.empty(), cluster.view().ownBytes("dev"));
        cluster.done(clone("d"));
        counted(999);
        assertEquals(OptionalLong.of(999), cluster.view().ownBytes("dev"));
        cluster.done(clone("e"));
        counted(1_000);
        assertEquals(Refusal.NO_SPACE, cluster.refused(clone("f")));
        var create = new Command.CreateVolume("n", Cluster.CHUNK, Map.of(), "dev", 0);
        assertEquals(Refusal.NO_SPACE, cluster.refused(create));
        var move = new Command.ChangeVolume("a", null, null, null, null, null, "dev", Map.of());
        assertEquals(Refusal.NO_SPACE, cluster.refused(move));
        long second = cluster.chunk(1);
        assertEquals(Refusal.NO_SPACE, cluster.refused(write(1, 0, second)));
        var refused = (Outcome.Refused) cluster.apply(Cluster.SESSION, clone("f"));
        assertTrue(refused.message().contains("1000 bytes of its own"), refused.message());
        // Others may, and what gives space back is done.
        cluster.done(new Command.CreateVolume("other", Cluster.CHUNK, Map.of()));
        cluster.done(write(0, first, 0));
        cluster.done(new Command.DeleteVolume("d", true));
        counted(0);
        cluster.done(clone("f"));
        cluster.done(write(1, 0, second));
    }

    @Test
    void aQuotaThatIsTakenBackIsForgotten() {
        own(1_000);
        counted(5_000);
        assertEquals(Refusal.NO_SPACE, cluster.refused(clone("f")));
        own(0);
        assertEquals(OptionalLong.empty(), cluster.view().ownBytes("dev"));
        cluster.done(clone("f"));
        counted(5_000); // it was under way
        cluster.done(clone("g"));
        assertEquals(
                Refusal.BAD_REQUEST,
                cluster.refused(new Command.PutQuota("dev", new Quota(0, 0, 0, -1))));
    }

    @Test
    void olderServersAreNotToldOfIt() {
        var old = new ClusterConfig("c1", 3, 2, 4, Cluster.CHUNK, false, 1_000, 1);
        Cluster before = Cluster.ready(old);
        before.done(new Command.PutProject("dev", ""));
        var quota = new Command.PutQuota("dev", new Quota(0, 1, 0, 1_000));
        var alert = alertFrom("p", 30);
        var usage = new Command.RecordUsage(List.of(), List.of());
        for (Command command : List.of(quota, alert, usage)) {
            assertEquals(Refusal.UNAVAILABLE, before.refused(command));
        }
        before.done(new Command.PutQuota("dev", new Quota(0, 1, 0)));
        before.apply(0, new Command.RaiseFormat(ClusterConfig.NEWEST_FORMAT));
        before.done(quota);
        before.done(alert);
        before.done(usage);
    }

    // ------------------------------------------------------------ over time

    @Test
    void whatChangesIsKeptHourByHour() {
        counted("c", 100, 0);
        counted("c", 100, 10);
        assertEquals(1, past().size(), "of one hour the first");
        cluster.advance(HOUR);
        counted("c", 100, 10);
        cluster.advance(HOUR);
        counted("c", 100, 10);
        assertEquals(2, past().size(), "what stays is not told again");
        assertEquals(10, past().getLast().ownBytes());
        Volume clone = cluster.volume("c");
        long now = past().getLast().millis() + HOUR;
        var same = new Command.CloneBytes(clone.id(), 100, 10);
        var other = new Command.CloneBytes(clone.id(), 100, 11);
        assertFalse(cluster.view().isNews(clone, same, now));
        assertTrue(cluster.view().isNews(clone, other, now));
        assertFalse(cluster.view().isNews(clone, other, now - HOUR));
        cluster.done(new Command.DeleteVolume("c", true));
        assertEquals(List.of(), cluster.view().holdings(clone.id()));
    }

    @Test
    void theHistoryIsBounded() {
        for (int hour = 0; hour < 24 * 60; hour++) {
            counted("c", 1_000_000, hour);
            cluster.advance(HOUR);
        }
        List<Holding> past = past();
        assertTrue(past.size() <= Holdings.HOURS + Holdings.DAYS + 1, past.size() + " are kept");
        assertTrue(past.size() >= Holdings.HOURS + Holdings.DAYS - 2, past.size() + " are kept");
        assertEquals(24 * 60 - 1, past.getLast().ownBytes());
        for (int i = 1; i < past.size(); i++) {
            assertTrue(past.get(i - 1).millis() < past.get(i).millis());
        }
        assertArrayEquals(cluster.bytes(), Cluster.bytes(Cluster.load(cluster.bytes())));
    }

    // ------------------------------------------------------------ alerts

    @Test
    void aCloneThatDivergesIsToldOfOncePerCrossing() {
        alertFrom(30);
        assertEquals(0, counted("c", 100, 29));
        assertEquals(0, cluster.view().divergedMillis(cluster.volume("c").id()));
        assertEquals(1, counted("c", 100, 30));
        assertEquals(0, counted("c", 100, 60));
        assertTrue(cluster.view().divergedMillis(cluster.volume("c").id()) > 0);
        String told = "30 of 100 bytes are its own: policy p tells from 30 percent on";
        assertEquals(List.of(told), alerts());
        cluster.state = Cluster.load(cluster.bytes());
        assertEquals(0, counted("c", 100, 60));
        assertEquals(0, counted("c", 100, 10));
        assertEquals(0, cluster.view().divergedMillis(cluster.volume("c").id()));
        assertEquals(1, counted("c", 100, 100));
        assertEquals(2, alerts().size());
    }

    @Test
    void anotherThresholdIsNews() {
        counted("c", 100, 50);
        Volume clone = cluster.volume("c");
        var count = new Command.CloneBytes(clone.id(), 100, 50);
        assertFalse(cluster.view().isNews(clone, count, 2_000));
        alertFrom(50);
        assertTrue(cluster.view().isNews(clone, count, 2_000));
        assertEquals(1, counted("c", 100, 50));
        alertFrom(51);
        assertTrue(cluster.view().isNews(clone, count, 2_000));
        assertEquals(0, counted("c", 100, 50));
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(alertFrom("q", 101)));
    }

    @Test
    void whatIsNoCloneOrGoneDoesNotMatter() {
        alertFrom(1);
        assertEquals(0, counted("a", 100, 100));
        long id = cluster.volume("c").id();
        cluster.done(new Command.DeleteVolume("c", false));
        var late = new Command.CloneBytes(id, 100, 100);
        var unknown = new Command.CloneBytes(999, 100, 100);
        cluster.done(new Command.RecordUsage(List.of(late, unknown), List.of()));
        assertEquals(List.of(), cluster.view().holdings(id));
        assertEquals(List.of(), alerts());
    }
}
