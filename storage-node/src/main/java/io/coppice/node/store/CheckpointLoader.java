package io.coppice.node.store;

import io.coppice.node.format.FrameReader;
import io.coppice.port.Disk;
import io.coppice.port.Disk.DiskFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Fills an empty index from a checkpoint file. Any damage is an IOException; the index is of no
/// use then.
final class CheckpointLoader {
    private final FrameReader in;
    private final Index index;
    private final Segments segments;
    private final int blocksPerChunk;
    private final List<Table> tables = new ArrayList<>();
    private final List<Family> families = new ArrayList<>();
    private final List<Leaf> leaves = new ArrayList<>();
    long number;
    long startSegment;
    int startOffset;
    long bytes;

    private CheckpointLoader(FrameReader in, Index index, Segments segments, int blocksPerChunk) {
        this.in = in;
        this.index = index;
        this.segments = segments;
        this.blocksPerChunk = blocksPerChunk;
    }

    /// @param segments gets a [Segment] for each that the checkpoint names; whether its file is
    ///   there is not looked at
    static CheckpointLoader load(
            Disk disk, String name, UUID store, Index index, Segments segments, int blocksPerChunk)
            throws IOException {
        try (DiskFile file = disk.open(name)) {
            var loader =
                    new CheckpointLoader(new FrameReader(file), index, segments, blocksPerChunk);
            loader.readHead(store);
            loader.bytes = file.size();
            return loader;
        }
    }

    private void readHead(UUID store) throws IOException {
        if (in.getLong() != Checkpoint.MAGIC
                || in.getLong() != store.getMostSignificantBits()
                || in.getLong() != store.getLeastSignificantBits()) {
            throw new IOException("not a checkpoint of this store");
        }
        number = in.getNumber();
        startSegment = in.getNumber();
        startOffset = (int) in.getNumber();
        for (long left = in.getNumber(); left > 0; left--) {
            var segment = new Segment(in.getNumber(), 0);
            segment.end = segment.committed = segment.synced = (int) in.getNumber();
            segment.dataBlocks = (int) in.getNumber();
            segment.sealed = true;
            segments.add(segment);
        }
        for (long left = in.getNumber(); left > 0; left--) {
            readGroup();
        }
        in.finish();
    }

    private void readGroup() throws IOException {
        GroupEntry group = index.group((int) in.getNumber());
        group.epoch = in.getNumber();
        group.sequence = in.getNumber();
        group.state = in.getLong();
        for (long left = in.getNumber(); left > 0; left -= 3) {
            group.outcomes.add(in.getLong(), in.getLong(), in.getLong());
        }
        for (long left = in.getNumber(); left > 0; left--) {
            long id = in.getLong();
            long parent = in.getLong();
            long epoch = in.getNumber();
            long sequence = in.getNumber();
            Family family = readFamily();
            var entry = new ChunkEntry(id, parent, readTable(), index.tables.clock());
            entry.family = family;
            entry.epoch = epoch;
            entry.sequence = sequence;
            index.add(group, entry);
        }
    }

    private @Nullable Family readFamily() throws IOException {
        int ordinal = (int) in.getNumber() - 1;
        if (ordinal < 0) {
            return null;
        }
        if (ordinal == families.size()) {
            families.add(new Family());
        }
        Family family = families.get(ordinal);
        family.members++;
        return family;
    }

    private Table readTable() throws IOException {
        int kind = (int) in.getNumber();
        return switch (kind) {
            case Checkpoint.TABLE_KNOWN -> index.tables.share(tables.get((int) in.getNumber()));
            case Checkpoint.TABLE_RUNS -> {
                var runs = new long[2 * (int) in.getNumber()];
                for (int i = 0; i < runs.length; i++) {
                    runs[i] = in.getLong();
                }
                yield add(index.tables.loadedRuns(runs));
            }
            case Checkpoint.TABLE_LEAVES -> {
                var all = new @Nullable Leaf[blocksPerChunk / Leaf.BLOCKS];
                for (int i = 0; i < all.length; i++) {
                    all[i] = readLeaf();
                }
                yield add(index.tables.loadedLeaves(all));
            }
            default -> throw new IOException("checkpoint has an unknown kind of table: " + kind);
        };
    }

    private Table add(Table table) {
        tables.add(table);
        return table;
    }

    private @Nullable Leaf readLeaf() throws IOException {
        int kind = (int) in.getNumber();
        if (kind == Checkpoint.LEAF_NONE) {
            return null;
        }
        if (kind == Checkpoint.LEAF_KNOWN) {
            Leaf known = leaves.get((int) in.getNumber());
            known.refs++;
            return known;
        }
        long mask = in.getNumber();
        var locations = new long[Leaf.BLOCKS];
        for (int i = 0; i < Leaf.BLOCKS; i++) {
            locations[i] = (mask >>> i & 1) == 0 ? Location.NONE : in.getLong();
        }
        Leaf leaf = index.tables.loadedLeaf(locations);
        leaves.add(leaf);
        return leaf;
    }
}
