package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The keys of encrypted volumes, as the quorum keeps them.
class KeysTest {
    private static final String WRAPPED = "A".repeat(124);
    private static final String OTHER = "B".repeat(124);

    private final Cluster cluster = Cluster.ready();

    @AfterEach
    void aSnapshotOfTheStateKeepsThem() {
        byte[] bytes = cluster.bytes();
        assertArrayEquals(bytes, Cluster.bytes(Cluster.load(bytes)));
    }

    private static VolumeKey key(String dataKey, String name, String wrapped) {
        return new VolumeKey(dataKey.repeat(32), name, "c".repeat(32), wrapped);
    }

    private static Command.CreateVolume create(String name, @Nullable VolumeKey key) {
        return new Command.CreateVolume(name, 10 * Cluster.CHUNK, Map.of(), "", 0, key);
    }

    private static Command.CreateClones cloneOf(String source, String name) {
        return new Command.CreateClones(source, "", null, List.of(name), Map.of(), 0);
    }

    private VolumeKey keyOf(String name) {
        return Objects.requireNonNull(cluster.volume(name).key());
    }

    private String lastRefusal() {
        List<AuditEntry> entries = cluster.view().audit(1, 1_000);
        return entries.getLast().refusal();
    }

    @Test
    void clonesHaveTheKeyOfTheirOriginUntilItIsWrappedAnew() {
        VolumeKey key = key("a", "team", WRAPPED);
        cluster.done(create("v", key));
        cluster.done(
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut("v", "s", null)), Map.of()));
        cluster.done(new Command.CreateClones("v", "s", null, List.of("c"), Map.of(), 0));
        assertEquals(key, keyOf("c"));
        VolumeKey anew = key("a", "qa", OTHER);
        cluster.done(new Command.RekeyVolume("c", anew));
        assertEquals(anew, keyOf("c"));
        assertEquals(key, keyOf("v"));
        // A data key is for life.
        assertEquals(
                Refusal.CONFLICT,
                cluster.refused(new Command.RekeyVolume("c", key("b", "qa", OTHER))));
        cluster.done(create("plain", null));
        assertNull(cluster.volume("plain").key());
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(new Command.RekeyVolume("plain", key)));
        assertEquals(Refusal.NOT_FOUND, cluster.refused(new Command.RekeyVolume("none", key)));
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(new Command.EraseKey("plain")));
    }

    @Test
    void whatIsNoWrappedKeyIsRefused() {
        for (VolumeKey bad :
                List.of(
                        key("a", "team", ""),
                        key("a", "team", "A".repeat(513)),
                        key("a", "team", "?".repeat(124)),
                        key("x", "team", WRAPPED),
                        key("a", "", WRAPPED),
                        new VolumeKey("", "team", "c".repeat(32), WRAPPED),
                        new VolumeKey("a".repeat(32), "team", "", WRAPPED))) {
            assertEquals(Refusal.BAD_REQUEST, cluster.refused(create("v", bad)), bad.toString());
        }
    }

    @Test
    void anErasedKeyIsGoneForGoodAndForThisVolumeOnly() {
        VolumeKey key = key("a", "team", WRAPPED);
        cluster.done(create("v", key));
        cluster.done(cloneOf("v", "c"));
        var attached = (Outcome.Attached) cluster.done(new Command.Attach("v", 0));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.EraseKey("v")));
        cluster.done(
                new Command.Detach(attached.volume().id(), attached.attachment().fence(), false));
        cluster.done(new Command.ChangeVolume("v", null, true, null, null, null, null, Map.of()));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.EraseKey("v")));
        cluster.done(new Command.ChangeVolume("v", null, false, null, null, null, null, Map.of()));
        cluster.done(new Command.EraseKey("v"));
        assertTrue(keyOf("v").erased());
        assertEquals(key.id(), keyOf("v").id());
        assertEquals(key, keyOf("c"));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.Attach("v", 0)));
        assertTrue(lastRefusal().contains("was erased"), lastRefusal());
        assertEquals(Refusal.CONFLICT, cluster.refused(cloneOf("v", "d")));
        assertEquals(Refusal.CONFLICT, cluster.refused(new Command.RekeyVolume("v", key)));
        assertEquals(
                Refusal.CONFLICT, cluster.refused(new Command.SwapVolumes("v", null, "c", null)));
        // Also what waits in the trash; again is the same.
        cluster.done(new Command.DeleteVolume("c", false));
        cluster.done(new Command.EraseKey("c"));
        cluster.done(new Command.EraseKey("v"));
        cluster.done(new Command.RestoreVolume("c", ""));
        assertTrue(keyOf("c").erased());
        String deeds =
                cluster.view().audit(1, 1_000).stream()
                        .filter(entry -> entry.refusal().isEmpty())
                        .map(AuditEntry::action)
                        .toList()
                        .toString();
        assertTrue(deeds.contains("erase key"), deeds);
    }

    @Test
    void contentsStayWithTheirDataKey() {
        cluster.done(create("v", key("a", "team", WRAPPED)));
        cluster.done(create("other", key("b", "team", WRAPPED)));
        cluster.done(create("plain", null));
        cluster.done(cloneOf("v", "c"));
        cluster.done(new Command.RekeyVolume("c", key("a", "qa", OTHER)));
        for (String stranger : List.of("other", "plain")) {
            assertEquals(
                    Refusal.BAD_REQUEST,
                    cluster.refused(new Command.SwapVolumes("v", null, stranger, null)));
            assertTrue(lastRefusal().contains("same data key"), lastRefusal());
        }
        cluster.done(new Command.SwapVolumes("v", null, "c", null));
        assertEquals("team", keyOf("v").name());
        assertEquals("qa", keyOf("c").name());
        cluster.done(new Command.ResetVolume("c", null, cluster.volume("v").id(), "", null, ""));
        assertEquals("qa", keyOf("c").name());
    }

    @Test
    void olderServersHearNothingOfKeys() {
        var old = new ClusterConfig("c1", 3, 2, 4, Cluster.CHUNK, false, 1_000, 1);
        Cluster before = Cluster.ready(old);
        before.done(create("plain", null));
        VolumeKey key = key("a", "team", WRAPPED);
        assertEquals(Refusal.UNAVAILABLE, before.refused(create("v", key)));
        assertEquals(Refusal.UNAVAILABLE, before.refused(new Command.RekeyVolume("plain", key)));
        assertEquals(Refusal.UNAVAILABLE, before.refused(new Command.EraseKey("plain")));
        before.apply(0, new Command.RaiseFormat(ClusterConfig.NEWEST_FORMAT));
        before.done(create("v", key));
    }
}
