package io.coppice.cli.image;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32C;

/// Writes a difference. Not thread-safe; closing it without [#end] leaves a stream that readers
/// refuse.
public final class DifferenceWriter implements AutoCloseable {
    private final DataOutputStream out;
    private long records;

    public DifferenceWriter(OutputStream out, long sizeBytes, String from, String to)
            throws IOException {
        this.out = new DataOutputStream(out);
        this.out.write(Difference.magic());
        this.out.writeInt(Difference.VERSION);
        this.out.writeLong(sizeBytes);
        this.out.writeUTF(from);
        this.out.writeUTF(to);
    }

    public void data(long offset, byte[] bytes, int start, int length) throws IOException {
        CRC32C crc = new CRC32C();
        crc.update(bytes, start, length);
        out.writeByte(Difference.DATA);
        out.writeLong(offset);
        out.writeInt(length);
        out.writeInt((int) crc.getValue());
        out.write(bytes, start, length);
        records++;
    }

    public void zero(long offset, long length) throws IOException {
        out.writeByte(Difference.ZERO);
        out.writeLong(offset);
        out.writeLong(length);
        records++;
    }

    /// Completes the stream.
    public void end() throws IOException {
        out.writeByte(Difference.END);
        out.writeLong(records);
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
