package io.coppice.model;

/// The grain of copy-on-write, checksums and space: blocks of 4 KiB.
public final class Blocks {
    public static final int BLOCK_BYTES = 4096;
    public static final int BLOCK_SHIFT = 12;

    /// Volumes end at 8 EiB - 4 KiB at most, so that every byte offset fits a signed long.
    public static final long VOLUME_BYTES_MAX = Long.MAX_VALUE - (BLOCK_BYTES - 1);

    public static final long CHUNK_BYTES_DEFAULT = 4L << 20;
    public static final long CHUNK_BYTES_MIN = 64L << 10;
    public static final long CHUNK_BYTES_MAX = 64L << 20;

    private Blocks() {}

    /// Blocks that hold `bytes`, rounded up.
    public static long count(long bytes) {
        return (bytes + BLOCK_BYTES - 1) >>> BLOCK_SHIFT;
    }

    public static boolean isAligned(long bytes) {
        return (bytes & (BLOCK_BYTES - 1)) == 0;
    }
}
