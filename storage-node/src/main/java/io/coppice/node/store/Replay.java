package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.node.format.RecordCodec;
import io.coppice.node.format.RecordHeader;
import io.coppice.port.Disk;
import io.coppice.port.Disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/// Reads the log behind a checkpoint again.
///
/// Damage is judged by what follows it. Nothing valid behind it: a torn tail, writes that were
/// under way; it is cut off. A valid record behind it: rot; a record whose header is good is kept,
/// its blocks read as bad until they are repaired; where no header is readable the log is searched,
/// 64 bytes at a time, for the next record. A segment that is shorter than its successor says has
/// lost the records at its end.
final class Replay {
    /// A record with damaged data that is rot or torn tail, depending on what follows.
    private record Suspect(
            RecordHeader header, ByteBuffer extra, long location, int badBlocks, long bytes) {}

    private final Disk disk;
    private final Segments segments;
    private final RecordCodec codec;
    private final RecordApplier applier;
    private final Recovery report;
    private final CRC32C crc = new CRC32C();
    private final List<Suspect> suspects = new ArrayList<>();
    private long gaps;
    private int missing;

    /// Where the damage began that nothing valid has followed yet; 0: no damage.
    private long tornSegment;

    private int tornOffset;
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
                    missing++;
                    damaged(number, 0);
                } else if (named < 0 || RecordCodec.previousBytes(bytes) > bytesOf(named)) {
                    // without its header nobody knows whether the one before it is whole
                    gaps++;
                    damaged(number, 0);
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
                if (!searching) {
                    searching = true;
                    damaged(number, offset);
                    gaps++;
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

    private void take(RecordHeader header, long number, int offset) {
        long location = Location.of(number, offset);
        int bad = badBlocks(header, offset);
        if (bad == 0) {
            settle();
            report.records++;
            report.bytes += header.bytes();
            applier.apply(header, RecordCodec.extra(bytes, offset, header), location);
            return;
        }
        damaged(number, offset);
        ByteBuffer extra = RecordCodec.extra(bytes, offset, header);
        ByteBuffer kept = ByteBuffer.allocate(extra.remaining()).put(extra).flip();
        suspects.add(new Suspect(header, kept, location, bad, header.bytes()));
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
            if (!whole || (int) crc.getValue() != RecordCodec.crcAt(bytes, offset, i)) {
                bad++;
            }
        }
        return bad;
    }

    private void damaged(long number, int offset) {
        if (tornSegment == 0) {
            tornSegment = number;
            tornOffset = offset;
        }
    }

    /// A valid record follows: the damage before it is rot.
    private void settle() {
        if (tornSegment == 0) {
            return;
        }
        report.lostRecords += gaps;
        report.missingSegments += missing;
        for (Suspect suspect : suspects) {
            report.records++;
            report.bytes += suspect.bytes();
            report.rottenBlocks += suspect.badBlocks();
            applier.apply(suspect.header(), suspect.extra(), suspect.location());
        }
        clear();
    }

    private void clear() {
        suspects.clear();
        gaps = 0;
        missing = 0;
        tornSegment = 0;
    }

    /// Nothing valid follows the last damage: cuts it off.
    private void cut() throws IOException {
        if (tornSegment == 0) {
            return;
        }
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
                segments.grew(keep - segment.end);
                segment.file().truncate(keep);
                segment.end = segment.committed = keep;
            }
        }
        clear();
    }
}
