package io.coppice.node.lane;

import io.coppice.model.Blocks;
import io.coppice.node.store.BlockRead;
import io.coppice.port.Marks;
import io.coppice.wire.Checksums;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Looks at a block that was found damaged, and puts good data in its place.
final class Mending {
    private final Lane lane;

    Mending(Lane lane) {
        this.lane = lane;
    }

    boolean isDamaged(long chunk, int block, int crc) {
        if (lane.isFailed() || !lane.store().contains(chunk)) {
            return false;
        }
        try {
            BlockRead now =
                    lane.store().read(chunk, block, 1, ByteBuffer.allocate(Blocks.BLOCK_BYTES));
            return now.bad().length > 0 && now.crcs()[0] == crc;
        } catch (IOException e) {
            lane.fail(e);
            return false;
        }
    }

    boolean mend(long chunk, int block, int crc, ByteBuf good) {
        if (!isDamaged(chunk, block, crc)) {
            return false;
        }
        lane.holdForBatch(good.retain());
        lane.store().repair(chunk, block, Checksums.crc32c(good.nioBuffer()), good.nioBuffer());
        lane.scheduleTurn();
        Marks.hit("a damaged block was mended from a replica");
        lane.metrics().repairs.inc();
        return true;
    }
}
