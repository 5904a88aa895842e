package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.node.format.RecordCodec;
import io.coppice.node.format.RecordHeader;
import io.coppice.port.Disk.DiskFile;
import io.coppice.port.Marks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads blocks with their checksums. A lone block comes with its header in one read; the checksums
/// of larger records are kept in a bounded cache, so that most reads of them are one access too.
/// What the device cannot read counts as damaged. One thread.
final class BlockReader {
    private static final int CRCS_PER_CACHED_RECORD = 64;
    private static final int HEADER_GUESS_BYTES = 4096;
    private static final int LONE_BYTES = RecordHeader.SMALL_BYTES + Blocks.BLOCK_BYTES;

    /// Header of a record: where its data starts, and the CRC of each block.
    private record Sums(int headerBytes, int[] crcs) {}

    /// Hears of blocks that do not match their checksum.
    interface BadBlocks {
        void bad(int index);
    }

    /// Numbers of damaged blocks, mostly none.
    static final class BadList {
        private int[] blocks = NONE;
        private int count;

        void add(int block) {
            if (count == blocks.length) {
                blocks = Arrays.copyOf(blocks, Math.max(8, count * 2));
            }
            blocks[count++] = block;
        }

        int[] toArray() {
            return count == 0 ? NONE : Arrays.copyOf(blocks, count);
        }
    }

    private static final int[] NONE = {};
    private static final byte[] ALL_PRESENT = {};

    private final Segments segments;
    private final RecordCodec codec;
    private final long cachedCrcsMax;
    private long cachedCrcs;
    private final Map<Long, Sums> cache = new LinkedHashMap<>(64, 0.75f, true);
    private final CRC32C crc = new CRC32C();
    private ByteBuffer scratch = ByteBuffer.allocateDirect(LONE_BYTES);
    private long badBlocks;

    BlockReader(Segments segments, RecordCodec codec, int cachedRecords) {
        this.segments = segments;
        this.codec = codec;
        this.cachedCrcsMax = (long) cachedRecords * CRCS_PER_CACHED_RECORD;
    }

    long badBlocks() {
        return badBlocks;
    }

    /// Reads the blocks at `locations`, block numbers from `firstBlock` on, into `target`.
    BlockRead read(long[] locations, int firstBlock, ByteBuffer target) throws IOException {
        int mapped = 0;
        for (long location : locations) {
            mapped += location == Location.NONE ? 0 : 1;
        }
        var crcs = new int[mapped];
        byte[] present =
                mapped == locations.length ? ALL_PRESENT : new byte[(locations.length + 7) / 8];
        var bad = new BadList();
        int done = 0;
        for (int i = 0; i < locations.length; ) {
            if (locations[i] == Location.NONE) {
                i++;
                continue;
            }
            int count = 1;
            while (i + count < locations.length
                    && locations[i + count] == locations[i] + count
                    && Location.record(locations[i + count]) == Location.record(locations[i])) {
                count++;
            }
            int from = firstBlock + i;
            read(locations[i], count, target, crcs, done, offset -> bad.add(from + offset));
            for (int k = i; k < i + count && present.length > 0; k++) {
                present[k >>> 3] |= (byte) (1 << (k & 7));
            }
            done += count;
            i += count;
        }
        return new BlockRead(present, mapped, crcs, bad.toArray());
    }

    /// Reads `count` blocks of one record, the first at `location`, to the position of `target`,
    /// which moves behind them. Their CRCs go to `crcs` from `crcAt` on. Damaged blocks come as
    /// [LostBlock] and are told to `bad` by their index in this run.
    void read(long location, int count, ByteBuffer target, int[] crcs, int crcAt, BadBlocks bad)
            throws IOException {
        if (count == 1
                && Location.index(location) == 0
                && readLone(location, target, crcs, crcAt, bad)) {
            return;
        }
        int start = target.position();
        Arrays.fill(crcs, crcAt, crcAt + count, LostBlock.UNKNOWN_CRC);
        int index = Location.index(location);
        Sums sums = sums(location);
        DiskFile file = segments.handle(segments.at(location));
        int got = 0;
        if (sums != null && file != null && index + count <= sums.crcs().length) {
            System.arraycopy(sums.crcs(), index, crcs, crcAt, count);
            int limit = target.limit();
            target.limit(start + count * Blocks.BLOCK_BYTES);
            got =
                    readAt(
                            file,
                            target,
                            Location.headerOffset(location)
                                    + sums.headerBytes()
                                    + (long) index * Blocks.BLOCK_BYTES);
            target.limit(limit);
        }
        for (int i = 0; i < count; i++) {
            int at = start + i * Blocks.BLOCK_BYTES;
            boolean whole = (i + 1) * Blocks.BLOCK_BYTES <= got;
            if (!whole || checksum(target, at) != crcs[crcAt + i]) {
                spoil(target, at, bad, i);
            }
        }
        target.position(start + count * Blocks.BLOCK_BYTES);
    }

