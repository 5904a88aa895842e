package io.coppice.node.format;

import io.coppice.port.Disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// A stream of numbers cut into checksummed frames: u32 length, u32 CRC32C of (frame number,
/// bytes), bytes. The last frame has length 0. One thread.
public final class FrameWriter {
    static final int FRAME_BYTES = 256 << 10;
    private static final int FRAME_HEADER_BYTES = 8;
    private static final int NUMBER_BYTES_MAX = 10;
    private final DiskFile file;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(FRAME_HEADER_BYTES + FRAME_BYTES);
    private final ByteBuffer[] gather = {buffer};
    private long offset;
    private long frame;

    public FrameWriter(DiskFile file) {
        this.file = file;
        buffer.position(FRAME_HEADER_BYTES);
    }

    public void putLong(long value) throws IOException {
        room(8);
        buffer.putLong(value);
    }

    /// Seven bits a byte, least significant first: small numbers take one byte.
    public void putNumber(long value) throws IOException {
        room(NUMBER_BYTES_MAX);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            buffer.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }

    /// Writes the end frame. Returns the bytes of the file.
    public long finish() throws IOException {
        if (buffer.position() > FRAME_HEADER_BYTES) {
            flush();
        }
        flush();
        return offset;
    }

    private void room(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        int length = buffer.limit() - FRAME_HEADER_BYTES;
        buffer.putInt(0, length).putInt(4, checksum(buffer, FRAME_HEADER_BYTES, length, frame++));
        int bytes = buffer.limit();
        file.write(gather, 1, offset);
        offset += bytes;
        buffer.clear().position(FRAME_HEADER_BYTES);
    }

    static int checksum(ByteBuffer bytes, int from, int length, long frame) {
        var crc = new CRC32C();
        for (int shift = 0; shift < 64; shift += 8) {
            crc.update((int) (frame >>> shift));
        }
        crc.update(bytes.slice(from, length));
        return (int) crc.getValue();
    }
}
