package io.coppice.node.repair;

import io.coppice.model.Blocks;
import io.coppice.model.Position;
import io.coppice.net.ReplyHandler;
import io.coppice.node.lane.BlockMender;
import io.coppice.node.lane.Lane;
import io.coppice.node.replica.GroupView;
import io.coppice.node.store.BlockRead;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks the other replicas of the group, one after the other, for a block whose data matches the
/// checksum that this store has for it: so a replica that is ahead with a newer write is never
/// taken for the truth. Replicas that catch up are asked too: one of them may have the only good
/// copy, and get no further before this one is mended.
///
/// Where the checksum is lost with its record's header, the version of the chunk decides: replicas
/// that have applied the same operations hold the same data (R3). Ours has not changed the block
/// since the search began, as it is still damaged; so a copy is right if its chunk's version lies
/// between what ours was then and what it is now. Another replica may be a moment behind or ahead
/// while the chunk is being written: so all are asked a few times. One that catches up answers if
/// its version is just the same. Stateless.
public final class ReadRepair implements BlockMender {
    private static final int ROUNDS = 3;
    private static final Logger LOG = LoggerFactory.getLogger(ReadRepair.class);

    @Override
    public void mend(Lane lane, int group, long chunk, int block, int crc, Answer answer) {
        new Search(lane, group, chunk, block, crc, answer).next();
    }

    private static final class Search implements ReplyHandler {
        private final Lane lane;
        private final int group;
        private final long chunk;
        private final int block;
        private final int crc;
        private final Position version;
        private final Answer answer;
        private final Deque<Integer> stores = new ArrayDeque<>();

        /// Everybody who was asked has answered, with what is no good copy.
        private boolean lost = true;

        Search(Lane lane, int group, long chunk, int block, int crc, Answer answer) {
            this.lane = lane;
            this.group = group;
            this.chunk = chunk;
            this.block = block;
            this.crc = crc;
            this.version = lane.versionOf(chunk);
            this.answer = answer;
            for (int round = 0; round < (crc == BlockRead.UNKNOWN_CRC ? ROUNDS : 1); round++) {
                stores.addAll(lane.others(group, GroupView.State.SERVING));
            }
            stores.addAll(lane.others(group, GroupView.State.SYNCING));
        }

        void next() {
            Integer store = stores.poll();
            if (store == null) {
                LOG.error(
                        "{}: block {} of chunk {}: no replica has a good copy",
                        lane,
                        block,
                        Long.toUnsignedString(chunk));
                // One of the last may come back with it: until then nothing is given up.
                boolean all = lane.others(group, GroupView.State.LAST).isEmpty();
                answer.notFound(lost && all);
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
            if (crc == BlockRead.UNKNOWN_CRC) {
                request.setHeldEpoch(version.epoch()).setHeldSequence(version.sequence());
            } else {
                request.addCrcs(crc);
            }
            lane.callReplica(store, request, this);
        }

        @Override
        public void reply(DataHeader header, ByteBuf payload) {
            if (!isGood(header, payload)) {
                lost &= hasNoCopy(header, payload);
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
            answer.found(payload);
        }

        private boolean isGood(DataHeader header, ByteBuf payload) {
            if (header.getStatus() != DataStatus.OK
                    || payload.readableBytes() != Blocks.BLOCK_BYTES) {
                return false;
            }
            int found = Checksums.crc32c(payload.nioBuffer());
            if (crc != BlockRead.UNKNOWN_CRC) {
                return found == crc;
            }
            var there = new Position(header.getVersionEpoch(), header.getVersionSequence());
            return header.getCrcsCount() == 1
                    && header.getCrcs(0) == found
                    && there.compareTo(version) >= 0
                    && there.compareTo(lane.versionOf(chunk)) <= 0
                    && lane.isDamaged(chunk, block, crc);
        }

        /// What it holds is damaged, or something else; of which without a checksum nobody can
        /// tell.
        private boolean hasNoCopy(DataHeader header, ByteBuf payload) {
            return switch (header.getStatus()) {
                case BAD_CHECKSUM, NO_SUCH_CHUNK -> true;
                case OK -> crc != BlockRead.UNKNOWN_CRC || !payload.isReadable();
                default -> false;
            };
        }

        @Override
        public void failed(String why) {
            lost = false;
            next();
        }
    }
}