    /// The first block of a record with a small header. False: the header is not small, or cannot
    /// be read together with the block; nothing was read.
    private boolean readLone(long location, ByteBuffer target, int[] crcs, int crcAt, BadBlocks bad)
            throws IOException {
        Segment segment = segments.at(location);
        DiskFile file = segments.handle(segment);
        int start = target.position();
        scratch.clear().limit(LONE_BYTES);
        if (file != null) {
            readAt(file, scratch, Location.headerOffset(location));
        }
        scratch.flip();
        if (!scratch.hasRemaining()
                || RecordCodec.headerBytes(scratch, 0) > RecordHeader.SMALL_BYTES) {
            return false;
        }
        boolean whole = scratch.limit() == LONE_BYTES;
        RecordHeader header =
                codec.decode(scratch, 0, segment.number, Location.headerOffset(location));
        if (header == null || header.dataBlocks() == 0) {
            Marks.hit("a record's header was damaged");
            crcs[crcAt] = LostBlock.UNKNOWN_CRC;
            spoil(target, start, bad, 0);
        } else {
            crcs[crcAt] = RecordCodec.crcAt(scratch, 0, 0);
            if (whole && checksum(scratch, RecordHeader.SMALL_BYTES) == crcs[crcAt]) {
                target.put(start, scratch, RecordHeader.SMALL_BYTES, Blocks.BLOCK_BYTES);
            } else {
                spoil(target, start, bad, 0);
            }
        }
        target.position(start + Blocks.BLOCK_BYTES);
        return true;
    }

    /// An error of reading is damage like any other: the blocks come from another replica and are
    /// written elsewhere. (One of writing is the end of the store.) Returns the bytes read.
    static int readAt(DiskFile file, ByteBuffer target, long offset) {
        int start = target.position();
        try {
            return file.read(target, offset);
        } catch (IOException unreadable) {
            Marks.hit("a stretch of the disk could not be read");
            target.position(start);
            return 0;
        }
    }

    private void spoil(ByteBuffer target, int at, BadBlocks bad, int index) {
        LostBlock.put(target, at);
        badBlocks++;
        bad.bad(index);
    }

    /// Stored CRC of a block without reading it; false: its header is unreadable.
    boolean crcOf(long location, int[] target) throws IOException {
        Sums sums = sums(location);
        int index = Location.index(location);
        if (sums == null || index >= sums.crcs().length) {
            badBlocks++;
            return false;
        }
        target[0] = sums.crcs()[index];
        return true;
    }

    private @Nullable Sums sums(long location) throws IOException {
        long key = Location.record(location);
        Sums known = cache.get(key);
        if (known != null) {
            return known;
        }
        Sums loaded = load(location);
        if (loaded != null && loaded.crcs().length > 1) {
            cache.put(key, loaded);
            cachedCrcs += loaded.crcs().length;
            var oldest = cache.values().iterator();
            while (cachedCrcs > cachedCrcsMax && oldest.hasNext()) {
                cachedCrcs -= oldest.next().crcs().length;
                oldest.remove();
            }
        }
        return loaded;
    }

    private @Nullable Sums load(long location) throws IOException {
        Segment segment = segments.at(location);
        DiskFile file = segments.handle(segment);
        if (file == null) {
            return null;
        }
        int offset = Location.headerOffset(location);
        fill(
                file,
                offset,
                RecordHeader.SMALL_BYTES
                        + (Location.index(location) > 0
                                ? HEADER_GUESS_BYTES - RecordHeader.SMALL_BYTES
                                : 0));
        int bytes = RecordCodec.headerBytes(scratch, 0);
        if (bytes > scratch.limit()) {
            fill(file, offset, bytes);
        }
        RecordHeader header = codec.decode(scratch, 0, segment.number, offset);
        if (header == null) {
            return null;
        }
        var crcs = new int[header.dataBlocks()];
        for (int i = 0; i < crcs.length; i++) {
            crcs[i] = RecordCodec.crcAt(scratch, 0, i);
        }
        return new Sums(header.headerBytes(), crcs);
    }

    private void fill(DiskFile file, long offset, int bytes) throws IOException {
        if (scratch.capacity() < bytes) {
            scratch = ByteBuffer.allocateDirect(Integer.highestOneBit(bytes) * 2);
        }
        scratch.clear().limit(bytes);
        readAt(file, scratch, offset);
        scratch.flip();
    }

    /// Forgets what is known of a segment that is deleted: numbers are never reused, so this is for
    /// space only.
    void forget(Segment segment) {
        cache.entrySet()
                .removeIf(entry -> {
                    boolean gone = Location.segment(entry.getKey() << 11) == segment.number;
                    if (gone) {
                        cachedCrcs -= entry.getValue().crcs().length;
                    }
                    return gone;
                });
    }

    private int checksum(ByteBuffer bytes, int from) {
        int position = bytes.position();
        int limit = bytes.limit();
        bytes.limit(from + Blocks.BLOCK_BYTES).position(from);
        crc.reset();
        crc.update(bytes);
        bytes.limit(limit).position(position);
        return (int) crc.getValue();
    }
}
