package io.coppice.cli.image;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// Words of the difference format, which docs/streams.md draws.
public final class Difference {
    static final int VERSION = 2;
    static final byte DATA = 'D';
    static final byte ZERO = 'Z';
    static final byte END = 'E';
    static final int DATA_BYTES_MAX = 8 << 20;

    /// As with PNG: not text, and damaged visibly by anything that converts line ends.
    private static final byte[] MAGIC = {
        (byte) 0x89, 'C', 'O', 'P', 'P', 'I', 'C', 'E', '-', 'D', 'I', 'F', 'F', 0x0d, 0x0a, 0x1a
    };

    /// How many bytes [#isAtStartOf] needs.
    public static final int MAGIC_BYTES = MAGIC.length;

    private Difference() {}

    /// Whether a file that starts with these bytes is a difference.
    public static boolean isAtStartOf(byte[] bytes) {
        return bytes.length >= MAGIC.length
                && Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    static byte[] magic() {
        return MAGIC.clone();
    }

    /// Of a record's kind, offset and length, as they are written, and its data.
    static int crc(byte[] head, byte[] data, int start, int length) {
        var crc = new CRC32C();
        crc.update(head);
        crc.update(data, start, length);
        return (int) crc.getValue();
    }

    /// What the records up to one with this checksum come to.
    static int chain(int before, int crc) {
        var chain = new CRC32C();
        chain.update(ByteBuffer.allocate(2 * Integer.BYTES).putInt(before).putInt(crc).array());
        return (int) chain.getValue();
    }

    /// @param sizeBytes of the newer source
    /// @param from name of the older source; empty: there is none, and the difference is all of the
    ///   newer one
    /// @param fromId which source of that name, as `CLUSTER/NUMBER`; empty: what a live volume was
    ///   at one moment
    /// @param to name of the newer source
    /// @param toId as `fromId`
    public record Header(long sizeBytes, String from, String fromId, String to, String toId) {
        /// Whether another difference with this header is the same, byte for byte of what it means:
        /// then one that broke off can be continued.
        public boolean isRepeatable() {
            return !toId.isEmpty() && (from.isEmpty() || !fromId.isEmpty());
        }
    }

    /// How far somebody is in a difference: after a whole record, or the header.
    ///
    /// @param position in the stream
    /// @param offset where the next record may begin, in the volume
    public record Reached(long position, long offset, long records, int chain) {}

    /// One step of the way from the older source to the newer one.
    public sealed interface Change {
        long offset();

        /// Bytes of the range.
        long length();

        /// The range holds these bytes.
        @SuppressWarnings(
                "ArrayRecordComponent") // compared by nobody; a copy of 8 MiB would serve nobody
        // either
        record Data(long offset, byte[] bytes) implements Change {
            @Override
            public long length() {
                return bytes.length;
            }
        }

        /// The range reads as zeros.
        record Zero(long offset, long length) implements Change {}
    }
}
