package io.coppice.node.lane;

import io.coppice.model.Blocks;
import io.coppice.model.Position;
import io.coppice.net.ReplyHandler;
import io.coppice.node.store.ChunkImage;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One chunk on its way from the primary, in pieces of a frame each. The image has the version of
/// its first piece: live operations that are newer are applied on top, and make the later pieces
/// right where they were taken later.
final class ChunkFetch implements ReplyHandler {
    private final Lane lane;
    private final LaneGroup group;
    private final int primary;
    private final long epoch;
    private final long chunk;
    private final long parent;
    private final Position parentVersion;
    private final OperationFrames operations;

    private final BitSet blocks = new BitSet();
    private final BitSet unmapped = new BitSet();
    private final List<int[]> crcs = new ArrayList<>();
    private final List<ByteBuf> pieces = new ArrayList<>();
    private @Nullable Position version;
    private boolean difference;
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
        this.operations = new OperationFrames(lane.blocksPerChunk());
    }

    void askNext() {
        DataHeader.Builder request =
                DataHeader.newBuilder()
                        .setKind(DataKind.FETCH_CHUNK)
                        .setGroup(group.group())
                        .setEpoch(epoch)
                        .setChunk(chunk)
                        .setBlock(next)
                        .setAskingStore(lane.storeId());
        if (parent != 0 && (next == 0 || difference)) {
            request.setFromChunk(parent)
                    .setVersionEpoch(parentVersion.epoch())
                    .setVersionSequence(parentVersion.sequence());
        }
        lane.links().call(primary, request, this);
    }

    @Override
    public void reply(DataHeader header, ByteBuf payload) {
        if (header.getStatus() == DataStatus.NO_SUCH_CHUNK) {
            payload.release();
            letGo();
            group.replica().chunkReceived(epoch, chunk, null);
            lane.dirty(group);
            return;
        }
        if (header.getStatus() != DataStatus.OK || !take(header, payload)) {
            payload.release();
            failed(header.getMessage());
            return;
        }
        if (header.getLast()) {
            finish();
        } else {
            askNext();
        }
    }

    @Override
    public void failed(String why) {
        letGo();
        group.replica().catchUpFailed(epoch, chunk);
    }

    /// False: the piece does not fit; the caller releases it.
    private boolean take(DataHeader header, ByteBuf payload) {
        BitSet here = Bitmaps.decode(header.getPresent());
        BitSet gone = Bitmaps.decode(header.getUnmapped());
        int count = here.cardinality();
        int end = next + header.getBlockCount();
        boolean fits =
                header.getBlock() == next
                        && header.getBlockCount() > 0
                        && end <= lane.blocksPerChunk()
                        && here.length() <= end
                        && gone.length() <= end
                        && header.getCrcsCount() == count
                        && payload.readableBytes() == count << Blocks.BLOCK_SHIFT
                        && (next == 0 || header.getDifference() == difference)
                        && operations.damagedBlock(header, payload) < 0;
        if (!fits) {
            return false;
        }
        if (version == null) {
            version = new Position(header.getVersionEpoch(), header.getVersionSequence());
            difference = header.getDifference();
            imageParent = header.getFromChunk();
        }
        blocks.or(here);
        unmapped.or(gone);
        crcs.add(OperationFrames.crcs(header));
        pieces.add(payload);
        next = end;
        return true;
    }

    private void finish() {
        ByteBuf data = pieces.size() == 1 ? pieces.getFirst() : joined();
        pieces.clear();
        var image =
                new ChunkImage(
                        chunk,
                        imageParent,
                        difference,
                        java.util.Objects.requireNonNull(version),
                        Bitmaps.indexes(blocks, 0),
                        crcs.stream().flatMapToInt(java.util.Arrays::stream).toArray(),
                        data.nioBuffer(),
                        Bitmaps.indexes(unmapped, 0));
        group.replica().chunkReceived(epoch, chunk, new FetchedImage(image, data));
        lane.dirty(group);
    }

    private ByteBuf joined() {
        int bytes = pieces.stream().mapToInt(ByteBuf::readableBytes).sum();
        ByteBuf all = PooledByteBufAllocator.DEFAULT.directBuffer(Math.max(1, bytes));
        for (ByteBuf piece : pieces) {
            all.writeBytes(piece);
            piece.release();
        }
        return all;
    }

    private void letGo() {
        pieces.forEach(ByteBuf::release);
        pieces.clear();
    }
}
