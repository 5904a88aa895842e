package io.coppice.node.format;

import io.coppice.port.Disk.DiskFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Reads what a [FrameWriter] wrote. Any damage is an IOException. One thread.
public final class FrameReader {
    private final DiskFile file;
    private final ByteBuffer header = ByteBuffer.allocate(8);
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(FrameWriter.FRAME_BYTES);
    private long offset;
    private long frame;

    public FrameReader(DiskFile file) {
        this.file = file;
        buffer.limit(0);
    }

    public long getLong() throws IOException {
        if (!buffer.hasRemaining() && !next()) {
            throw new EOFException("checkpoint ends early");
        }
        if (buffer.remaining() < 8) {
            throw new IOException("checkpoint is malformed");
        }
        return buffer.getLong();
    }

    public long getNumber() throws IOException {
        if (!buffer.hasRemaining() && !next()) {
            throw new EOFException("checkpoint ends early");
        }
        long value = 0;
        for (int shift = 0; shift < 64 && buffer.hasRemaining(); shift += 7) {
            byte part = buffer.get();
            value |= (long) (part & 0x7f) << shift;
            if (part >= 0) {
                return value;
            }
        }
        throw new IOException("checkpoint is malformed");
    }

    /// Throws unless the end frame comes next.
    public void finish() throws IOException {
        if (buffer.hasRemaining() || next()) {
            throw new IOException("checkpoint has more in it than it should");
        }
    }

    private boolean next() throws IOException {
        header.clear();
        if (file.read(header, offset) < 8) {
            throw new EOFException("checkpoint ends early");
        }
        int length = header.getInt(0);
        if (length < 0 || length > FrameWriter.FRAME_BYTES) {
            throw new IOException("checkpoint is damaged at byte " + offset);
        }
        buffer.clear().limit(length);
        if (file.read(buffer, offset + 8) < length) {
            throw new EOFException("checkpoint ends early");
        }
        buffer.flip();
        if (header.getInt(4) != FrameWriter.checksum(buffer, 0, length, frame++)) {
            throw new IOException("checkpoint is damaged at byte " + offset);
        }
        offset += 8 + length;
        return length > 0;
    }
}
