package io.coppice.wire;

import io.coppice.model.Blocks;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// CRC32C of blocks (R10). Stateless; thread-safe.
public final class Checksums {
    private Checksums() {}

    /// CRC32C of the bytes between position and limit; the buffer's position does not move.
    public static int crc32c(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }

    /// CRC32C of `bytes[from, from + length)`.
    public static int crc32c(byte[] bytes, int from, int length) {
        var crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    /// One checksum for each block of `data`, whose remaining bytes are whole blocks.
    public static int[] ofBlocks(ByteBuffer data) {
        int count = data.remaining() >>> Blocks.BLOCK_SHIFT;
        var sums = new int[count];
        var view = data.duplicate();
        int start = data.position();
        var crc = new CRC32C();
        for (int i = 0; i < count; i++) {
            view.limit(start + (i + 1) * Blocks.BLOCK_BYTES)
                    .position(start + i * Blocks.BLOCK_BYTES);
            crc.reset();
            crc.update(view);
            sums[i] = (int) crc.getValue();
        }
        return sums;
    }

    /// Index of the first block whose checksum differs, or the number of blocks when all match.
    public static int firstMismatch(ByteBuffer data, int[] expected) {
        int[] actual = ofBlocks(data);
        for (int i = 0; i < actual.length; i++) {
            if (i >= expected.length || actual[i] != expected[i]) {
                return i;
            }
        }
        return actual.length;
    }
}
