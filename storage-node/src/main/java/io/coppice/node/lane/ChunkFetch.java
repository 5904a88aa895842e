package io.coppice.node.lane;

import io.coppice.model.Blocks;
import io.coppice.model.Position;
import io.coppice.net.ReplyHandler;
import io.coppice.node.replica.Outcome;
import io.coppice.node.store.BlockRead;
import io.coppice.node.store.ChunkImage;
import io.coppice.node.store.ChunkImage.Base;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.PlacedRun;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One chunk on its way from the primary, in pieces of a frame each. The image has the version of
/// its first piece: live operations that are newer are applied on top, and make the later pieces
/// right where they were taken later.
///
/// Of a chunk that starts from nothing the primary only names the places of blocks that others may
/// share. Those that came with another chunk are shared with it here too; the others are asked for
/// one by one.
final class ChunkFetch implements ReplyHandler {
    private final Lane lane;
    private final LaneGroup group;
    private final int primary;
    private final long epoch;
    private final long chunk;
    private final long parent;
    private final Position parentVersion;
    private final Position held;
    private final OperationFrames operations;

    private final int[] crcs;
    private final @Nullable ByteBuf[] data;
    private final BitSet blocks = new BitSet();
    private final BitSet unmapped = new BitSet();
    private final List<ByteBuf> pieces = new ArrayList<>();

    /// Blocks that are in the store already, as a part of the chunk.
    private final BitSet stored = new BitSet();

    /// Blocks that came as lost: another chunk may have them from another place.
    private final BitSet lost = new BitSet();

    /// Blocks that were named by their places.
    private final BitSet placed = new BitSet();

    /// Of these: sent all the same, as they were when they were named.
    private final BitSet learned = new BitSet();

    /// Of these: asked for and not mapped any more, because of an operation that is held.
    private final BitSet gone = new BitSet();

    private final long[] places;
    private @Nullable Position version;

    /// The last operation that any piece may show.
    private long asOf;

    private Base base = Base.NOTHING;
    private long imageParent;
    private int next;

    ChunkFetch(
            Lane lane,
            LaneGroup group,
            int primary,
            long epoch,
            long chunk,
            long parent,
            Position parentVersion) {
        this.lane = lane;
        this.group = group;
        this.primary = primary;
        this.epoch = epoch;
        this.chunk = chunk;
        this.parent = parent;
        this.parentVersion = parentVersion;
        this.held =
                lane.index().trustsVersions(group.group())
                        ? lane.index().version(chunk)
                        : Position.NONE;
        this.operations = new OperationFrames(lane.blocksPerChunk());
        this.crcs = new int[lane.blocksPerChunk()];
        this.data = new @Nullable ByteBuf[lane.blocksPerChunk()];
        this.places = new long[lane.blocksPerChunk()];
    }

    // ---------------------------------------------------------------- asking

    /// As soon as the pace allows it.
    void askNext() {
        long waitNanos = lane.catchUp().waitNanos(primary);
        if (waitNanos > 0) {
            lane.later(waitNanos, this::askNext);
            return;
        }
        DataHeader.Builder request =
                DataHeader.newBuilder()
                        .setKind(DataKind.FETCH_CHUNK)
                        .setGroup(group.group())
                        .setEpoch(epoch)
                        .setChunk(chunk)
                        .setAskingStore(lane.storeId());
        if (next < lane.blocksPerChunk()) {
            request.setBlock(next).setByPlace(true);
            if (next == 0 || base == Base.HELD) {
                request.setHeldEpoch(held.epoch()).setHeldSequence(held.sequence());
            }
            if (parent != 0 && (next == 0 || base == Base.PARENT)) {
                request.setFromChunk(parent)
                        .setVersionEpoch(parentVersion.epoch())
                        .setVersionSequence(parentVersion.sequence());
            }
        } else {
            request.setWanted(Bitmaps.encode(wanted()));
        }
        lane.links().call(primary, request, this);
    }

    /// Placed blocks that are neither here nor sent, a piece of them.
    private BitSet wanted() {
        var wanted = (BitSet) placed.clone();
        wanted.andNot(blocks);
        wanted.andNot(gone);
        var some = new BitSet();
        for (int block = wanted.nextSetBit(0);
                block >= 0 && some.cardinality() < lane.config().catchUpPieceBlocks();
                block = wanted.nextSetBit(block + 1)) {
            if (sharer(block) == 0) {
                some.set(block);
            }
        }
        return some;
    }

