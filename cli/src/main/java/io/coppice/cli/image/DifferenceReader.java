package io.coppice.cli.image;

import io.coppice.cli.image.Difference.Change;
import io.coppice.cli.image.Difference.Header;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Reads a difference and believes nothing of it: order, ranges, checksums and the end are
/// verified. Failures are IOExceptions whose message is a line for the user. Not thread-safe.
public final class DifferenceReader {
    private final DataInputStream in;
    private final Header header;
    private long records;
    private long reached;
    private boolean ended;

    /// Reads the header, magic included.
    public DifferenceReader(InputStream stream) throws IOException {
        in = new DataInputStream(stream);
        try {
            if (!Difference.isAtStartOf(in.readNBytes(Difference.MAGIC_BYTES))) {
                throw new IOException(
                        "this is no difference: it was not written by 'export --from'");
            }
            int version = in.readInt();
            if (version != Difference.VERSION) {
                throw new IOException(
                        "the difference has version "
                                + version
                                + ", this program knows version "
                                + Difference.VERSION);
            }
            header = new Header(in.readLong(), in.readUTF(), in.readUTF());
        } catch (EOFException torn) {
            throw torn(torn);
        }
        if (header.sizeBytes() <= 0 || header.sizeBytes() % 4096 != 0) {
            throw new IOException(
                    "the difference is damaged: impossible size " + header.sizeBytes());
        }
    }

    public Header header() {
        return header;
    }

    /// The next change; empty at the end of a whole stream.
    public Optional<Change> next() throws IOException {
        if (ended) {
            return Optional.empty();
        }
        try {
            int kind = in.readUnsignedByte();
            switch (kind) {
                case Difference.DATA -> {
                    records++;
                    return Optional.of(data());
                }
                case Difference.ZERO -> {
                    records++;
                    return Optional.of(zero());
                }
                case Difference.END -> {
                    ended = true;
                    long expected = in.readLong();
                    if (expected != records) {
                        throw damaged(records + " records instead of " + expected);
                    }
                    return Optional.empty();
                }
                default -> throw damaged("unknown record " + kind);
            }
        } catch (EOFException torn) {
            throw torn(torn);
        }
    }

    private Change data() throws IOException {
        long offset = in.readLong();
        int length = in.readInt();
        int crc = in.readInt();
        if (length <= 0 || length > Difference.DATA_BYTES_MAX) {
            throw damaged("a record of " + length + " bytes");
        }
        advance(offset, length);
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        CRC32C actual = new CRC32C();
        actual.update(bytes);
        if ((int) actual.getValue() != crc) {
            throw damaged("wrong checksum at offset " + offset);
        }
        return new Change.Data(offset, bytes);
    }

    private Change zero() throws IOException {
        long offset = in.readLong();
        long length = in.readLong();
        advance(offset, length);
        return new Change.Zero(offset, length);
    }

    private void advance(long offset, long length) throws IOException {
        boolean inside = offset >= reached && length > 0 && offset <= header.sizeBytes() - length;
        if (!inside || offset % 4096 != 0 || length % 4096 != 0) {
            throw damaged("impossible range " + offset + " + " + length);
        }
        reached = offset + length;
    }

    private static IOException damaged(String why) {
        return new IOException("the difference is damaged: " + why);
    }

    private static IOException torn(EOFException cause) {
        return new IOException("the difference is incomplete: it ends too early", cause);
    }
}
