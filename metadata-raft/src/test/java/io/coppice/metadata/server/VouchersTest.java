package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.model.AccessKey;
import io.coppice.model.AccessKeys;
import io.coppice.model.Capability;
import io.coppice.model.Capability.Right;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.Flipped;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.MapPages;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the leader vouches for, and for whom.
final class VouchersTest {
    private static final long SESSION = 5;
    private static final long OTHER = 6;
    private static final long NOW = 1_000_000;

    private final AtOnceQuorum quorum = new AtOnceQuorum();
    private final Leadership leadership = quorum.leadership();
    private long sequence;
    private long volume;
    private long fence;
    private long chunk;

    @BeforeEach
    void aVolumeWithOneChunk() {
        for (int node = 1; node <= 3; node++) {
            quorum.apply(
                    0,
                    0,
                    new Command.RegisterNode(
                            "n" + node,
                            "h:" + node,
                            "h:9" + node,
                            1,
                            1,
                            "",
                            "",
                            List.of(new Command.StoreReport("s" + node, 1L << 40, true, List.of())),
                            List.of()));
        }
        var config = new ClusterConfig("c", 3, 2, 4, 64 << 10, false, 1_000);
        quorum.apply(0, 0, new Command.InitializeCluster(config, new AccessKey(1, 1, 2, 3, 4)));
        quorum.apply(0, 0, new Command.OpenSession(SESSION, "holder", false));
        quorum.apply(0, 0, new Command.OpenSession(OTHER, "other", false));
        done(new Command.CreateVolume("v", 1 << 20, Map.of()));
        done(new Command.Attach("v", 0));
        volume = read(view -> view.volume("v").orElseThrow().id());
        fence = read(view -> view.attachment(volume).orElseThrow().fence());
        chunk = lease();
        done(new Command.Flip(volume, 1, fence, List.of(new Command.FlipSlot(3, 0, chunk))));
    }

    private void done(Command command) {
        quorum.apply(SESSION, ++sequence, command);
    }

    private <T> T read(java.util.function.Function<MetadataView, T> reader) {
        return quorum.read(reader);
    }

    private long lease() {
        done(new Command.LeaseChunkIds(List.of(1), 1));
        return ((Outcome.ChunkIdsLeased) quorum.remembered(SESSION, sequence).orElseThrow())
                .ranges()
                .getFirst()
                .first();
    }

    private AccessKeys on() {
        done(new Command.RotateAccessKey(new AccessKey(2, 5, 6, 7, 8)));
        return read(MetadataView::accessKeys);
    }

    private MapPages pages(long session, long snapshot) {
        var asked =
                GetMapPages.newBuilder()
                        .setVolume(volume)
                        .setSnapshot(snapshot)
                        .addPages(0)
                        .build();
        return read(view -> {
            try {
                MapPages plain = Pages.of(leadership, asked);
                return new Vouchers(view, NOW).pages(view, session, "bob", asked, plain);
            } catch (ControlFailure refused) {
                throw new AssertionError(refused);
            }
        });
    }

    private static Capability capability(AccessKeys keys, MapPages pages) {
        Capability found = keys.open(pages.getCapability().toByteArray(), NOW).capability();
        assertNotNull(found);
        return found;
    }

    @Test
    void withOneKeyNothingIsVouchedFor() {
        MapPages pages = pages(SESSION, 0);
        assertTrue(pages.getCapability().isEmpty());
        assertEquals(0, pages.getPages(0).getTagsCount());
        assertEquals(0, pages.getRenewMillis());
    }