    /// A chunk here that has the block from the same place; 0: none.
    private long sharer(int block) {
        return group.sharedPlaces(primary, epoch)
                .find(
                        places[block],
                        block,
                        (other, then) -> lane.index().version(other).equals(then));
    }

    // ---------------------------------------------------------------- answers

    @Override
    public void reply(DataHeader header, ByteBuf payload) {
        lane.catchUp().moved(primary, payload.readableBytes(), header.getWaitMicros());
        if (header.getStatus() == DataStatus.NO_SUCH_CHUNK) {
            payload.release();
            end();
            group.replica().chunkReceived(epoch, chunk, header.getGroupSequence(), null);
            lane.dirty(group);
            return;
        }
        boolean listing = next < lane.blocksPerChunk();
        if (header.getStatus() != DataStatus.OK
                || !(listing ? take(header, payload) : takeWanted(header, payload))) {
            payload.release();
            failed(header.getMessage());
            return;
        }
        if (next >= lane.blocksPerChunk() && wanted().isEmpty()) {
            finish();
        } else if (storePart()) {
            askNext();
        } else {
            failed("there is no room, or the chunk came, or went, in another way meanwhile");
        }
    }

    /// What has come goes to the log if the store had nothing of the chunk. False: the store is
    /// full, or it does not fit any more to what was stored.
    private boolean storePart() {
        boolean begins = stored.isEmpty();
        if (base != Base.NOTHING || (begins && lane.index().exists(chunk))) {
            return true; // it is kept in memory
        }
        boolean isOver = lane.group(group.group()) != group || group.replica().epoch() != epoch;
        boolean isFull = lane.index().room(false) != Outcome.OK;
        if (isOver || isFull || (!begins && !group.parts().isHere(chunk))) {
            return false;
        }
        var fresh = (BitSet) blocks.clone();
        fresh.andNot(stored);
        if (lane.isFailed() || fresh.isEmpty()) {
            return true;
        }
        group.parts().add(chunk);
        ByteBuf part = joined(fresh);
        lane.holdForBatch(part);
        lane.store().install(image(begins ? Base.NOTHING : Base.HELD, Position.NONE, fresh, part));
        lane.catchUp().installed(part.readableBytes());
        stored.or(fresh);
        lane.dirty(group);
        return true;
    }

    @Override
    public void failed(String why) {
        end();
        group.replica().catchUpFailed(epoch, chunk);
    }

    /// False: the piece does not fit; the caller releases it.
    private boolean take(DataHeader header, ByteBuf payload) {
        BitSet here = Bitmaps.decode(header.getPresent());
        BitSet without = Bitmaps.decode(header.getUnmapped());
        int end = next + header.getBlockCount();
        Base from =
                header.getFromHeld()
                        ? Base.HELD
                        : header.getDifference() ? Base.PARENT : Base.NOTHING;
        boolean fits =
                header.getBlock() == next
                        && header.getBlockCount() > 0
                        && end <= lane.blocksPerChunk()
                        && here.length() <= end
                        && without.length() <= end
                        && (next == 0 || from == base)
                        && (from == Base.NOTHING || header.getPlacesCount() == 0)
                        && takePlaces(header, here, end)
                        && takeBlocks(header, here, payload);
        if (!fits) {
            return false;
        }
        if (version == null) {
            version = new Position(header.getVersionEpoch(), header.getVersionSequence());
            base = from;
            imageParent = header.getFromChunk();
        }
        unmapped.or(without);
        next = end;
        return true;
    }

    private boolean takePlaces(DataHeader header, BitSet here, int end) {
        for (PlacedRun run : header.getPlacesList()) {
            int from = run.getBlock();
            int to = from + run.getCount();
            if (from < next || run.getCount() <= 0 || to > end || run.getPlace() <= 0) {
                return false;
            }
            for (int block = from; block < to; block++) {
                places[block] = run.getPlace() + (block - from);
            }
            placed.set(from, to);
        }
        return !placed.intersects(here);
    }

