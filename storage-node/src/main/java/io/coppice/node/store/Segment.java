package io.coppice.node.store;

import io.coppice.model.Invariant;
import io.coppice.port.Disk.DiskFile;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// One file of the log. Only data; [Segments] and [SegmentLog] keep the rules.
final class Segment {
    static final String PREFIX = "seg-";
    final long number;
    final long previous;

    /// Open handle; null: not open, or not created yet.
    @Nullable DiskFile file;

    /// Bytes that are with the operating system.
    int committed;

    /// Bytes including the batch.
    int end;

    /// Bytes of the file, where it was zeroed ahead; else 0.
    int zeroed;

    /// Table entries that point here.
    long entries;

    /// Data blocks in its records.
    int dataBlocks;

    /// Takes no more records.
    boolean sealed;

    /// The cleaner is moving blocks out.
    boolean victim;

    /// Named by the index, but its file is gone.
    boolean missing;

    /// Syncs under way that need the handle.
    int pins;

    /// Committed bytes that are durable.
    int synced;

    long lastUse;

    Segment(long number, long previous) {
        this.number = number;
        this.previous = previous;
    }

    String name() {
        return name(number);
    }

    static String name(long number) {
        return PREFIX + HexFormat.of().toHexDigits(number);
    }

    DiskFile file() {
        DiskFile open = file;
        Invariant.check(open != null, "segment is not open", number);
        return java.util.Objects.requireNonNull(open);
    }

    /// Data blocks that are alive: exact where no two tables hold the same block, at most the data
    /// that is there.
    long liveBlocks() {
        return Math.min(entries, dataBlocks);
    }
}
