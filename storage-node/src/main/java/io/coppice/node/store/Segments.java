package io.coppice.node.store;

import io.coppice.model.Invariant;
import io.coppice.port.Disk;
import io.coppice.port.Disk.DiskFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// All segments of a store by number, their live counts and a bounded set of open handles.
final class Segments implements LiveCounts {
    private final Disk disk;
    private final int openFilesMax;

    /// Index 0 is segment number `base`.
    private @Nullable Segment[] slots = new @Nullable Segment[64];

    private long base = 1;
    private int used;
    private int open;
    private long tick;
    private long bytes;
    private long liveBlocks;
    private long emptyBytes;
    private int count;

    Segments(Disk disk, int openFilesMax) {
        this.disk = disk;
        this.openFilesMax = openFilesMax;
    }

    @Nullable Segment find(long number) {
        long slot = number - base;
        return slot >= 0 && slot < used ? slots[(int) slot] : null;
    }

    Segment get(long number) {
        Segment segment = find(number);
        if (segment == null) {
            throw new IllegalStateException("no segment " + number);
        }
        return segment;
    }

    Segment at(long location) {
        return get(Location.segment(location));
    }

    /// Numbers are added in ascending order, except during recovery.
    void add(Segment segment) {
        Invariant.check(
                segment.number > 0 && segment.number <= Location.SEGMENT_MAX,
                "segment number",
                segment.number);
        if (count == 0) {
            base = segment.number;
            used = 0;
        }
        if (segment.number < base) {
            shift(segment.number);
        }
        int slot = (int) (segment.number - base);
        if (slot >= slots.length) {
            compact();
            slot = (int) (segment.number - base);
            if (slot >= slots.length) {
                slots = Arrays.copyOf(slots, Math.max(slot + 1, slots.length * 2));
            }
        }
        Invariant.check(slots[slot] == null, "segment twice", segment.number);
        slots[slot] = segment;
        used = Math.max(used, slot + 1);
        count++;
        bytes += segment.end;
    }

    private void shift(long first) {
        int by = (int) (base - first);
        var moved = new @Nullable Segment[Math.max(slots.length, used + by)];
        System.arraycopy(slots, 0, moved, by, used);
        slots = moved;
        used += by;
        base = first;
    }

    private void compact() {
        int first = 0;
        while (first < used && slots[first] == null) {
            first++;
        }
        System.arraycopy(slots, first, slots, 0, used - first);
        Arrays.fill(slots, used - first, used, null);
        used -= first;
        base += first;
    }

    void forEach(Consumer<Segment> visitor) {
        for (int slot = 0; slot < used; slot++) {
            Segment segment = slots[slot];
            if (segment != null) {
                visitor.accept(segment);
            }
        }
    }

    List<Segment> all() {
        var all = new ArrayList<Segment>(count);
        forEach(all::add);
        return all;
    }

    @Override
    public void add(long location, int entries) {
        Segment segment = find(Location.segment(location));
        if (segment == null) {
            // named by a checkpoint, but gone: reads of its blocks will report them as bad
            segment = new Segment(Location.segment(location), 0);
            segment.missing = true;
            segment.sealed = true;
            add(segment);
        }
        long before = segment.liveBlocks();
        long emptyBefore = emptyBytes(segment);
        segment.entries += entries;
        liveBlocks += segment.liveBlocks() - before;
        emptyBytes += emptyBytes(segment) - emptyBefore;
        Invariant.check(segment.entries >= 0, "live entries of a segment", segment.entries);
    }

    /// A record with data was added to the segment.
    void addData(Segment segment, int blocks) {
        long before = segment.liveBlocks();
        segment.dataBlocks += blocks;
        liveBlocks += segment.liveBlocks() - before;
    }

    /// Sum of [Segment#liveBlocks].
    long liveBlocks() {
        return liveBlocks;
    }

    /// It takes no more records.
    void seal(Segment segment) {
        long before = emptyBytes(segment);
        segment.sealed = true;
        emptyBytes += emptyBytes(segment) - before;
    }

    /// Bytes of sealed segments in which nothing is alive: the next checkpoint gives them back.
    long emptyBytes() {
        return emptyBytes;
    }

    private static long emptyBytes(Segment segment) {
        return segment.sealed && segment.entries == 0 ? segment.end : 0;
    }

    /// After recovery, which knows sizes last.
    void countEmpty() {
        emptyBytes = 0;
        forEach(segment -> emptyBytes += emptyBytes(segment));
    }

    void grew(int by) {
        bytes += by;
    }

    long bytes() {
        return bytes;
    }

    int count() {
        return count;
    }

    /// The open file of a segment, null if the file is missing.
    @Nullable DiskFile handle(Segment segment) throws IOException {
        segment.lastUse = ++tick;
        if (segment.file == null && !segment.missing) {
            room();
            segment.file = disk.open(segment.name());
            open++;
        }
        return segment.file;
    }

    void create(Segment segment) throws IOException {
        room();
        segment.file = disk.create(segment.name());
        segment.lastUse = ++tick;
        open++;
    }

    private void room() throws IOException {
        if (open < openFilesMax) {
            return;
        }
        Segment oldest = null;
        for (int slot = 0; slot < used; slot++) {
            Segment segment = slots[slot];
            if (segment != null
                    && segment.file != null
                    && segment.sealed
                    && segment.pins == 0
                    && segment.synced == segment.committed
                    && (oldest == null || segment.lastUse < oldest.lastUse)) {
                oldest = segment;
            }
        }
        if (oldest != null) {
            close(oldest);
        }
    }

    private void close(Segment segment) throws IOException {
        DiskFile file = segment.file;
        if (file != null) {
            segment.file = null;
            open--;
            file.close();
        }
    }

    void delete(Segment segment) throws IOException {
        Invariant.check(segment.entries == 0, "deleted segment has live entries", segment.entries);
        close(segment);
        if (!segment.missing) {
            disk.delete(segment.name());
        }
        slots[(int) (segment.number - base)] = null;
        count--;
        bytes -= segment.end;
        emptyBytes -= emptyBytes(segment);
    }

    void closeAll() throws IOException {
        for (Segment segment : all()) {
            close(segment);
        }
    }
}
