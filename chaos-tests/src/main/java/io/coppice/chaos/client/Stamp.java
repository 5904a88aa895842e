package io.coppice.chaos.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What a block holds: a value, so that every byte depends on it and on where the block is. A block
/// that is half of one and half of another value, or of another block, is told.
public final class Stamp {
    public static final int BYTES = 4096;

    /// Read in place of a value: the block holds what nobody writes.
    public static final long TORN = -1;

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private Stamp() {}

    /// A block with this value; 0: zeros.
    public static ByteBuffer of(long value, long where) {
        var block = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (value != 0) {
            long word = seed(value, where);
            block.putLong(value);
            while (block.hasRemaining()) {
                word = next(word);
                block.putLong(word);
            }
        }
        return block.clear();
    }

    /// The value of a block; [#TORN] when it is none.
    public static long value(ByteBuffer bytes, long where) {
        ByteBuffer block = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear();
        long value = block.getLong();
        long word = seed(value, where);
        while (block.hasRemaining()) {
            word = next(word);
            if (block.getLong() != (value == 0 ? 0 : word)) {
                return TORN;
            }
        }
        return value;
    }

    private static long seed(long value, long where) {
        return value * GOLDEN ^ where;
    }

    private static long next(long word) {
        long next = word + GOLDEN;
        return (next ^ next >>> 29) * GOLDEN;
    }
}
