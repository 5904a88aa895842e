package io.coppice.node.lane;

import com.google.protobuf.ByteString;
import io.coppice.model.Blocks;
import io.coppice.model.Position;
import io.coppice.node.store.BlockRead;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads from the store, on the lane. A damaged block is never answered (R10): it comes from
/// another replica, and the store's copy is mended.
final class ReadService {
    private static final Logger LOG = LoggerFactory.getLogger(ReadService.class);

    private final Lane lane;
    private final BlockMender mender;

    ReadService(Lane lane, BlockMender mender) {
        this.lane = lane;
        this.mender = mender;
    }

    /// A request whose blocks are clear (R4).
    void serve(Request request) {
        if (request.kind() == DataKind.EXTENTS) {
            extents(request);
            return;
        }
        read(request, true);
        lane.metrics()
                .readTotal
                .update(lane.time().nanos() - request.startNanos, TimeUnit.NANOSECONDS);
    }

    /// For another replica, or a check: what this store has, good or not at all.
    void serveReplica(Request request) {
        read(request, false);
    }

    private void read(Request request, boolean mend) {
        int count = request.blockCount();
        ByteBuf data = PooledByteBufAllocator.DEFAULT.directBuffer(count << Blocks.BLOCK_SHIFT);
        BlockRead read;
        try (var _ = lane.metrics().readStore.time()) {
            read =
                    lane.store()
                            .read(
                                    request.chunk(),
                                    request.block(),
                                    count,
                                    data.nioBuffer(0, count << Blocks.BLOCK_SHIFT));
        } catch (IOException e) {
            data.release();
            request.refuse(DataStatus.IO_ERROR, "the store is down: " + e.getMessage());
            lane.fail(e);
            return;
        }
        data.writerIndex(read.mapped() << Blocks.BLOCK_SHIFT);
        if (read.bad().length == 0) {
            answer(request, read, data);
            return;
        }
        lane.metrics().checksumErrors.inc(read.bad().length);
        LOG.warn(
                "{}: {} damaged blocks in chunk {} from block {} on",
                lane,
                read.bad().length,
                Long.toUnsignedString(request.chunk()),
                read.bad()[0]);
        if (mend) {
            new Mending(request, read, data).next();
        } else {
            data.release();
            request.refuse(DataStatus.BAD_CHECKSUM, "the blocks are damaged here too");
        }
    }

    /// The lease must hold after the data was read: then nobody can have written elsewhere what is
    /// missing in it.
    private void answer(Request request, BlockRead read, ByteBuf data) {
        if (!request.ofContent && !lane.mayServe(lane.time().nanos())) {
            data.release();
            lane.refuseWithoutLease(request);
            return;
        }
        DataHeader.Builder reply =
                request.reply(DataStatus.OK)
                        .setChunk(request.chunk())
                        .setBlock(request.block())
                        .setBlockCount(request.blockCount());
        if (read.mapped() < request.blockCount()) {
            reply.setPresent(present(read, request.blockCount()));
        }
        for (int crc : read.crcs()) {
            reply.addCrcs(crc);
        }
        if (request.kind() == DataKind.READ_REPLICA) {
            Position version = lane.index().version(request.chunk());
            reply.setVersionEpoch(version.epoch()).setVersionSequence(version.sequence());
        }
        lane.metrics().readBytes.mark(data.readableBytes());
        request.answer(reply, data);
    }

    /// Never empty here: an empty bitmap means that all blocks are present.
    private static ByteString present(BlockRead read, int count) {
        int bytes = (count + 7) >>> 3;
        return read.present().length >= bytes
                ? ByteString.copyFrom(read.present(), 0, bytes)
                : ByteString.copyFrom(new byte[bytes]);
    }

