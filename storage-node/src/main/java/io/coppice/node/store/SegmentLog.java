package io.coppice.node.store;

import io.coppice.model.Blocks;
import io.coppice.model.Invariant;
import io.coppice.node.format.RecordCodec;
import io.coppice.node.format.RecordHeader;
import io.coppice.port.Disk;
import io.coppice.port.Marks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The end of the log: places records, writes batches, hands out syncs.
final class SegmentLog {
    private static final int SLAB_BYTES = 256 << 10;

    /// How far ahead zeros are written, and how little syncs must bring for it to pay.
    private static final int ZEROED_BYTES = 1 << 20;

    private static final int SMALL_SYNC_BYTES = 16 << 10;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    /// Buffers for one segment, to be written from `start` on.
    private record Part(Segment segment, int start, ByteBuffer[] buffers, int count) {}

    private final Disk disk;
    private final Segments segments;
    private final RecordCodec codec;
    private final int segmentBytes;
    private final List<Segment> dirty = new ArrayList<>();
    private final List<Part> fullParts = new ArrayList<>();
    private ByteBuffer[] buffers = new ByteBuffer[64];
    private int bufferCount;
    private int batchStart;
    private final List<ByteBuffer> slabs = new ArrayList<>();
    private int slab;
    private @Nullable Segment current;
    private long nextNumber;
    private long lastNumber;
    private final SyncGate gate = new SyncGate();
    private boolean directoryDirty;
    private long appended;
    private long appendedBeforeSync;
    private @Nullable String failure;

    /// @param lastNumber the segment that the log continues, 0: none
    /// @param nextNumber above every number that was ever used
    SegmentLog(
            Disk disk,
            Segments segments,
            RecordCodec codec,
            int segmentBytes,
            long lastNumber,
            long nextNumber) {
        this.disk = disk;
        this.segments = segments;
        this.codec = codec;
        this.segmentBytes = segmentBytes;
        this.lastNumber = lastNumber;
        this.nextNumber = nextNumber;
    }

    /// Adds a record to the batch. Returns the location of its first block.
    long append(
            RecordHeader header,
            int[] crcs,
            @Nullable ByteBuffer extra,
            @Nullable ByteBuffer data) {
        long bytes = header.bytes();
        Invariant.check(
                bytes <= segmentBytes - RecordCodec.SEGMENT_HEADER_BYTES,
                "record too large",
                bytes);
        Segment segment = current;
        if (segment == null || segment.end + bytes > segmentBytes) {
            segment = roll();
        }
        int offset = segment.end;
        ByteBuffer head = room(header.headerBytes());
        codec.encode(header, crcs, extra, durable(), segment.number, offset, head);
        push(head.flip());
        if (data != null && header.dataBlocks() > 0) {
            Invariant.check(
                    data.remaining() == header.dataBlocks() << Blocks.BLOCK_SHIFT,
                    "data and CRCs differ");
            push(data.duplicate());
        }
        segment.end += (int) bytes;
        segments.addData(segment, header.dataBlocks());
        segments.grew((int) bytes);
        appended += bytes;
        return Location.of(segment.number, offset);
    }

    /// Closes the current segment; the next record starts a new one.
    void seal() {
        Segment segment = current;
        if (segment != null) {
            segments.seal(segment);
            endPart(segment);
            current = null;
        }
    }

    private Segment roll() {
        seal();
        Segment before = segments.find(lastNumber);
        long previousBytes = before == null || before.missing ? 0 : before.end;
        var segment = new Segment(nextNumber++, lastNumber);
        lastNumber = segment.number;
        segments.add(segment);
        current = segment;
        batchStart = 0;
        ByteBuffer head = room(RecordCodec.SEGMENT_HEADER_BYTES);
        codec.encodeSegment(segment.number, segment.previous, previousBytes, head);
        push(head.flip());
        segment.end = RecordCodec.SEGMENT_HEADER_BYTES;
        segments.grew(segment.end);
        return segment;
    }

    private void endPart(Segment segment) {
        if (bufferCount > 0 || segment.zeroed > segment.end) {
            fullParts.add(new Part(segment, batchStart, buffers, bufferCount));
            buffers = new ByteBuffer[64];
            bufferCount = 0;
        }
    }

    private void push(ByteBuffer buffer) {
        if (bufferCount == buffers.length) {
            buffers = Arrays.copyOf(buffers, bufferCount * 2);
        }
        buffers[bufferCount++] = buffer;
    }

    /// A direct buffer that lives until the batch is committed.
    private ByteBuffer room(int bytes) {
        while (true) {
            if (slab == slabs.size()) {
                slabs.add(ByteBuffer.allocateDirect(Math.max(SLAB_BYTES, bytes)));
            }
            ByteBuffer from = slabs.get(slab);
            if (from.remaining() >= bytes) {
                ByteBuffer part = from.slice(from.position(), bytes);
                from.position(from.position() + bytes);
                return part;
            }
            slab++;
        }
    }

