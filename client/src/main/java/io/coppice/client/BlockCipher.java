package io.coppice.client;

import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;

/// The blocks of one device between its user and the cluster: each is a unit of [Xts], whose number
/// is the block's place in the device. A block that a clone shares with its origin is at the same
/// place in both, so both read it. One thread at a time.
final class BlockCipher {
    private final String keyId;
    private final Xts xts;
    private final byte[] block = new byte[Blocks.BLOCK_BYTES];

    /// @param dataKey of [Xts#KEY_BYTES]
    BlockCipher(String keyId, byte[] dataKey) {
        this.keyId = keyId;
        xts = new Xts(dataKey, Blocks.BLOCK_BYTES);
    }

    /// Of the data key.
    String keyId() {
        return keyId;
    }

    /// The cipher text of `count` blocks goes to `to`, which may be where they are.
    ///
    /// @param first the first one's number in the device
    void encrypt(ByteBuf from, int fromIndex, ByteBuf to, int toIndex, long first, int count) {
        for (int i = 0; i < count; i++) {
            int at = i << Blocks.BLOCK_SHIFT;
            from.getBytes(fromIndex + at, block);
            xts.encrypt(block, 0, block.length, first + i);
            to.setBytes(toIndex + at, block);
        }
    }

    /// Makes one block plain, in place.
    void decrypt(ByteBuf data, int index, long number) {
        data.getBytes(index, block);
        xts.decrypt(block, 0, block.length, number);
        data.setBytes(index, block);
    }
}
