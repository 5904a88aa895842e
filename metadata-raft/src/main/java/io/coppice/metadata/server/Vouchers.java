package io.coppice.metadata.server;

import com.google.protobuf.ByteString;
import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import io.coppice.model.AccessKeys;
import io.coppice.model.Capability;
import io.coppice.model.Capability.Right;
import io.coppice.model.ChunkTags;
import io.coppice.wire.pb.ChunkIdRange;
import io.coppice.wire.pb.ChunkIdsLeased;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.Flipped;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.MapPage;
import io.coppice.wire.pb.MapPages;

/// What the leader vouches for towards the storage nodes: tags of chunks that a client is told of,
/// and capabilities (docs/internals/access.md). Nothing while there is no present key.
final class Vouchers {
    private static final long NOBODY = 0;

    private final AccessKeys keys;
    private final long wallMillis;

    Vouchers(MetadataView view, long wallMillis) {
        this.keys = view.accessKeys();
        this.wallMillis = wallMillis;
    }

    static Vouchers of(Leadership leadership) {
        return leadership.read(view -> new Vouchers(view, leadership.time().wallMillis()));
    }

    /// Pages of a map with what their chunks are read and changed by. What may be changed is only
    /// told to the holder of the volume. Who holds it may write over the same connections as it
    /// reads a snapshot of it.
    ///
    /// @param pages as of `view`
    MapPages pages(
            MetadataView view, long session, String holder, GetMapPages asked, MapPages pages) {
        if (!keys.isOn()) {
            return pages;
        }
        long volume =
                asked.getSnapshot() == NOBODY
                        ? asked.getVolume()
                        : view.snapshot(asked.getSnapshot()).map(Snapshot::volume).orElse(NOBODY);
        long fence =
                view.attachment(volume)
                        .filter(held -> held.session() == session)
                        .map(Attachment::fence)
                        .orElse(NOBODY);
        boolean owner = fence != NOBODY && asked.getSnapshot() == NOBODY;
        var vouched = pages.toBuilder().clearPages();
        for (MapPage page : pages.getPagesList()) {
            vouched.addPages(page(page, volume, owner ? pages.getGeneration() : NOBODY));
        }
        Right right = fence == NOBODY ? Right.READ : Right.WRITE;
        return vouched.setCapability(capability(right, volume, fence, session, holder))
                .setRenewMillis((int) (Capability.LIFE_MILLIS / 2))
                .build();
    }

    /// @param generation of the volume whose holder asks; 0: somebody else does
    private MapPage page(MapPage page, long volume, long generation) {
        ChunkTags tags = keys.tags();
        var vouched = page.toBuilder();
        for (long chunk : page.getChunksList()) {
            vouched.addTags(chunk == NOBODY ? 0 : tags.read(volume, chunk));
        }
        if (generation == NOBODY) {
            return vouched.build();
        }
        ByteString owned = page.getOwned();
        int count = Math.min(page.getChunksCount(), owned.size() * Byte.SIZE);
        for (int i = 0; i < count; i++) {
            boolean own = (owned.byteAt(i >> 3) & 1 << (i & 7)) != 0;
            vouched.addWriteTags(own ? tags.write(volume, generation, page.getChunks(i)) : 0);
        }
        return vouched.build();
    }

    /// Of what a flip has put into the map. A flip with the number of an earlier one is answered as
    /// that was, whatever it says: so only what the map really holds is vouched for.
    Flipped flipped(MetadataView view, long session, Flip flip) {
        var answer = Flipped.newBuilder();
        Volume volume = view.volume(flip.getVolume()).orElse(null);
        boolean holds =
                view.attachment(flip.getVolume())
                        .filter(held -> held.session() == session)
                        .isPresent();
        if (!keys.isOn() || volume == null || !holds) {
            return answer.build();
        }
        ChunkTags tags = keys.tags();
        boolean present = volume.generation() == flip.getGeneration();
        for (FlipSlot slot : flip.getSlotsList()) {
            long chunk = slot.getNewChunk();
            boolean mapped = chunk != NOBODY && present && isMapped(view, volume, slot);
            answer.addTags(mapped ? tags.read(volume.id(), chunk) : 0);
            answer.addWriteTags(mapped ? tags.write(volume.id(), volume.generation(), chunk) : 0);
        }
        return answer.build();
    }

    private static boolean isMapped(MetadataView view, Volume volume, FlipSlot slot) {
        return view.chunkAt(volume.root(), slot.getIndex()) == slot.getNewChunk()
                && view.isOwned(volume, slot.getIndex());
    }

    ChunkIdsLeased leased(long session, Outcome outcome) {
        var answer = ChunkIdsLeased.newBuilder();
        if (!(outcome instanceof Outcome.ChunkIdsLeased leased)) {
            return answer.build();
        }
        for (var range : leased.ranges()) {
            var told =
                    ChunkIdRange.newBuilder()
                            .setGroup(range.group())
                            .setFirst(range.first())
                            .setCount(range.count());
            for (int i = 0; keys.isOn() && i < range.count(); i++) {
                told.addTags(keys.tags().fresh(session, range.first() + i));
            }
            answer.addRanges(told);
        }
        return answer.build();
    }

    /// To count, list and repair the chunks of replicas; empty: nodes ask for none.
    ///
    /// @param session as the connections that show it say
    ByteString inspection(long session, String holder) {
        return keys.isOn()
                ? capability(Right.INSPECT, NOBODY, NOBODY, session, holder)
                : ByteString.EMPTY;
    }

    private ByteString capability(
            Right right, long volume, long fence, long session, String holder) {
        long until = wallMillis + Capability.LIFE_MILLIS;
        return ByteString.copyFrom(
                keys.sign(new Capability(right, volume, fence, session, holder, until)));
    }
}