    boolean hasBatch() {
        return bufferCount > 0 || !fullParts.isEmpty();
    }

    void commit() throws IOException {
        check();
        if (!hasBatch()) {
            return;
        }
        try {
            for (Part part : fullParts) {
                Segment full = part.segment();
                if (part.count() > 0) {
                    write(full, part.start(), part.buffers(), part.count());
                }
                if (full.zeroed > full.end) {
                    full.file().truncate(full.end);
                }
            }
            Segment segment = current;
            if (segment != null && bufferCount > 0) {
                write(segment, batchStart, buffers, bufferCount);
                batchStart = segment.end;
            }
        } catch (IOException e) {
            fail("write failed: " + e.getMessage());
            throw e;
        }
        fullParts.clear();
        Arrays.fill(buffers, 0, bufferCount, null);
        bufferCount = 0;
        while (slabs.size() > 4) {
            slabs.removeLast();
        }
        slabs.forEach(ByteBuffer::clear);
        slab = 0;
    }

    private void write(Segment segment, int start, ByteBuffer[] sources, int count)
            throws IOException {
        if (start == 0) {
            segments.create(segment);
            directoryDirty = true;
        }
        int bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += sources[i].remaining();
        }
        segment.file().write(sources, count, start);
        if (segment.synced == segment.committed) {
            dirty.add(segment);
        }
        segment.committed = start + bytes;
    }

    /// True if the header at this place is still in the batch.
    boolean inBatch(long location) {
        Segment segment = segments.find(Location.segment(location));
        return segment != null
                && !segment.missing
                && Location.headerOffset(location) >= segment.committed;
    }

    /// Everything before this place is durable.
    private long durable() {
        if (!dirty.isEmpty()) {
            Segment first = dirty.getFirst();
            return Location.of(first.number, first.synced);
        }
        Segment segment = current;
        return segment == null
                ? Location.of(nextNumber, 0)
                : Location.of(segment.number, segment.committed);
    }

    boolean syncDue() {
        return !dirty.isEmpty() || directoryDirty;
    }

    /// Where syncs come often and bring little, writes zeros behind the end of the log. What is
    /// appended lies over blocks that the file has, then: to sync it the file system need not
    /// commit a change of the file's size and extents, which is half of the time of a small sync.
    void zeroAhead() throws IOException {
        check();
        long brought = appended - appendedBeforeSync;
        appendedBeforeSync = appended;
        Segment segment = current;
        if (segment == null || segment.file == null || brought > SMALL_SYNC_BYTES) {
            return;
        }
        int from = Math.max(segment.zeroed, segment.committed);
        int to = Math.min(segment.committed + ZEROED_BYTES, segmentBytes);
        if (from > segment.committed + brought || from >= to) {
            return;
        }
        var zeros = new ByteBuffer[(to - from + ZEROS.capacity() - 1) / ZEROS.capacity()];
        Arrays.setAll(zeros, i -> ZEROS.duplicate());
        zeros[zeros.length - 1].limit((to - from - 1) % ZEROS.capacity() + 1);
        try {
            segment.file().write(zeros, zeros.length, from);
        } catch (IOException e) {
            fail("write failed: " + e.getMessage());
            throw e;
        }
        segment.zeroed = to;
        Marks.hit("the log was zeroed ahead");
    }

    SyncTicket beginSync() {
        var parts = new ArrayList<SyncTicket.Part>(dirty.size());
        for (Segment segment : dirty) {
            segment.pins++;
            parts.add(new SyncTicket.Part(segment, segment.file(), segment.committed));
        }
        // every ticket names the directory until one has come back: a ticket stands for itself
        return new SyncTicket(gate, directoryDirty ? disk : null, parts);
    }

    void completeSync(SyncTicket ticket) {
        Invariant.check(ticket.done(), "sync completed before it ran");
        for (SyncTicket.Part part : ticket.parts()) {
            part.segment().pins--;
            part.segment().synced = Math.max(part.segment().synced, part.committed());
        }
        dirty.removeIf(segment -> segment.synced == segment.committed);
        if (ticket.directory() && dirty.stream().noneMatch(segment -> segment.synced == 0)) {
            directoryDirty = false;
        }
    }

    void fail(String why) {
        if (failure == null) {
            failure = why;
        }
    }

    void check() throws IOException {
        if (failure != null) {
            throw new IOException("the store is down: " + failure);
        }
    }

    @Nullable Segment current() {
        return current;
    }

    long lastNumber() {
        return lastNumber;
    }

    /// Bytes appended since the store was opened.
    long appended() {
        return appended;
    }
}
