package io.coppice.cli;

import io.coppice.cli.image.DifferenceWriter;
import io.coppice.cli.image.ZeroRuns;
import io.coppice.client.BlockDevice;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.Queue;

/// Writes what is in ranges of the newer source and not in the older one. Maps differ in whole
/// chunks; blocks that are equal nevertheless are left out here. Not thread-safe.
final class Comparison {
    private static final long AT_ONCE_BYTES =
            ReadAhead.PIECE_BYTES * (long) ReadAhead.IN_FLIGHT_MAX;

    private final BlockDevice newer;
    private final Optional<BlockDevice> older;
    private final DifferenceWriter writer;
    private long written;

    /// @param older empty: there is none, and everything that is not zeros is written
    Comparison(BlockDevice newer, Optional<BlockDevice> older, DifferenceWriter writer) {
        this.newer = newer;
        this.older = older;
        this.writer = writer;
    }

    /// Bytes of data so far.
    long written() {
        return written;
    }

    void compare(long offset, long length) throws IOException {
        var before = new ArrayDeque<byte[]>();
        for (long at = offset; at < offset + length; at += AT_ONCE_BYTES) {
            long part = Math.min(AT_ONCE_BYTES, offset + length - at);
            readOlder(at, part, before);
            ReadAhead reads =
                    new ReadAhead(newer, (start, bytes) -> emit(start, bytes, before.remove()));
            reads.add(at, part);
            reads.drain();
        }
    }

    /// What is beyond the end of the older source was zeros.
    private void readOlder(long offset, long length, Queue<byte[]> before) throws IOException {
        long inside = 0;
        if (older.isPresent()) {
            inside = Math.max(0, Math.min(length, older.get().size() - offset));
            ReadAhead reads = new ReadAhead(older.get(), (start, bytes) -> before.add(bytes));
            if (inside > 0) {
                reads.add(offset, inside);
                reads.drain();
            }
        }
        // A piece that is partly inside was added above.
        long pieces = (inside + ReadAhead.PIECE_BYTES - 1) / ReadAhead.PIECE_BYTES;
        for (long at = pieces * ReadAhead.PIECE_BYTES; at < length; at += ReadAhead.PIECE_BYTES) {
            before.add(new byte[0]);
        }
    }

    private void emit(long offset, byte[] bytes, byte[] older) throws IOException {
        byte[] before = Arrays.copyOf(older, bytes.length);
        int start = 0;
        while (start < bytes.length) {
            boolean equal = blocksEqual(bytes, before, start);
            int end = start + ZeroRuns.BLOCK_BYTES;
            while (end < bytes.length && blocksEqual(bytes, before, end) == equal) {
                end += ZeroRuns.BLOCK_BYTES;
            }
            if (!equal) {
                emitChanged(offset, bytes, start, end);
            }
            start = end;
        }
    }

    private void emitChanged(long offset, byte[] bytes, int start, int end) throws IOException {
        byte[] changed = Arrays.copyOfRange(bytes, start, end);
        ZeroRuns.split(
                changed,
                changed.length,
                (runStart, length, zero) -> {
                    if (zero) {
                        writer.zero(offset + start + runStart, length);
                    } else {
                        writer.data(offset + start + runStart, changed, runStart, length);
                        written += length;
                    }
                });
    }

    private static boolean blocksEqual(byte[] left, byte[] right, int start) {
        int end = start + ZeroRuns.BLOCK_BYTES;
        return Arrays.equals(left, start, end, right, start, end);
    }
}
