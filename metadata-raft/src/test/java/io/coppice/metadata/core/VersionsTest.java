package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Volumes that become what they or their relatives were.
class VersionsTest {
    private final Cluster cluster = Cluster.ready();

    @AfterEach
    void everyReferenceIsCounted() {
        assertEquals(List.of(), cluster.view().recount().details());
    }

    private void create(String name) {
        cluster.done(new Command.CreateVolume(name, 10 * Cluster.CHUNK, Map.of()));
    }

    /// A fresh chunk at `slot`, written by a client that comes and goes.
    private long write(String name, long slot) {
        var attached = (Outcome.Attached) cluster.done(new Command.Attach(name, 0));
        Volume volume = attached.volume();
        long fence = attached.attachment().fence();
        long chunk = cluster.chunk(1);
        long old = at(name, slot);
        cluster.done(
                new Command.Flip(
                        volume.id(),
                        volume.generation(),
                        fence,
                        List.of(new Command.FlipSlot(slot, old, chunk))));
        cluster.done(new Command.Detach(volume.id(), fence, false));
        return chunk;
    }

    private long at(String name, long slot) {
        return cluster.view().chunkAt(cluster.volume(name).root(), slot);
    }

    /// Something of it may be changed in place.
    private boolean owns(String name) {
        long[] owned = cluster.view().mapPage(cluster.volume(name), 0).owned();
        return Arrays.stream(owned).anyMatch(word -> word != 0);
    }

    private Command.Seal seal(String name) {
        Volume volume = cluster.volume(name);
        return new Command.Seal(volume.id(), volume.generation());
    }

    private void cloneLive(String name, String clone) {
        cluster.done(new Command.CreateClones(name, "", seal(name), List.of(clone), Map.of(), 0));
    }

    private Command.ResetVolume reset(String name, String from, String snapshot, String keep) {
        return new Command.ResetVolume(
                name,
                seal(name),
                cluster.volume(from).id(),
                snapshot,
                snapshot.isEmpty() ? seal(from) : null,
                keep);
    }

    @Test
    void aCloneBecomesWhatItsOriginIsNow() {
        create("a");
        write("a", 0);
        cloneLive("a", "b");
        long own = write("b", 1);
        long news = write("a", 2);
        long generation = cluster.volume("b").generation();
        cluster.done(reset("b", "a", "", "before"));
        assertEquals(0, at("b", 1));
        assertEquals(news, at("b", 2));
        assertEquals(at("a", 0), at("b", 0));
        assertNotEquals(generation, cluster.volume("b").generation());
        // What it was is kept, and what it becomes now is its own again.
        cluster.done(reset("b", "b", "before", ""));
        assertEquals(own, at("b", 1));
        long other = write("b", 2);
        assertEquals(news, at("a", 2));
        assertEquals(other, at("b", 2));
    }

    @Test
    void bothSidesOfAResetAreSealed() {
        create("a");
        cloneLive("a", "b");
        write("a", 0);
        write("b", 0);
        var whole = reset("b", "a", "", "");
        var withoutOwn = new Command.ResetVolume("b", null, whole.from(), "", whole.fromSeal(), "");
        var withoutOther = new Command.ResetVolume("b", whole.seal(), whole.from(), "", null, "");
        assertEquals(Refusal.STALE, cluster.refused(withoutOwn));
        assertEquals(Refusal.STALE, cluster.refused(withoutOther));
        cluster.done(whole);
        assertFalse(owns("a"));
    }

    @Test
    void whatIsNoRelativeIsNoSource() {
        create("a");
        create("x");
        write("x", 0);
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(reset("a", "x", "", "")));
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(reset("a", "a", "", "")));
        assertEquals(Refusal.NOT_FOUND, cluster.refused(reset("a", "a", "no", "")));
        cluster.done(new Command.DeleteVolume("x", false));
        var gone = new Command.ResetVolume("a", seal("a"), 2, "", null, "");
        assertEquals(Refusal.NOT_FOUND, cluster.refused(gone));
    }

    @Test
    void anySnapshotOfTheFamilyCanBeGoneBackTo() {
        create("a");
        long first = write("a", 0);
        cluster.done(
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut("a", "s", seal("a"))), Map.of()));
        cloneLive("a", "b");
        cloneLive("b", "c");
        write("c", 0);
        cluster.done(reset("c", "a", "s", ""));
        assertEquals(first, at("c", 0));
        cluster.done(new Command.DeleteVolume("a", true));
        while (cluster.apply(0, new Command.ReapStep(100)) instanceof Outcome.Stepped step
                && step.more()) {}
        assertEquals(first, at("c", 0));
    }

    @Test
    void whatIsProtectedIsNotThrownAway() {
        create("a");
        write("a", 0);
        cloneLive("a", "b");
        cluster.done(new Command.ChangeVolume("b", null, true, null, null, null, null, Map.of()));
        assertEquals(Refusal.CONFLICT, cluster.refused(reset("b", "a", "", "")));
        cluster.done(reset("b", "a", "", "kept"));
        var back = new Command.RollbackVolume("b", "kept", seal("b"));
        assertEquals(Refusal.CONFLICT, cluster.refused(back));
    }

    /// Or writers would wait for a command that changes nothing.
    @Test
    void whatWouldBeRefusedIsKnownBeforeItIsSealed() {
        create("a");
        write("a", 0);
        var clone = new Command.CreateClones("a", "", null, List.of("a"), Map.of(), 0);
        assertEquals(
                Refusal.EXISTS,
                cluster.view().refusal(Caller.LEADER, clone, 1).orElseThrow().code());
        var good = new Command.CreateClones("a", "", null, List.of("b"), Map.of(), 0);
        assertEquals(Optional.empty(), cluster.view().refusal(Caller.LEADER, good, 1));
        cloneLive("a", "b");
        var reset = new Command.ResetVolume("b", null, cluster.volume("a").id(), "", null, "");
        assertEquals(Optional.empty(), cluster.view().refusal(Caller.LEADER, reset, 1));
        cluster.done(new Command.ChangeVolume("b", null, true, null, null, null, null, Map.of()));
        assertEquals(
                Refusal.CONFLICT,
                cluster.view().refusal(Caller.LEADER, reset, 1).orElseThrow().code());
    }

    @Test
    void twoVolumesChangePlaces() {
        create("a");
        cluster.done(new Command.CreateVolume("b", 20 * Cluster.CHUNK, Map.of()));
        long ofA = write("a", 0);
        long ofB = write("b", 0);
        assertEquals(Refusal.STALE, cluster.refused(new Command.SwapVolumes("a", null, "b", null)));
        cluster.done(new Command.SwapVolumes("a", seal("a"), "b", seal("b")));
        assertEquals(ofB, at("a", 0));
        assertEquals(ofA, at("b", 0));
        assertEquals(20 * Cluster.CHUNK, cluster.volume("a").size());
        // Nothing is changed in place that the other one made.
        assertFalse(owns("a"));
        cluster.done(new Command.SwapVolumes("a", seal("a"), "b", seal("b")));
        assertFalse(owns("a"));
        assertEquals(ofA, at("a", 0));
        assertEquals(
                Refusal.BAD_REQUEST,
                cluster.refused(new Command.SwapVolumes("a", seal("a"), "a", seal("a"))));
    }
}
