package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetadataStateTest {
    private final Cluster cluster = Cluster.ready();

    private Volume create(String name, long chunks) {
        cluster.done(new Command.CreateVolume(name, chunks * Cluster.CHUNK, Map.of()));
        return cluster.volume(name);
    }

    private Outcome.Attached attach(String name) {
        return (Outcome.Attached) cluster.done(new Command.Attach(name, 0));
    }

    private Command.Flip flipOf(String name, long index, long old, long fresh) {
        Volume volume = cluster.volume(name);
        return new Command.Flip(
                volume.id(),
                volume.generation(),
                volume.fence(),
                List.of(new Command.FlipSlot(index, old, fresh)));
    }

    private void map(String name, long first, int count) {
        Volume volume = cluster.volume(name);
        var leased =
                (Outcome.ChunkIdsLeased) cluster.done(new Command.LeaseChunkIds(List.of(0), count));
        var slots = new ArrayList<Command.FlipSlot>();
        for (int i = 0; i < count; i++) {
            slots.add(new Command.FlipSlot(first + i, 0, leased.ranges().getFirst().first() + i));
        }
        cluster.done(new Command.Flip(volume.id(), volume.generation(), volume.fence(), slots));
    }

    private Command.Seal seal(String name) {
        Volume volume = cluster.volume(name);
        return new Command.Seal(volume.id(), volume.generation());
    }

    private void snapshot(String volume, String snapshot) {
        cluster.done(
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut(volume, snapshot, seal(volume))),
                        Map.of()));
    }

    // ------------------------------------------------------------ retries

    @Test
    void aRetriedCommandGetsTheFirstAnswerAndChangesNothing() {
        var command = new Command.CreateVolume("a", 4096, Map.of());
        var stamped = new Stamped(99, 1, 0, 5, "t", command);
        Outcome first = cluster.state.apply(stamped);
        byte[] before = cluster.bytes();
        assertEquals(first, cluster.state.apply(stamped));
        assertArrayEquals(before, cluster.bytes());
        assertEquals(first, Cluster.load(before).apply(stamped), "also after a restart");
    }

    @Test
    void refusalsThatAskForARetryAreJudgedAnew() {
        create("a", 1);
        attach("a");
        var unsealed =
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut("a", "s", null)), Map.of());
        var refused = (Outcome.Refused) cluster.state.apply(new Stamped(5, 1, 0, 5, "t", unsealed));
        assertEquals(Refusal.STALE, refused.code());
        var sealed =
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut("a", "s", seal("a"))), Map.of());
        assertInstanceOf(
                Outcome.Snapshots.class, cluster.state.apply(new Stamped(5, 1, 0, 6, "t", sealed)));
    }

    @Test
    void anonymousAnswersAreForgottenInOrderAfterTenThousand() {
        for (int i = 0; i <= OutcomeMemory.ANONYMOUS_MAX; i++) {
            var command = new Command.DeleteSnapshot("none", "none");
            cluster.state.apply(new Stamped(1000 + i, 1, 0, 5, "t", command));
        }
        assertTrue(cluster.state.remembered(1000, 1) == null);
        assertTrue(cluster.state.remembered(1001, 1) != null);
    }

    @Test
    void aSessionsAnswersAreKeptUntilAcknowledgedOrOutOfItsWindow() {
        create("a", 1);
        long fence = attach("a").attachment().fence();
        var detach = new Command.Detach(cluster.volume("a").id(), fence, false);
        long session = Cluster.SESSION;
        cluster.state.apply(new Stamped(session, 100, 0, 5, "t", detach));
        cluster.state.apply(new Stamped(session, 101, 100, 5, "t", detach));
        assertInstanceOf(Outcome.Refused.class, cluster.state.remembered(session, 100));
        assertEquals(Outcome.Nothing.INSTANCE, cluster.state.remembered(session, 101));
        long far = 101 + OutcomeMemory.WINDOW;
        cluster.state.apply(new Stamped(session, far, 0, 5, "t", detach));
        assertInstanceOf(Outcome.Refused.class, cluster.state.remembered(session, 101));
    }

    // ------------------------------------------------------------ flips

    @Test
    void aFlipIsAllOrNothing() {
        create("a", 10);
        attach("a");
        long one = cluster.chunk(0);
        long two = cluster.chunk(1);
        Volume volume = cluster.volume("a");
        var slots = List.of(new Command.FlipSlot(0, 0, one), new Command.FlipSlot(1, 12345, two));
        assertEquals(
                Refusal.STALE,
                cluster.refused(new Command.Flip(volume.id(), 1, volume.fence(), slots)));
        assertEquals(0, cluster.view().mappedChunks(cluster.volume("a").root()));
        cluster.done(flipOf("a", 0, 0, one));
        assertEquals(one, cluster.view().chunkAt(cluster.volume("a").root(), 0));
    }

    @Test
    void aFlipIsRefusedOutsideItsRights() {
        create("a", 10);
        long chunk = cluster.chunk(0);
        assertEquals(Refusal.STALE, cluster.refused(flipOf("a", 0, 0, chunk)), "not attached");
        attach("a");
        Volume volume = cluster.volume("a");
        var slot = List.of(new Command.FlipSlot(0, 0, chunk));
        assertEquals(
                Refusal.STALE,
                cluster.refused(new Command.Flip(volume.id(), 2, volume.fence(), slot)));
        assertEquals(
                Refusal.STALE,
                cluster.refused(new Command.Flip(volume.id(), 1, volume.fence() + 1, slot)));
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(flipOf("a", 10, 0, chunk)));
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(flipOf("a", -1, 0, chunk)));
        assertEquals(
                Refusal.BAD_REQUEST, cluster.refused(flipOf("a", 0, 0, chunk + 1)), "no lease");
        cluster.done(flipOf("a", 0, 0, chunk));
        assertEquals(Refusal.BAD_REQUEST, cluster.refused(flipOf("a", 1, 0, chunk)), "used");
        cluster.done(flipOf("a", 0, chunk, 0));
        assertArrayEquals(new long[] {chunk}, cluster.view().purgeable(0, 10));
    }

    @Test
    void ownershipEndsWithTheGeneration() {
        create("a", 1000);
        attach("a");
        map("a", 60, 10);
        MapPage page = cluster.view().mapPage(cluster.volume("a"), 0);
        assertEquals(0xFL << 60, page.owned()[0]);
        assertEquals(0x3FL, page.owned()[1]);
        assertEquals(70, page.chunks().length);
        snapshot("a", "s");
        assertEquals(0, cluster.view().mapPage(cluster.volume("a"), 0).owned()[0]);
        long fresh = cluster.chunk(0);
        cluster.done(flipOf("a", 61, page.chunks()[61], fresh));
        assertEquals(1L << 61, cluster.view().mapPage(cluster.volume("a"), 0).owned()[0]);
        Snapshot frozen = cluster.view().snapshot("a", "s").orElseThrow();
        assertEquals(page.chunks()[61], cluster.view().chunkAt(frozen.root(), 61));
        assertEquals(1, cluster.view().ownChunks(cluster.volume("a").root()));
    }

    @Test
    void unusedIdsOfAClosedSessionArePurged() {
        create("a", 10);
        attach("a");
        var leased =
                (Outcome.ChunkIdsLeased) cluster.done(new Command.LeaseChunkIds(List.of(2), 4));
        long first = leased.ranges().getFirst().first();
        cluster.done(flipOf("a", 0, 0, first + 1));
        cluster.done(new Command.AbandonChunks(List.of(first, first + 1, 777L)));
        assertArrayEquals(new long[] {first}, cluster.view().purgeable(2, 10));
        cluster.apply(0, new Command.CloseSession(Cluster.SESSION));
        assertArrayEquals(
                new long[] {first, first + 2, first + 3}, cluster.view().purgeable(2, 10));
        assertTrue(cluster.view().attachments().isEmpty());
        cluster.apply(0, new Command.ChunksPurged(2, List.of(first + 2)));
        assertArrayEquals(new long[] {first, first + 3}, cluster.view().purgeable(2, 10));
    }

    // ------------------------------------------------------------ attachments

    @Test
    void takingOverNeedsADeadHolderAndABarrier() {
        create("a", 10);
        assertFalse(attach("a").barrier(), "nobody wrote before");
        cluster.apply(0, new Command.OpenSession(88, "other", false));
        var busy = (Outcome.Refused) cluster.apply(88, new Command.Attach("a", 0));
        assertEquals(Refusal.CONFLICT, busy.code());
        var taken = (Outcome.Attached) cluster.done(88, new Command.Attach("a", Cluster.SESSION));
        assertTrue(taken.barrier());
        assertEquals(2, taken.attachment().fence());
        cluster.done(88, new Command.Detach(taken.volume().id(), 2, false));
        Outcome.Attached next = attach("a");
        assertFalse(next.barrier(), "the last holder finished properly");
        cluster.done(new Command.Detach(next.volume().id(), next.attachment().fence(), true));
        assertTrue(attach("a").barrier(), "the last holder has given up on something");
        cluster.done(new Command.BreakAttachment("a"));
        assertTrue(attach("a").barrier());
    }

    @Test
    void aCutOfAQuietVolumeNeedsNoSeal() {
        create("a", 10);
        var cut = List.of(new Command.SnapshotCut("a", "s1", null));
        cluster.done(new Command.CreateSnapshots(cut, Map.of()));
        attach("a");
        cluster.done(
                new Command.Detach(cluster.volume("a").id(), cluster.volume("a").fence(), false));
        var second = List.of(new Command.SnapshotCut("a", "s2", null));
        assertEquals(Refusal.STALE, cluster.refused(new Command.CreateSnapshots(second, Map.of())));
        cluster.done(new Command.RaiseGeneration(cluster.volume("a").id(), 2));
        cluster.done(new Command.CreateSnapshots(second, Map.of()));
        assertEquals(4, cluster.volume("a").generation());
    }

    @Test
    void tokensGrowOverAllVolumesSoThatThoseOfDeletedOnesAreKnownToBeOld() {
        create("a", 10);
        create("b", 10);
        long first = attach("a").attachment().fence();
        long second = attach("b").attachment().fence();
        assertTrue(second > first);
        cluster.done(new Command.DeleteVolume("b", true));
        assertEquals(second, cluster.view().fencesGiven());
        assertEquals(
                List.of("a"), cluster.view().barrierVolumes().stream().map(Volume::name).toList());
        cluster.state = Cluster.load(cluster.bytes());
        assertEquals(second, cluster.view().fencesGiven());
        create("c", 10);
        assertTrue(attach("c").attachment().fence() > second);
    }

    @Test
    void whatExpiresUnderItsHolderEndsItsAttachment() {
        create("a", 10);
        snapshot("a", "s");
        cluster.done(new Command.CreateClones("a", "s", null, List.of("b"), Map.of(), 5_000));
        Attachment held = attach("b").attachment();
        cluster.advance(10_000);
        assertEquals(
                new Outcome.DueDone(1, List.of(held), false),
                cluster.apply(0, new Command.RunDue(10)));
        assertTrue(cluster.view().attachments().isEmpty());
    }

    // ------------------------------------------------------------ names

    @Test
    void trashFreesTheNameAndGivesItBack() {
        create("a", 10);
        attach("a");
        map("a", 0, 5);
        cluster.done(new Command.DeleteVolume("a", false));
        create("a", 10);
        assertEquals(1, cluster.view().trash().size());
        assertEquals(Refusal.EXISTS, cluster.refused(new Command.RestoreVolume("a", "")));
        cluster.done(new Command.RestoreVolume("a", "b"));
        assertEquals(5, cluster.view().mappedChunks(cluster.volume("b").root()));
        assertTrue(attach("b").barrier(), "it was deleted under its holder");
        cluster.done(new Command.DeleteVolume("b", false));
        assertEquals(
                new Outcome.DueDone(0, List.of(), false), cluster.apply(0, new Command.RunDue(10)));
        cluster.advance(2_000);
        assertEquals(
                new Outcome.DueDone(1, List.of(), false), cluster.apply(0, new Command.RunDue(10)));
        assertTrue(cluster.view().trash().isEmpty());
        assertEquals(Long.MAX_VALUE, cluster.view().nextDueMillis());
    }

    @Test
    void lineageOutlivesItsMembers() {
        create("a", 10);
        snapshot("a", "s");
        cluster.done(new Command.CreateClones("a", "s", null, List.of("b"), Map.of(), 0));
        Volume cloned = cluster.volume("b");
        cluster.done(new Command.CreateClones("b", "", null, List.of("c"), Map.of(), 0));
        long id = cluster.volume("c").id();
        cluster.done(new Command.RenameVolume("a", "z"));
        cluster.done(new Command.DeleteVolume("z", true));
        cluster.done(new Command.DeleteVolume("b", true));
        var family = cluster.view().family(id);
        assertEquals(
                List.of("z", "z@s", "b", "c"),
                family.stream().map(cluster.view()::fullName).toList());
        assertEquals("a@s", cloned.origin(), "as it was called then");
        assertTrue(family.getFirst().deletedMillis() > 0);
        assertEquals(List.of(), cluster.view().recount().details());
    }

    @Test
    void badInputIsRefusedWithOneLine() {
        create("a", 10);
        List<Command> bad =
                List.of(
                        new Command.CreateVolume("", 4096, Map.of()),
                        new Command.CreateVolume("a@b", 4096, Map.of()),
                        new Command.CreateVolume("x\n", 4096, Map.of()),
                        new Command.CreateVolume("b", 0, Map.of()),
                        new Command.CreateVolume("b", -4096, Map.of()),
                        new Command.CreateVolume("b", 4097, Map.of()),
                        new Command.CreateVolume("b", Long.MAX_VALUE, Map.of()),
                        new Command.CreateVolume("b", 4096, Map.of("", "x")),
                        new Command.ResizeVolume("a", 5, 0),
                        new Command.RenameVolume("a", "%"),
                        new Command.CreateSnapshots(List.of(), Map.of()),
                        new Command.CreateClones("a", "", null, List.of(), Map.of(), 0),
                        new Command.CreateClones("a", "", null, List.of("b", "b"), Map.of(), 0),
                        new Command.LeaseChunkIds(List.of(0, 0), 1),
                        new Command.LeaseChunkIds(List.of(-1), 1),
                        new Command.LeaseChunkIds(List.of(0), 0));
        for (Command command : bad) {
            var refused =
                    assertInstanceOf(
                            Outcome.Refused.class, cluster.apply(Cluster.SESSION, command));
            assertEquals(Refusal.BAD_REQUEST, refused.code(), command.toString());
            assertFalse(refused.message().contains("\n"), refused.message());
        }
        assertEquals(Refusal.NOT_FOUND, cluster.refused(new Command.DeleteVolume("b", true)));
        assertEquals(Refusal.NOT_FOUND, cluster.refused(new Command.DeleteSnapshot("a", "s")));
        assertEquals(
                Refusal.EXISTS, cluster.refused(new Command.CreateVolume("a", 4096, Map.of())));
        var absent = new Command.ChunksPurged(-1, List.of(1L));
        assertEquals(Outcome.Nothing.INSTANCE, cluster.apply(0, absent));
        assertEquals(new Outcome.Stepped(0, false), cluster.apply(0, new Command.ReapStep(-5)));
    }

    @Test
    void theLargestVolumeMapsItsLastSlot() {
        long size = io.coppice.model.Blocks.VOLUME_BYTES_MAX / 4096 * 4096;
        cluster.done(new Command.CreateVolume("huge", size, Map.of()));
        long fence = attach("huge").attachment().fence();
        long last = (size - 1) / Cluster.CHUNK;
        long chunk = cluster.chunk(3);
        cluster.done(flipOf("huge", last, 0, chunk));
        assertEquals(chunk, cluster.view().chunkAt(cluster.volume("huge").root(), last));
        var shrink = new Command.ResizeVolume("huge", 4096, 0);
        assertEquals(Refusal.CONFLICT, cluster.refused(shrink), "a writer may be beyond the end");
        cluster.done(new Command.Detach(cluster.volume("huge").id(), fence, false));
        cluster.done(shrink);
        assertTrue(cluster.volume("huge").root().isEmpty());
        while (cluster.view().reapPending()) {
            cluster.apply(0, new Command.ReapStep(3));
        }
        assertArrayEquals(new long[] {chunk}, cluster.view().purgeable(3, 5));
        assertEquals(List.of(), cluster.view().recount().details());
    }

    @Test
    void onlyTheAttachmentThatMadeZerosOfItCutsOffPartOfAChunk() {
        create("a", 3);
        long fence = attach("a").attachment().fence();
        map("a", 0, 2);
        long half = Cluster.CHUNK / 2;
        var cut = new Command.ResizeVolume("a", Cluster.CHUNK + half, fence);
        var blind = new Command.ResizeVolume("a", Cluster.CHUNK + half, 0);
        assertEquals(Refusal.CONFLICT, cluster.refused(blind));
        cluster.done(new Command.Detach(cluster.volume("a").id(), fence, false));
        assertEquals(Refusal.CONFLICT, cluster.refused(blind));
        assertEquals(Refusal.CONFLICT, cluster.refused(cut), "others may have written there since");
        cluster.done(new Command.ResizeVolume("a", 2 * Cluster.CHUNK + half, 0));
        long again = attach("a").attachment().fence();
        assertEquals(Refusal.CONFLICT, cluster.refused(cut));
        cluster.done(new Command.ResizeVolume("a", Cluster.CHUNK + half, again));
        assertEquals(Cluster.CHUNK + half, cluster.volume("a").size());
        assertTrue(cluster.view().attachment(cluster.volume("a").id()).isPresent());
    }

    // ------------------------------------------------------------ reaping, captures, bytes

    @Test
    void aReapStepIsBoundedAndSharedPartsAreKept() {
        create("a", 10_000);
        attach("a");
        map("a", 0, 5_000);
        cluster.done(new Command.CreateClones("a", "", seal("a"), List.of("b"), Map.of(), 0));
        cluster.done(flipOf("a", 0, cluster.view().chunkAt(cluster.volume("a").root(), 0), 0));
        cluster.done(new Command.DeleteVolume("b", true));
        int steps = 0;
        boolean more = cluster.view().reapPending();
        while (more) {
            var step = (Outcome.Stepped) cluster.apply(0, new Command.ReapStep(7));
            assertTrue(step.released() <= 7);
            assertEquals(List.of(), cluster.view().recount().details());
            more = step.more();
            steps++;
        }
        assertTrue(steps > 1);
        assertEquals(4_999, cluster.view().storedChunks());
        assertEquals(1, cluster.view().purgeCount(0));
    }

    @Test
    void aCaptureStaysAsItWasWhileCommandsGoOn() {
        create("a", 10_000);
        attach("a");
        map("a", 0, 3_000);
        byte[] then = cluster.bytes();
        try (var capture = cluster.state.capture()) {
            snapshot("a", "s");
            map("a", 3_000, 3_000);
            cluster.done(new Command.DeleteVolume("a", true));
            create("b", 5);
            cluster.apply(0, new Command.ReapStep(20));
            try (var nested = cluster.state.capture()) {
                byte[] middle = cluster.bytes();
                cluster.apply(0, new Command.ReapStep(10_000));
                assertArrayEquals(middle, Cluster.bytes(nested));
            }
            assertArrayEquals(then, Cluster.bytes(capture));
            Volume old = capture.volume("a").orElseThrow();
            assertEquals(3_000, capture.mappedChunks(old.root()));
            assertEquals(3_000, capture.ownChunks(old.root()));
            assertEquals(List.of(), capture.recount().details());
        }
        assertEquals(List.of(), cluster.view().recount().details());
    }

    @Test
    void damagedBytesAreNeverLoaded() throws IOException {
        create("a", 1_000);
        attach("a");
        map("a", 0, 100);
        byte[] good = cluster.bytes();
        MetadataState.load(new ByteArrayInputStream(good));
        for (int i = 0; i < good.length; i += 97) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            assertThrows(
                    IOException.class, () -> MetadataState.load(new ByteArrayInputStream(bad)));
        }
        byte[] cut = java.util.Arrays.copyOf(good, good.length - 9);
        assertThrows(IOException.class, () -> MetadataState.load(new ByteArrayInputStream(cut)));
    }
}
