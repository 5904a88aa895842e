package io.coppice.cli.image;

import java.util.Arrays;

/// Finds what need not be stored: blocks of zeros.
public final class ZeroRuns {
    public static final int BLOCK_BYTES = 4096;
    private static final byte[] ZEROS = new byte[BLOCK_BYTES];

    private ZeroRuns() {}

    /// Hears runs of whole blocks; the last one may be shorter.
    @FunctionalInterface
    public interface Visitor<E extends Exception> {
        void run(int start, int length, boolean zero) throws E;
    }

    /// Cuts `bytes[0, length)` into maximal runs of zero blocks and of others, in order.
    public static <E extends Exception> void split(byte[] bytes, int length, Visitor<E> visitor)
            throws E {
        int start = 0;
        while (start < length) {
            boolean zero = isZero(bytes, start, Math.min(length, start + BLOCK_BYTES));
            int end = Math.min(length, start + BLOCK_BYTES);
            while (end < length
                    && isZero(bytes, end, Math.min(length, end + BLOCK_BYTES)) == zero) {
                end = Math.min(length, end + BLOCK_BYTES);
            }
            visitor.run(start, end - start, zero);
            start = end;
        }
    }

    private static boolean isZero(byte[] bytes, int start, int end) {
        return Arrays.equals(bytes, start, end, ZEROS, 0, end - start);
    }
}
