package io.coppice.cli.image;

import java.util.Arrays;

/// Words of the difference format, which the package's manual draws.
public final class Difference {
    static final int VERSION = 1;
    static final int DATA = 'D';
    static final int ZERO = 'Z';
    static final int END = 'E';
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

    /// @param sizeBytes of the newer source
    /// @param from name of the older source
    /// @param to name of the newer source
    public record Header(long sizeBytes, String from, String to) {}

    /// One step of the way from the older source to the newer one.
    public sealed interface Change {
        long offset();

        /// The range holds these bytes.
        @SuppressWarnings(
                "ArrayRecordComponent") // compared by nobody; a copy of 8 MiB would serve nobody
        // either
        record Data(long offset, byte[] bytes) implements Change {}

        /// The range reads as zeros.
        record Zero(long offset, long length) implements Change {}
    }
}
