package io.coppice.node.store;

import io.coppice.node.format.FrameWriter;
import io.coppice.port.Disk;
import io.coppice.port.Disk.DiskFile;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A captured index on its way to disk. Made on the lane, [#write] on any one other thread while
/// the lane goes on, then handed to [ChunkStore#completeCheckpoint] on the lane.
///
/// The file is a stream of numbers: head, segments, groups with their chunks. A table or leaf is
/// written where it is first met and named by its ordinal afterwards, so sharing survives.
public final class Checkpoint {
    static final String PREFIX = "ckpt-";
    static final String UNFINISHED = ".tmp";
    static final long MAGIC = 0x436f707043686b31L; // "CoppChk1"
    static final int TABLE_KNOWN = 0;
    static final int TABLE_RUNS = 1;
    static final int TABLE_LEAVES = 2;
    static final int LEAF_NONE = 0;
    static final int LEAF_KNOWN = 1;
    static final int LEAF_NEW = 2;

    /// A group at the time of the capture; `chunks` has holes.
    record GroupImage(
            int id,
            long epoch,
            long sequence,
            long state,
            long[] outcomes,
            int chunkCount,
            @Nullable ChunkEntry[] chunks) {}

    record SegmentImage(long number, int end, int dataBlocks) {}

    /// What is captured.
    ///
    /// @param number of the checkpoint
    /// @param startSegment the log goes on in this segment (0: no segment yet) ...
    /// @param startOffset ... at this offset
    /// @param segments those with live entries
    /// @param empty those that nothing needs once this checkpoint is durable
    record Image(
            UUID store,
            long number,
            long startSegment,
            int startOffset,
            List<SegmentImage> segments,
            List<SegmentImage> empty,
            List<GroupImage> groups) {}

    private final Disk disk;
    private final SyncTicket log;
    private final Image image;
    private final long firstOrdinal;
    private long nextTable;
    private long nextLeaf;
    private long nextFamily;
    private long bytes;
    private volatile boolean done;

    /// @param firstOrdinal above every ordinal that an earlier checkpoint gave
    Checkpoint(Disk disk, SyncTicket log, Image image, long firstOrdinal) {
        this.disk = disk;
        this.log = log;
        this.image = image;
        this.firstOrdinal = firstOrdinal;
        this.nextTable = firstOrdinal;
        this.nextLeaf = firstOrdinal;
        this.nextFamily = firstOrdinal;
    }

    static String name(long number) {
        return PREFIX + HexFormat.of().toHexDigits(number);
    }

    /// Syncs the log before it, writes the file, makes it durable under its final name. A failure
    /// is fatal to the store: hand it to [ChunkStore#fail].
    public void write() throws IOException {
        log.run();
        String unfinished = name(image.number()) + UNFINISHED;
        try (DiskFile file = disk.create(unfinished)) {
            var out = new FrameWriter(file);
            writeHead(out);
            for (GroupImage group : image.groups()) {
                writeGroup(out, group);
            }
            bytes = out.finish();
            file.sync();
        }
        disk.rename(unfinished, name(image.number()));
        disk.syncDirectory();
        done = true;
    }

    private void writeHead(FrameWriter out) throws IOException {
        out.putLong(MAGIC);
        out.putLong(image.store().getMostSignificantBits());
        out.putLong(image.store().getLeastSignificantBits());
        out.putNumber(image.number());
        out.putNumber(image.startSegment());
        out.putNumber(image.startOffset());
        out.putNumber(image.segments().size());
        for (SegmentImage segment : image.segments()) {
            out.putNumber(segment.number());
            out.putNumber(segment.end());
            out.putNumber(segment.dataBlocks());
        }
        out.putNumber(image.groups().size());
    }

    private void writeGroup(FrameWriter out, GroupImage group) throws IOException {
        out.putNumber(group.id());
        out.putNumber(group.epoch());
        out.putNumber(group.sequence());
        out.putLong(group.state());
        out.putNumber(group.outcomes().length);
        for (long word : group.outcomes()) {
            out.putLong(word);
        }
        out.putNumber(group.chunkCount());
        for (ChunkEntry chunk : group.chunks()) {
            if (chunk != null) {
                out.putLong(chunk.id);
                out.putLong(chunk.parent);
                out.putNumber(chunk.epoch);
                out.putNumber(chunk.sequence);
                writeFamily(out, chunk.family);
                writeTable(out, chunk.table);
            }
        }
    }

    /// 0: none, otherwise its ordinal + 1.
    private void writeFamily(FrameWriter out, @Nullable Family family) throws IOException {
        if (family != null && family.saved < firstOrdinal) {
            family.saved = nextFamily++;
        }
        out.putNumber(family == null ? 0 : family.saved - firstOrdinal + 1);
    }

    private void writeTable(FrameWriter out, Table table) throws IOException {
        if (table.saved >= firstOrdinal) {
            out.putNumber(TABLE_KNOWN);
            out.putNumber(table.saved - firstOrdinal);
            return;
        }
        table.saved = nextTable++;
        Leaf[] leaves = table.leaves;
        if (leaves == null) {
            out.putNumber(TABLE_RUNS);
            out.putNumber(table.runCount);
            for (int i = 0; i < 2 * table.runCount; i++) {
                out.putLong(table.runs[i]);
            }
            return;
        }
        out.putNumber(TABLE_LEAVES);
        for (Leaf leaf : leaves) {
            writeLeaf(out, leaf);
        }
    }

    private void writeLeaf(FrameWriter out, @Nullable Leaf leaf) throws IOException {
        if (leaf == null) {
            out.putNumber(LEAF_NONE);
        } else if (leaf.saved >= firstOrdinal) {
            out.putNumber(LEAF_KNOWN);
            out.putNumber(leaf.saved - firstOrdinal);
        } else {
            leaf.saved = nextLeaf++;
            out.putNumber(LEAF_NEW);
            long mask = 0;
            for (int i = 0; i < Leaf.BLOCKS; i++) {
                mask |= leaf.locations[i] == Location.NONE ? 0 : 1L << i;
            }
            out.putNumber(mask);
            for (long location : leaf.locations) {
                if (location != Location.NONE) {
                    out.putLong(location);
                }
            }
        }
    }

    boolean done() {
        return done;
    }

    SyncTicket log() {
        return log;
    }

    Image image() {
        return image;
    }

    public long bytes() {
        return bytes;
    }

    long nextOrdinal() {
        return Math.max(nextFamily, Math.max(nextTable, nextLeaf));
    }
}
