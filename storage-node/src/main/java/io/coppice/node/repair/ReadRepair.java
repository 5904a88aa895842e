package io.coppice.node.repair;

import io.coppice.model.Blocks;
import io.coppice.net.ReplyHandler;
import io.coppice.node.lane.BlockMender;
import io.coppice.node.lane.Lane;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the other serving replicas of the group, one after the other, for a block whose data
/// matches the checksum that this store has for it: so a replica that is ahead with a newer write
/// is never taken for the truth. Stateless.
public final class ReadRepair implements BlockMender {
    private static final Logger LOG = LoggerFactory.getLogger(ReadRepair.class);

    @Override
    public void mend(
            Lane lane,
            int group,
            long chunk,
            int block,
            int crc,
            Consumer<@Nullable ByteBuf> done) {
        new Search(lane, group, chunk, block, crc, done, new ArrayDeque<>(lane.otherServing(group)))
                .next();
    }

    private record Search(
            Lane lane,
            int group,
            long chunk,
            int block,
            int crc,
            Consumer<@Nullable ByteBuf> done,
            Deque<Integer> stores)
            implements ReplyHandler {

        void next() {
            Integer store = stores.poll();
            if (store == null) {
                LOG.error(
                        "{}: block {} of chunk {}: no replica has a good copy",
                        lane,
                        block,
                        Long.toUnsignedString(chunk));
                done.accept(null);
                return;
            }
            DataHeader.Builder request =
                    DataHeader.newBuilder()
                            .setKind(DataKind.READ_REPLICA)
                            .setGroup(group)
                            .setEpoch(lane.epochOf(group))
                            .setChunk(chunk)
                            .setBlock(block)
                            .setBlockCount(1);
            lane.callReplica(store, request, this);
        }

        @Override
        public void reply(DataHeader header, ByteBuf payload) {
            boolean good =
                    header.getStatus() == DataStatus.OK
                            && payload.readableBytes() == Blocks.BLOCK_BYTES
                            && Checksums.crc32c(payload.nioBuffer()) == crc;
            if (!good) {
                payload.release();
                next();
                return;
            }
            if (lane.mendBlock(chunk, block, crc, payload)) {
                LOG.info(
                        "{}: block {} of chunk {} mended",
                        lane,
                        block,
                        Long.toUnsignedString(chunk));
            }
            done.accept(payload);
        }

        @Override
        public void failed(String why) {
            next();
        }
    }
}
