package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.node.format.RecordCodec;
import io.coppice.node.format.RecordHeader;
import io.coppice.port.Disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads the log from its first segment to its last, a bounded step at a time, and verifies every
/// header and block. So each stored block is read once per pass, however many chunks share it, and
/// a disk sees one sequential reader.
///
/// What does not match is looked up in the index, in bounded steps as well: blocks that no chunk
/// names any more are nobody's damage. What the cleaner moves meanwhile it verifies itself; what is
/// written after a pass began belongs to the next one. On the store's lane.
public final class Scrub {
    /// Where the scrub is: it goes on at a record of a segment. Segment numbers are never reused,
    /// so a place stays right, or its segment is gone and the next one is read.
    ///
    /// @param lastSegment the pass ends behind this segment
    public record Place(long segment, int offset, long lastSegment) {
        /// No pass is under way.
        public static final Place NONE = new Place(0, 0, 0);
    }

    /// A block of a chunk whose data, or whose record's header, is damaged.
    public record Damage(long chunk, int block) {}

    /// Blocks of one segment that cannot be right: those of records with headers in `[from, to)`,
    /// and of them only block `index` unless that is -1.
    private record Bad(int from, int to, int index) {
        boolean covers(long location) {
            int header = Location.headerOffset(location);
            return header >= from
                    && header < to
                    && (index < 0 || Location.index(location) == index);
        }
    }

    private static final int WINDOW_BYTES = 256 << 10;
    private static final int TABLES_PER_STEP = 512;

    /// Damage of a segment that is looked up together.
    private static final int BAD_MAX = 256;

    private static final int DAMAGES_PER_STEP = 64;

    private final Segments segments;
    private final Index index;
    private final RecordCodec codec;
    private final int blocksPerChunk;
    private final ByteBuffer window = ByteBuffer.allocateDirect(WINDOW_BYTES);
    private final CRC32C crc = new CRC32C();
    private final List<Bad> bad = new ArrayList<>();
    private long windowSegment;
    private int windowOffset;
    private Place place = Place.NONE;

    /// The record whose data is being read, and its next block; null: a header comes next.
    private @Nullable RecordHeader record;

    private int[] crcs = {};
    private int block;

    // the search for those who name what is bad
    private boolean searching;
    private int[] groups = {};
    private int group;
    private int slot;

    Scrub(Segments segments, Index index, RecordCodec codec, int blocksPerChunk) {
        this.segments = segments;
        this.index = index;
        this.codec = codec;
        this.blocksPerChunk = blocksPerChunk;
    }

    /// Where to go on after a restart: before what was found and not yet looked up.
    public Place place() {
        return bad.isEmpty()
                ? place
                : new Place(place.segment, bad.getFirst().from, place.lastSegment);
    }

    /// Begins a pass over all that is there now.
    public void begin() {
        var last = new long[1];
        segments.forEach(segment -> last[0] = Math.max(last[0], segment.number));
        resume(new Place(0, 0, last[0]));
    }

    /// Goes on with a pass that an earlier process began.
    public void resume(Place from) {
        place = from;
        record = null;
        bad.clear();
        searching = false;
        windowSegment = 0;
    }

    /// Whether a pass is under way.
    public boolean isUnderWay() {
        return place.lastSegment != 0;
    }

    /// Bytes of the log that the pass has before it.
    public long bytesLeft() {
        var left = new long[1];
        segments.forEach(segment -> {
            if (segment.number > place.segment && segment.number <= place.lastSegment) {
                left[0] += segment.committed;
            } else if (segment.number == place.segment) {
                left[0] += Math.max(0, segment.committed - place.offset);
            }
        });
        return left[0];
    }

    /// Reads about `budgetBytes` further, or looks up what was found. Returns the bytes read.
    public int step(int budgetBytes, Consumer<Damage> damaged) throws IOException {
        if (searching) {
            search(damaged);
            return 0;
        }
        int read = 0;
        while (isUnderWay() && !searching && read <= budgetBytes) {
            Segment segment = segmentHere();
            if (segment == null) {
                place = Place.NONE;
            } else if (segment.missing && place.offset != Integer.MAX_VALUE) {
                found(0, Integer.MAX_VALUE, -1);
                place = new Place(segment.number, Integer.MAX_VALUE, place.lastSegment);
            } else if (place.offset >= segment.committed) {
                leave(segment);
            } else {
                read += unit(segment);
            }
        }
        return read;
    }

    private @Nullable Segment segmentHere() {
        long number = place.segment;
        Segment here = segments.find(number);
        while (here == null && number <= place.lastSegment) {
            here = segments.find(++number);
        }
        if (here == null || number > place.lastSegment) {
            return null;
        }
        if (number != place.segment || place.offset == 0) {
            record = null;
            place = new Place(number, RecordCodec.SEGMENT_HEADER_BYTES, place.lastSegment);
        }
        return here;
    }

