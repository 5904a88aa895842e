package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.AuditHash;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What the audit log tells, and that nobody can change it unseen.
class AuditTest {
    private final Cluster cluster = Cluster.ready();

    private List<AuditEntry> entries() {
        return cluster.view().audit(1, Integer.MAX_VALUE);
    }

    private static String hash(String before, AuditEntry entry) {
        return AuditHash.of(
                before,
                entry.number(),
                entry.millis(),
                entry.principal(),
                entry.from(),
                entry.action(),
                entry.target(),
                entry.detail(),
                entry.refusal());
    }

    private void assertChained() {
        var state = cluster.view().audit();
        String hash = state.before();
        long number = state.first();
        for (AuditEntry entry : entries()) {
            hash = hash(hash, entry);
            assertEquals(hash, entry.hash());
            assertEquals(number++, entry.number());
        }
        assertEquals(state.head(), hash);
        assertEquals(state.next(), number);
    }

    @Test
    void whatIsDoneAndWhatIsRefusedIsToldOnce() {
        var create = new Command.CreateVolume("a", Cluster.CHUNK, Map.of());
        var stamped = new Stamped(5, 1, 0, 7, "alice@10.0.0.1:5", create);
        cluster.state.apply(stamped);
        cluster.state.apply(stamped);
        cluster.state.apply(new Stamped(5, 2, 0, 8, "bob@10.0.0.2:6", create));
        List<AuditEntry> told = entries().stream().filter(it -> it.target().equals("a")).toList();
        assertEquals(2, told.size());
        assertEquals("alice", told.getFirst().principal());
        assertEquals("10.0.0.1:5", told.getFirst().from());
        assertEquals("create volume", told.getFirst().action());
        assertEquals("", told.getFirst().refusal());
        assertEquals("bob", told.getLast().principal());
        assertTrue(told.getLast().refusal().contains("already exists"));
        assertEquals("alice", cluster.volume("a").terms().owner());
        assertChained();
    }

    @Test
    void theOldestEntriesGoAndTheChainHolds() {
        for (int i = 0; i < AuditLog.ENTRIES_MAX + 500; i++) {
            cluster.done(new Command.PutProject("p", ""));
        }
        var state = cluster.view().audit();
        assertEquals(AuditLog.ENTRIES_MAX, state.next() - state.first());
        assertChained();
        cluster.state = Cluster.load(cluster.bytes());
        assertChained();
    }

    @Test
    void nobodyWashesOutWhatHeDid() {
        cluster.done(new Command.CreateVolume("a", Cluster.CHUNK, Map.of()));
        for (int i = 0; i < 200_000; i++) {
            var again = new Command.CreateVolume("a", Cluster.CHUNK, Map.of());
            String who = i % 2 == 0 ? "mallory" : "name" + i;
            cluster.state.apply(new Stamped(0, 0, 0, 60_000 + i / 100, who + "@h", again));
        }
        int most = (AuditLog.PRINCIPALS_A_MINUTE + 1) * AuditLog.REFUSALS_A_MINUTE;
        assertTrue(entries().size() < most + 10, "many were told");
        assertTrue(entries().stream().anyMatch(it -> it.target().equals("a")));
        // A minute later: how many more there were.
        cluster.state.apply(new Stamped(0, 0, 0, 200_000, "h", new Command.PutProject("p", "")));
        AuditEntry mallory =
                entries().stream()
                        .filter(it -> it.action().equals("refuse"))
                        .filter(it -> it.principal().equals("mallory"))
                        .findFirst()
                        .orElseThrow();
        assertEquals(
                100_000 - AuditLog.REFUSALS_A_MINUTE + " more within a minute", mallory.detail());
        assertChained();
        cluster.state = Cluster.load(cluster.bytes());
        assertChained();
    }

    @Test
    void longTextsTakeTheRoomOfMore() {
        String long1 = "x".repeat(AuditLog.TEXT_CHARS_MAX);
        for (int i = 0; i < 40_000; i++) {
            cluster.state.apply(
                    new Stamped(0, 0, 0, 1, "", new Command.Note("", "", "n", long1, long1, "")));
        }
        assertTrue(entries().size() < 20_000);
        assertChained();
        cluster.state = Cluster.load(cluster.bytes());
        assertChained();
    }

    @Test
    void whatANewerFormatTellsIsNotToldBefore() {
        var old = new ClusterConfig("c1", 3, 2, 4, Cluster.CHUNK, false, 1_000, 0);
        Cluster before = Cluster.ready(old);
        before.done(new Command.CreateVolume("a", Cluster.CHUNK, Map.of()));
        before.advance(5_000);
        var attached = (Outcome.Attached) before.done(new Command.Attach("a", 0));
        Volume volume = attached.volume();
        assertEquals(volume.createdMillis(), volume.terms().usedMillis());
        assertEquals("", volume.terms().owner());
        assertEquals(List.of(), before.view().audit(1, 10));
        assertEquals(Refusal.UNAVAILABLE, before.refused(new Command.PutProject("p", "")));
        before.apply(0, new Command.RaiseFormat(ClusterConfig.NEWEST_FORMAT));
        before.done(new Command.PutProject("p", ""));
        assertEquals(1, before.view().audit(1, 10).size());
        assertEquals(ClusterConfig.NEWEST_FORMAT, before.view().config().orElseThrow().format());
    }

    @Test
    void longTextsAreCut() {
        cluster.apply(0, new Command.DeletePolicy("x".repeat(100_000)));
        assertEquals(AuditLog.TEXT_CHARS_MAX, entries().getLast().target().length());
        assertChained();
    }
}