    private void extents(Request request) {
        var mapped = new BitSet(request.blockCount());
        var own = new BitSet(request.blockCount());
        lane.store().presence(request.chunk(), request.block(), request.blockCount(), mapped, own);
        if (!lane.mayServe(lane.time().nanos())) {
            lane.refuseWithoutLease(request);
            return;
        }
        request.answer(
                request.reply(DataStatus.OK)
                        .setChunk(request.chunk())
                        .setBlock(request.block())
                        .setBlockCount(request.blockCount())
                        .setPresent(padded(mapped, request.blockCount()))
                        .setOwn(padded(own, request.blockCount())),
                null);
    }

    private static ByteString padded(BitSet bits, int count) {
        return ByteString.copyFrom(java.util.Arrays.copyOf(bits.toByteArray(), (count + 7) >>> 3));
    }

    /// Verifies blocks and mends what is damaged; for `check`.
    void repair(Request request) {
        int count = request.blockCount();
        ByteBuf data = PooledByteBufAllocator.DEFAULT.directBuffer(count << Blocks.BLOCK_SHIFT);
        try {
            BlockRead read =
                    lane.store()
                            .read(
                                    request.chunk(),
                                    request.block(),
                                    count,
                                    data.nioBuffer(0, count << Blocks.BLOCK_SHIFT));
            data.writerIndex(read.mapped() << Blocks.BLOCK_SHIFT);
            lane.metrics().checksumErrors.inc(read.bad().length);
            new Mending(request, read, data).next();
        } catch (IOException e) {
            data.release();
            request.refuse(DataStatus.IO_ERROR, "the store is down: " + e.getMessage());
            lane.fail(e);
        }
    }

    /// Mends a damaged block that a replica met which catches up; it does not wait for it. What
    /// nobody has is remembered as lost.
    void mendFor(Request request, int block, int crc) {
        lane.metrics().checksumErrors.inc();
        mender.mend(
                lane,
                request.group(),
                request.chunk(),
                block,
                crc,
                new BlockMender.Answer() {
                    @Override
                    public void found(ByteBuf good) {
                        good.release();
                    }

                    @Override
                    public void notFound(boolean lost) {
                        LaneGroup group = lane.group(request.group());
                        if (lost && group != null) {
                            group.lostBlocks().add(request.epoch(), request.chunk(), block, crc);
                        }
                    }
                });
    }

    /// One damaged block after the other is put right in the answer.
    private final class Mending implements BlockMender.Answer {
        private final Request request;
        private final BlockRead read;
        private final ByteBuf data;
        private final ArrayDeque<Integer> bad = new ArrayDeque<>();
        private int wanted;

        Mending(Request request, BlockRead read, ByteBuf data) {
            this.request = request;
            this.read = read;
            this.data = data;
            for (int block : read.bad()) {
                bad.add(block);
            }
        }

        void next() {
            Integer block = bad.poll();
            if (block == null) {
                finish();
                return;
            }
            wanted = block;
            mender.mend(
                    lane, request.group(), request.chunk(), block, read.crcs()[place(block)], this);
        }

        @Override
        public void found(ByteBuf good) {
            int place = place(wanted);
            data.setBytes(
                    place << Blocks.BLOCK_SHIFT, good, good.readerIndex(), Blocks.BLOCK_BYTES);
            read.crcs()[place] = Checksums.crc32c(good.nioBuffer());
            good.release();
            next();
        }

        @Override
        public void notFound(boolean lost) {
            data.release();
            request.refuse(
                    lost ? DataStatus.IO_ERROR : DataStatus.NOT_SERVING,
                    "block " + wanted + " is damaged on every replica that could be asked");
        }

        /// Mapped blocks before this one.
        private int place(int block) {
            int place = 0;
            for (int i = request.block(); i < block; i++) {
                if (read.isPresent(i - request.block())) {
                    place++;
                }
            }
            return place;
        }

        private void finish() {
            if (request.kind() == DataKind.READ) {
                answer(request, read, data);
            } else {
                data.release();
                request.answer(request.reply(DataStatus.OK).setBlockCount(read.bad().length), null);
            }
        }
    }
}
