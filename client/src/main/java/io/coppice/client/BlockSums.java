package io.coppice.client;

import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// CRC32C of blocks inside Netty's buffers, without copying (R10). On the event loop.
final class BlockSums {
    private final CRC32C crc = new CRC32C();

    /// One checksum for each of `count` blocks from `index` on.
    int[] ofBlocks(ByteBuf data, int index, int count) {
        var sums = new int[count];
        if (data.nioBufferCount() == 1) {
            // A view of our own: callers may use the same buffer on other threads.
            ByteBuffer view = data.nioBuffer(index, count << Blocks.BLOCK_SHIFT);
            int start = view.position();
            for (int i = 0; i < count; i++) {
                int from = start + (i << Blocks.BLOCK_SHIFT);
                view.limit(from + Blocks.BLOCK_BYTES).position(from);
                crc.reset();
                crc.update(view);
                sums[i] = (int) crc.getValue();
            }
            return sums;
        }
        for (int i = 0; i < count; i++) {
            crc.reset();
            for (ByteBuffer part :
                    data.nioBuffers(index + (i << Blocks.BLOCK_SHIFT), Blocks.BLOCK_BYTES)) {
                crc.update(part);
            }
            sums[i] = (int) crc.getValue();
        }
        return sums;
    }
}