    private void leave(Segment segment) {
        if (bad.isEmpty()) {
            next(segment.number);
        } else {
            startSearch();
        }
    }

    private void next(long segment) {
        record = null;
        place = new Place(segment + 1, 0, place.lastSegment);
    }

    // ---------------------------------------------------------------- reading

    /// A header or a block. Returns the bytes read for it.
    private int unit(Segment segment) throws IOException {
        RecordHeader open = record;
        if (open == null) {
            return header(segment);
        }
        int at = place.offset + open.headerBytes() + block * Blocks.BLOCK_BYTES;
        int read = need(segment, at, Blocks.BLOCK_BYTES);
        int from = at - windowOffset;
        boolean whole = from + Blocks.BLOCK_BYTES <= window.limit();
        if (!whole || checksum(from) != crcs[block]) {
            found(place.offset, place.offset + 1, block);
        }
        block++;
        closeRecordAtItsEnd(open);
        return read;
    }

    private void closeRecordAtItsEnd(RecordHeader open) {
        if (block == open.dataBlocks()) {
            record = null;
            place =
                    new Place(
                            place.segment, (int) (place.offset + open.bytes()), place.lastSegment);
            startSearchIfMany();
        }
    }

    private int header(Segment segment) throws IOException {
        int offset = place.offset;
        int read = need(segment, offset, RecordHeader.FIXED_BYTES);
        int claimed = RecordCodec.headerBytes(window, offset - windowOffset);
        read += need(segment, offset, claimed);
        RecordHeader found = codec.decode(window, offset - windowOffset, segment.number, offset);
        if (found == null) {
            found(offset, offset + RecordHeader.ALIGNMENT, -1);
            place = new Place(place.segment, offset + RecordHeader.ALIGNMENT, place.lastSegment);
            return Math.max(read, RecordHeader.ALIGNMENT);
        }
        crcs = new int[found.dataBlocks()];
        for (int i = 0; i < crcs.length; i++) {
            crcs[i] = RecordCodec.crcAt(window, offset - windowOffset, i);
        }
        record = found;
        block = 0;
        closeRecordAtItsEnd(found);
        return read;
    }

    /// The window begins at or before `offset` and holds `bytes` from there if the file has them.
    private int need(Segment segment, int offset, int bytes) throws IOException {
        if (windowSegment == segment.number
                && offset >= windowOffset
                && offset + bytes <= windowOffset + window.limit()) {
            return 0;
        }
        windowSegment = segment.number;
        windowOffset = offset;
        window.clear().limit(Math.min(WINDOW_BYTES, segment.committed - offset));
        DiskFile file = segments.handle(segment);
        if (file != null) {
            BlockReader.readAt(file, window, offset);
        }
        window.flip();
        return window.limit();
    }

    private int checksum(int from) {
        crc.reset();
        crc.update(window.slice(from, Blocks.BLOCK_BYTES));
        return (int) crc.getValue();
    }

    /// A stretch without a readable header is one find.
    private void found(int from, int to, int only) {
        Bad last = bad.isEmpty() ? null : bad.getLast();
        if (last != null && last.index < 0 && only < 0 && last.to == from) {
            bad.set(bad.size() - 1, new Bad(last.from, to, -1));
        } else {
            bad.add(new Bad(from, to, only));
        }
    }

    // ---------------------------------------------------------------- who names it

    private void startSearchIfMany() {
        if (bad.size() >= BAD_MAX) {
            startSearch();
        }
    }

    private void startSearch() {
        searching = true;
        groups = index.groupIds();
        group = 0;
        slot = 0;
    }

    private void search(Consumer<Damage> damaged) {
        var locations = new long[blocksPerChunk];
        int told = 0;
        for (int tables = 0; tables < TABLES_PER_STEP && told < DAMAGES_PER_STEP; tables++) {
            ChunkEntry entry = entryHere();
            if (entry == null) {
                bad.clear();
                searching = false;
                return;
            }
            slot++;
            entry.table.copyTo(0, blocksPerChunk, locations);
            for (int i = 0; i < blocksPerChunk; i++) {
                if (isBad(locations[i])) {
                    damaged.accept(new Damage(entry.id, i));
                    told++;
                }
            }
        }
    }

    private @Nullable ChunkEntry entryHere() {
        for (; group < groups.length; group++, slot = 0) {
            GroupEntry at = index.findGroup(groups[group]);
            for (; at != null && slot < at.chunks.slotCount(); slot++) {
                ChunkEntry entry = at.chunks.slot(slot);
                if (entry != null) {
                    return entry;
                }
            }
        }
        return null;
    }

    private boolean isBad(long location) {
        if (location == Location.NONE || Location.segment(location) != place.segment) {
            return false;
        }
        for (Bad each : bad) {
            if (each.covers(location)) {
                return true;
            }
        }
        return false;
    }
}
