package io.coppice.cli.image;

import io.coppice.cli.image.Difference.Header;
import io.coppice.cli.image.Difference.Reached;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// Writes a difference. Not thread-safe; closing it without [#end] leaves a stream that readers
/// refuse, and that can be continued if its header [is repeatable][Header#isRepeatable].
public final class DifferenceWriter implements AutoCloseable {
    private final DataOutputStream out;
    private long records;
    private int chain;

    /// A new one.
    public DifferenceWriter(OutputStream out, Header header) throws IOException {
        this.out = new DataOutputStream(out);
        this.out.write(head(header));
    }

    /// Goes on where a reader has come to.
    public DifferenceWriter(OutputStream out, Reached reached) {
        this.out = new DataOutputStream(out);
        records = reached.records();
        chain = reached.chain();
    }

    private static byte[] head(Header header) {
        var bytes = new ByteArrayOutputStream();
        try (var head = new DataOutputStream(bytes)) {
            head.write(Difference.magic());
            head.writeInt(Difference.VERSION);
            head.writeLong(header.sizeBytes());
            head.writeUTF(header.from());
            head.writeUTF(header.fromId());
            head.writeUTF(header.to());
            head.writeUTF(header.toId());
            var crc = new CRC32C();
            crc.update(bytes.toByteArray());
            head.writeInt((int) crc.getValue());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    static long headerBytes(Header header) {
        return head(header).length;
    }

    static byte[] dataHead(long offset, int length) {
        return ByteBuffer.allocate(1 + Long.BYTES + Integer.BYTES)
                .put(Difference.DATA)
                .putLong(offset)
                .putInt(length)
                .array();
    }

    static byte[] zeroHead(long offset, long length) {
        return ByteBuffer.allocate(1 + Long.BYTES + Long.BYTES)
                .put(Difference.ZERO)
                .putLong(offset)
                .putLong(length)
                .array();
    }

    static int endCrc(long records, int chain) {
        byte[] head =
                ByteBuffer.allocate(1 + Long.BYTES + Integer.BYTES)
                        .put(Difference.END)
                        .putLong(records)
                        .putInt(chain)
                        .array();
        return Difference.crc(head, head, 0, 0);
    }

    public void data(long offset, byte[] bytes, int start, int length) throws IOException {
        byte[] head = dataHead(offset, length);
        int crc = Difference.crc(head, bytes, start, length);
        out.write(head);
        out.writeInt(crc);
        out.write(bytes, start, length);
        count(crc);
    }

    public void zero(long offset, long length) throws IOException {
        byte[] head = zeroHead(offset, length);
        int crc = Difference.crc(head, head, 0, 0);
        out.write(head);
        out.writeInt(crc);
        count(crc);
    }

    private void count(int crc) {
        records++;
        chain = Difference.chain(chain, crc);
    }

    /// Completes the stream.
    public void end() throws IOException {
        out.writeByte(Difference.END);
        out.writeLong(records);
        out.writeInt(endCrc(records, chain));
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
