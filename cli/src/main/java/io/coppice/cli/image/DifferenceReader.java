package io.coppice.cli.image;

import io.coppice.cli.image.Difference.Change;
import io.coppice.cli.image.Difference.Header;
import io.coppice.cli.image.Difference.Reached;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;

/// Reads a difference and believes nothing of it: order, ranges, checksums and the end are
/// verified. Failures are IOExceptions whose message is a line for the user. Not thread-safe.
public final class DifferenceReader {
    private static final byte[] NOTHING = {};
    private static final int RECORD_FIXED_BYTES = 1 + Long.BYTES + Integer.BYTES + Integer.BYTES;
    private static final int ZERO_BYTES = 1 + Long.BYTES + Long.BYTES + Integer.BYTES;

    private final DataInputStream in;
    private final Header header;
    private Reached reached;
    private boolean ended;

    /// Reads the header, magic included.
    public DifferenceReader(InputStream stream) throws IOException {
        var checked = new CheckedInputStream(stream, new CRC32C());
        var counted = new DataInputStream(checked);
        in = new DataInputStream(stream);
        try {
            if (!Difference.isAtStartOf(counted.readNBytes(Difference.MAGIC_BYTES))) {
                throw new IOException(
                        "this is no difference: it was not written by 'export --from'");
            }
            int version = counted.readInt();
            if (version != Difference.VERSION) {
                throw new IOException(
                        "the difference has version "
                                + version
                                + ", this program knows version "
                                + Difference.VERSION);
            }
            header =
                    new Header(
                            counted.readLong(),
                            counted.readUTF(),
                            counted.readUTF(),
                            counted.readUTF(),
                            counted.readUTF());
            int crc = (int) checked.getChecksum().getValue();
            if (in.readInt() != crc) {
                throw damaged("wrong checksum of its header");
            }
        } catch (EOFException torn) {
            throw torn(torn);
        }
        if (header.sizeBytes() <= 0 || header.sizeBytes() % ZeroRuns.BLOCK_BYTES != 0) {
            throw damaged("impossible size " + header.sizeBytes());
        }
        reached = new Reached(DifferenceWriter.headerBytes(header), 0, 0, 0);
    }

    public Header header() {
        return header;
    }

    /// After the last whole record.
    public Reached reached() {
        return reached;
    }

    /// Whether the end was read.
    public boolean isWhole() {
        return ended;
    }

    /// The next change; empty at the end of a whole stream.
    public Optional<Change> next() throws IOException {
        if (ended) {
            return Optional.empty();
        }
        try {
            byte kind = in.readByte();
            return switch (kind) {
                case Difference.DATA -> Optional.of(data());
                case Difference.ZERO -> Optional.of(zero());
                case Difference.END -> {
                    end();
                    yield Optional.empty();
                }
                default -> throw damaged("unknown record " + kind);
            };
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
        requireRange(offset, length);
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        byte[] head = DifferenceWriter.dataHead(offset, length);
        advance(offset, length, crc, head, bytes, RECORD_FIXED_BYTES + (long) length);
        return new Change.Data(offset, bytes);
    }

    private Change zero() throws IOException {
        long offset = in.readLong();
        long length = in.readLong();
        int crc = in.readInt();
        requireRange(offset, length);
        advance(
                offset,
                length,
                crc,
                DifferenceWriter.zeroHead(offset, length),
                NOTHING,
                ZERO_BYTES);
        return new Change.Zero(offset, length);
    }

    private void end() throws IOException {
        long expected = in.readLong();
        int crc = in.readInt();
        if (expected != reached.records()
                || crc != DifferenceWriter.endCrc(expected, reached.chain())) {
            throw damaged(reached.records() + " records are not those that were written");
        }
        ended = true;
    }

    private void requireRange(long offset, long length) throws IOException {
        boolean inside =
                offset >= reached.offset() && length > 0 && offset <= header.sizeBytes() - length;
        if (!inside || offset % ZeroRuns.BLOCK_BYTES != 0 || length % ZeroRuns.BLOCK_BYTES != 0) {
            throw damaged("impossible range " + offset + " + " + length);
        }
    }

    private void advance(
            long offset, long length, int crc, byte[] head, byte[] data, long recordBytes)
            throws IOException {
        if (crc != Difference.crc(head, data, 0, data.length)) {
            throw damaged("wrong checksum at offset " + offset);
        }
        reached =
                new Reached(
                        reached.position() + recordBytes,
                        offset + length,
                        reached.records() + 1,
                        Difference.chain(reached.chain(), crc));
    }

    private static IOException damaged(String why) {
        return new IOException("the difference is damaged: " + why);
    }

    private static IOException torn(EOFException cause) {
        return new IOException("the difference is incomplete: it ends too early", cause);
    }
}