    @Test
    void theHolderMayChangeWhatItsGenerationOwns() {
        AccessKeys keys = on();
        MapPages pages = pages(SESSION, 0);
        assertEquals(
                new Capability(
                        Right.WRITE, volume, fence, SESSION, "bob", NOW + Capability.LIFE_MILLIS),
                capability(keys, pages));
        assertTrue(keys.isRead(volume, chunk, pages.getPages(0).getTags(3)));
        assertTrue(keys.isWrite(volume, 1, chunk, pages.getPages(0).getWriteTags(3)));
        done(
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut("v", "s", new Command.Seal(volume, 1))),
                        Map.of()));
        MapPages after = pages(SESSION, 0);
        assertTrue(keys.isRead(volume, chunk, after.getPages(0).getTags(3)));
        assertEquals(
                List.of(),
                after.getPages(0).getWriteTagsList().stream().filter(tag -> tag != 0).toList());
    }

    @Test
    void whoOnlyReadsMayOnlyRead() {
        AccessKeys keys = on();
        MapPages pages = pages(OTHER, 0);
        assertEquals(Right.READ, capability(keys, pages).right());
        assertEquals(0, capability(keys, pages).fence());
        assertTrue(keys.isRead(volume, chunk, pages.getPages(0).getTags(3)));
        assertEquals(0, pages.getPages(0).getWriteTagsCount());
    }

    @Test
    void aSnapshotIsReadByItsVolume() {
        AccessKeys keys = on();
        done(
                new Command.CreateSnapshots(
                        List.of(new Command.SnapshotCut("v", "s", new Command.Seal(volume, 1))),
                        Map.of()));
        long snapshot = read(view -> view.snapshot("v", "s").orElseThrow().id());
        MapPages pages = pages(OTHER, snapshot);
        assertEquals(Right.READ, capability(keys, pages).right());
        assertEquals(volume, capability(keys, pages).volume());
        assertTrue(keys.isRead(volume, chunk, pages.getPages(0).getTags(3)));
        MapPages ofHolder = pages(SESSION, snapshot);
        assertEquals(Right.WRITE, capability(keys, ofHolder).right(), "it goes on writing");
        assertEquals(0, ofHolder.getPages(0).getWriteTagsCount());
    }

    private Flipped flipped(long session, FlipSlot... slots) {
        var flip =
                Flip.newBuilder()
                        .setVolume(volume)
                        .setGeneration(1)
                        .setFence(fence)
                        .addAllSlots(List.of(slots))
                        .build();
        return read(view -> new Vouchers(view, NOW).flipped(view, session, flip));
    }

    private static FlipSlot slot(long index, long chunk) {
        return FlipSlot.newBuilder().setIndex(index).setNewChunk(chunk).build();
    }

    @Test
    void aFlipVouchesForWhatItHasPutIn() {
        AccessKeys keys = on();
        Flipped flipped = flipped(SESSION, slot(3, chunk), slot(9, 0));
        assertTrue(keys.isRead(volume, chunk, flipped.getTags(0)));
        assertTrue(keys.isWrite(volume, 1, chunk, flipped.getWriteTags(0)));
        assertEquals(0, flipped.getTags(1));
    }

    /// The state machine answers a number that it has seen as it did before, whatever comes with
    /// it.
    @Test
    void aFlipThatComesAgainWithOtherChunksVouchesForNone() {
        on();
        Flipped other = flipped(SESSION, slot(3, chunk + 1), slot(-1, chunk), slot(1L << 40, 7));
        assertEquals(List.of(0L, 0L, 0L), other.getTagsList());
        assertEquals(List.of(0L, 0L, 0L), other.getWriteTagsList());
        assertEquals(0, flipped(OTHER, slot(3, chunk)).getTagsCount(), "nor for who holds nothing");
    }

    @Test
    void aLeaseVouchesForEachIdAndItsSession() {
        AccessKeys keys = on();
        done(new Command.LeaseChunkIds(List.of(1, 2), 3));
        Outcome outcome = quorum.remembered(SESSION, sequence).orElseThrow();
        var leased = Vouchers.of(leadership).leased(SESSION, outcome);
        for (var range : leased.getRangesList()) {
            assertEquals(3, range.getTagsCount());
            for (int i = 0; i < 3; i++) {
                assertTrue(keys.isFresh(SESSION, range.getFirst() + i, range.getTags(i)));
                assertTrue(!keys.isFresh(OTHER, range.getFirst() + i, range.getTags(i)));
            }
        }
    }

    @Test
    void toInspectIsARightOfItsOwn() {
        assertTrue(Vouchers.of(leadership).inspection(0, "").isEmpty());
        AccessKeys keys = on();
        byte[] signed = read(view -> new Vouchers(view, NOW)).inspection(9, "eve").toByteArray();
        var found = keys.open(signed, NOW).capability();
        assertNotNull(found);
        assertEquals(Right.INSPECT, found.right());
        assertEquals(9, found.session());
        assertNull(keys.open(signed, NOW + 2 * Capability.LIFE_MILLIS).capability());
    }
}
