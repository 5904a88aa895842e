package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.node.format.RecordCodec;
import io.coppice.node.format.RecordHeader;
import io.coppice.port.Disk;
import io.coppice.port.Disk.DiskFile;
import io.coppice.port.Marks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads the log behind a checkpoint again.
///
/// Damage is judged by what is known to have been durable: each record says how far the log was
/// when it was made. Before the furthest such place it is rot: a record whose header is good is
/// kept, its blocks read as bad until they are repaired; where no header is readable the log is
/// searched, 64 bytes at a time, for the next record. Behind it, it is what a power failure leaves
/// of writes that were under way, in any order: the log is cut off there, also where whole records
/// follow, because nothing that follows was durable, and a store must not have something without
/// what came before it (R3). A segment that is shorter than its successor says has lost the records
/// at its end.
final class Replay {
    /// Damage, or a record behind damage, whose fate is open.
    ///
    /// @param location where it is, or would be
    /// @param header null: not readable, or gone
    private record Held(
            long location,
            @Nullable RecordHeader header,
            ByteBuffer extra,
            int badBlocks,
            int gaps,
            int missing,
            long segment,
            int offset) {
        boolean isDamage() {
            return header == null || badBlocks > 0;
        }
    }

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Disk disk;
    private final Segments segments;
    private final RecordCodec codec;
    private final RecordApplier applier;
    private final Recovery report;
    private final CRC32C crc = new CRC32C();

    /// The first is damage.
    private final ArrayDeque<Held> held = new ArrayDeque<>();

    private long durable;
    private ByteBuffer bytes = ByteBuffer.allocateDirect(64 << 10);

    Replay(Disk disk, Segments segments, RecordCodec codec, Index index, Recovery report) {
        this.disk = disk;
        this.segments = segments;
        this.codec = codec;
        this.applier = new RecordApplier(index);
        this.report = report;
    }

    /// Replays segment `startSegment` from `startOffset` and all later ones of `numbers`
    /// (ascending).
    void run(List<Long> numbers, long startSegment, int startOffset) throws IOException {
        long previous = startSegment;
        for (long number : numbers) {
            if (number == startSegment) {
                replay(load(number), number, startOffset);
            } else if (number > startSegment) {
                Segment segment = load(number);
                long named = codec.decodeSegment(bytes, number);
                if (named > previous) {
                    lost(Location.of(named, 0), 0, 1, number, 0);
                } else if (named < 0 || RecordCodec.previousBytes(bytes) > bytesOf(named)) {
                    // without its header nobody knows whether the one before it is whole
                    lost(Location.of(number, 0), 1, 0, number, 0);
                }
                replay(segment, number, RecordCodec.SEGMENT_HEADER_BYTES);
                previous = number;
            }
        }
        cut();
    }

    /// Of a segment that is there; one that is not is told otherwise.
    private long bytesOf(long number) {
        Segment segment = segments.find(number);
        return segment == null || segment.missing ? Long.MAX_VALUE : segment.end;
    }

    private Segment load(long number) throws IOException {
        Segment segment = segments.find(number);
        if (segment == null) {
            segment = new Segment(number, 0);
            segment.sealed = true;
            segments.add(segment);
        }
        DiskFile file = segments.handle(segment);
        int size = file == null ? 0 : (int) file.size();
        if (bytes.capacity() < size) {
            bytes = ByteBuffer.allocateDirect(size);
        }
        bytes.clear().limit(size);
        if (file != null) {
            file.read(bytes, 0);
        }
        bytes.flip();
        segments.grew(size - segment.end);
        segment.end = segment.committed = size;
        return segment;
    }

    private void replay(Segment segment, long number, int from) throws IOException {
        int offset = from;
        boolean searching = false;
        int end = bytes.limit();
        while (offset < end) {
            RecordHeader header = codec.decode(bytes, offset, number, offset);
            if (header == null) {
                if (!searching && isZero(offset)) {
                    shorten(segment, offset);
                    return;
                }
                if (!searching) {
                    searching = true;
                    lost(Location.of(number, offset), 1, 0, number, offset);
                }
                offset += RecordHeader.ALIGNMENT;
                continue;
            }
            searching = false;
            segments.addData(segment, header.dataBlocks());
            take(header, number, offset);
            offset += (int) Math.min(header.bytes(), end - offset);
        }
    }

    /// Whether nothing but zeros follows: the log was zeroed ahead. Where more was there, and is
    /// lost, the next segment says so.
    private boolean isZero(int offset) {
        for (int i = offset; i < bytes.limit(); i++) {
            if (bytes.get(i) != 0) {
                return false;
            }
        }
        return true;
    }

    private void shorten(Segment segment, int bytes) throws IOException {
        segments.grew(bytes - segment.end);
        segment.file().truncate(bytes);
        segment.end = segment.committed = bytes;
    }

    private void take(RecordHeader header, long number, int offset) {
        long location = Location.of(number, offset);
        long reached = RecordCodec.durableAt(bytes, offset);
        if (reached > durable) {
            durable = reached;
            settle();
        }
        int bad = badBlocks(header, offset);
        ByteBuffer extra = RecordCodec.extra(bytes, offset, header);
        if (bad == 0 && held.isEmpty()) {
            apply(header, extra, location);
            return;
        }
        ByteBuffer kept = ByteBuffer.allocate(extra.remaining()).put(extra).flip();
        held.add(new Held(location, header, kept, bad, 0, 0, number, offset));
        settle();
    }

    private void apply(RecordHeader header, ByteBuffer extra, long location) {
        report.records++;
        report.bytes += header.bytes();
        applier.apply(header, extra, location);
    }

    private void lost(long location, int gaps, int missing, long segment, int offset) {
        held.add(new Held(location, null, NOTHING, 0, gaps, missing, segment, offset));
        settle();
    }

    private int badBlocks(RecordHeader header, int offset) {
        int bad = 0;
        int data = offset + header.headerBytes();
        for (int i = 0; i < header.dataBlocks(); i++, data += Blocks.BLOCK_BYTES) {
            boolean whole = data + Blocks.BLOCK_BYTES <= bytes.limit();
            if (whole) {
                crc.reset();
                crc.update(bytes.slice(data, Blocks.BLOCK_BYTES));
            }
            if (!whole
                    || ((int) crc.getValue() != RecordCodec.crcAt(bytes, offset, i)
                            && !LostBlock.isAt(bytes, data))) {
                bad++;
            }
        }
        return bad;
    }

    /// What was durable is taken, damaged as it may be; then all that is whole.
    private void settle() {
        Held next;
        while ((next = held.peek()) != null && (next.location < durable || !next.isDamage())) {
            held.remove();
            report.lostRecords += next.gaps;
            report.missingSegments += next.missing;
            report.rottenBlocks += next.badBlocks;
            if (next.header != null) {
                apply(next.header, next.extra, next.location);
            }
        }
    }

    /// The first damage that may be a power failure's ends the log.
    private void cut() throws IOException {
        Held first = held.peek();
        if (first == null) {
            return;
        }
        Marks.hit("a store lost what was not durable");
        long tornSegment = first.segment;
        int tornOffset = first.offset;
        for (Segment segment : segments.all()) {
            if (segment.number < tornSegment || segment.missing) {
                continue;
            }
            boolean whole = segment.number > tornSegment || tornOffset == 0;
            int keep = whole ? 0 : tornOffset;
            report.tornBytes += segment.end - keep;
            if (whole) {
                segments.delete(segment);
            } else {
                shorten(segment, keep);
            }
        }
        held.clear();
    }
}