    private boolean takeBlocks(DataHeader header, BitSet here, ByteBuf payload) {
        int count = here.cardinality();
        asOf = Math.max(asOf, header.getVersionSequence());
        if (header.getCrcsCount() != count
                || payload.readableBytes() != count << Blocks.BLOCK_SHIFT
                || operations.damagedOnTheWay(header, payload) >= 0) {
            return false;
        }
        int at = 0;
        for (int block = here.nextSetBit(0); block >= 0; block = here.nextSetBit(block + 1)) {
            crcs[block] = header.getCrcs(at);
            int index = payload.readerIndex() + (at << Blocks.BLOCK_SHIFT);
            data[block] = payload.slice(index, Blocks.BLOCK_BYTES);
            lost.set(block, BlockRead.isLost(payload.nioBuffer(index, Blocks.BLOCK_BYTES), 0));
            at++;
        }
        blocks.or(here);
        pieces.add(payload);
        return true;
    }

    /// What is not mapped any more was unmapped by an operation that is held for this chunk.
    private boolean takeWanted(DataHeader header, ByteBuf payload) {
        BitSet asked = Bitmaps.decode(header.getWanted());
        BitSet here = Bitmaps.decode(header.getPresent());
        var strange = (BitSet) here.clone();
        strange.andNot(asked);
        if (asked.isEmpty()
                || asked.length() > lane.blocksPerChunk()
                || !strange.isEmpty()
                || !takeBlocks(header, here, payload)) {
            return false;
        }
        if (new Position(header.getVersionEpoch(), header.getVersionSequence()).equals(version)) {
            learned.or(here);
        }
        asked.andNot(here);
        gone.or(asked);
        return true;
    }

    // ---------------------------------------------------------------- the image

    private ChunkImage image(Base from, Position at, BitSet present, ByteBuf presentData) {
        return new ChunkImage(
                chunk,
                imageParent,
                from,
                at,
                Bitmaps.indexes(present, 0),
                present.stream().map(block -> crcs[block]).toArray(),
                presentData.nioBuffer(),
                Bitmaps.indexes(unmapped, 0),
                at.equals(Position.NONE) ? List.of() : references());
    }

    private void finish() {
        Position ofImage = Objects.requireNonNull(version);
        boolean inParts = !stored.isEmpty();
        if (inParts && !group.parts().isHere(chunk)) {
            failed("the chunk came, or went, in another way meanwhile");
            return;
        }
        if (base == Base.HELD && !lane.index().version(chunk).equals(held)) {
            failed("the chunk changed here meanwhile");
            return;
        }
        var left = (BitSet) blocks.clone();
        left.andNot(stored);
        ByteBuf joined = joined(left);
        ChunkImage image = image(inParts ? Base.HELD : base, ofImage, left, joined);
        lane.catchUp().fetchEnded();
        group.replica().chunkReceived(epoch, chunk, asOf, new FetchedImage(image, joined));
        group.parts().remove(chunk);
        for (ChunkImage.Reference shared : image.references()) {
            lane.metrics().resyncShared.inc(shared.count());
        }
        learned.andNot(lost);
        group.sharedPlaces(primary, epoch).learn(chunk, ofImage, learned, places);
        lane.dirty(group);
    }

    /// Runs of blocks that another chunk here has; valid in this turn of the lane.
    private List<ChunkImage.Reference> references() {
        var references = new ArrayList<ChunkImage.Reference>();
        var shared = (BitSet) placed.clone();
        shared.andNot(blocks);
        shared.andNot(gone);
        for (int from = shared.nextSetBit(0); from >= 0; ) {
            long other = sharer(from);
            int to = from + 1;
            while (shared.get(to) && sharer(to) == other) {
                to++;
            }
            references.add(new ChunkImage.Reference(other, from, to - from));
            from = shared.nextSetBit(to);
        }
        return references;
    }

    private ByteBuf joined(BitSet present) {
        ByteBuf all =
                PooledByteBufAllocator.DEFAULT.directBuffer(
                        Math.max(1, present.cardinality() << Blocks.BLOCK_SHIFT));
        for (int block = present.nextSetBit(0); block >= 0; block = present.nextSetBit(block + 1)) {
            all.writeBytes(Objects.requireNonNull(data[block]).duplicate());
            data[block] = null;
        }
        letGo();
        return all;
    }

    private void letGo() {
        pieces.forEach(ByteBuf::release);
        pieces.clear();
    }

    /// Whatever is in the store without a version now belongs to nobody.
    private void end() {
        letGo();
        if (!lane.isFailed()) {
            group.parts().remove(chunk);
        }
        lane.dirty(group);
        lane.catchUp().fetchEnded();
    }
}
