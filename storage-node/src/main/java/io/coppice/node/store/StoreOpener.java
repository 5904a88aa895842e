package io.coppice.node.store;

import io.coppice.model.Invariant;
import io.coppice.node.format.RecordCodec;
import io.coppice.node.format.StoreLabel;
import io.coppice.port.Disk;
import io.coppice.port.Disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Makes a new store or recovers one: label, newest valid checkpoint, the log behind it, sync.
final class StoreOpener {
    private static final String LABEL_UNFINISHED = StoreLabel.FILE_NAME + Checkpoint.UNFINISHED;
    private static final String LOST_AND_FOUND = "lost+found";
    private static final int LABEL_BYTES_MAX = 4096;

    /// The parts of an open store.
    record Opened(
            StoreIdentity identity,
            UUID store,
            RecordCodec codec,
            Segments segments,
            Index index,
            SegmentLog log,
            long checkpoint,
            long checkpointBytes,
            long replayedBytes) {}

    private final Disk disk;
    private final StoreConfig config;
    private final Recovery report;

    StoreOpener(Disk disk, StoreConfig config, Recovery report) {
        this.disk = disk;
        this.config = config;
        this.report = report;
    }

    Opened open(StoreIdentity expected) throws IOException {
        StoreLabel label = readLabel(disk);
        if (label == null) {
            label = create(expected);
        }
        verify(label, expected);
        return recover(label);
    }

    static @Nullable StoreLabel readLabel(Disk disk) throws IOException {
        if (!disk.list().contains(StoreLabel.FILE_NAME)) {
            return null;
        }
        var bytes = ByteBuffer.allocate(LABEL_BYTES_MAX);
        try (DiskFile file = disk.open(StoreLabel.FILE_NAME)) {
            file.read(bytes, 0);
        }
        var text = new byte[bytes.flip().remaining()];
        bytes.get(text);
        try {
            return StoreLabel.decode(text);
        } catch (IllegalArgumentException e) {
            throw new StoreFormatException(
                    "cannot use store directory " + disk + ": " + e.getMessage());
        }
    }

    private StoreLabel create(StoreIdentity expected) throws IOException {
        for (String name : disk.list()) {
            if (!name.equals(LABEL_UNFINISHED) && !name.equals(LOST_AND_FOUND)) {
                throw new StoreFormatException(
                        "cannot make a store in "
                                + disk
                                + ": the directory is not empty (it holds '"
                                + name
                                + "') and is no Coppice store");
            }
        }
        UUID store = expected.store();
        Invariant.check(store != null, "a new store needs an id");
        var label =
                new StoreLabel(
                        StoreLabel.FORMAT,
                        expected.cluster(),
                        java.util.Objects.requireNonNull(store),
                        config.chunkBytes());
        if (disk.list().contains(LABEL_UNFINISHED)) {
            disk.delete(LABEL_UNFINISHED);
        }
        try (DiskFile file = disk.create(LABEL_UNFINISHED)) {
            file.write(new ByteBuffer[] {ByteBuffer.wrap(label.encode())}, 1, 0);
            file.sync();
        }
        disk.rename(LABEL_UNFINISHED, StoreLabel.FILE_NAME);
        disk.syncDirectory();
        report.created = true;
        return label;
    }

    private void verify(StoreLabel label, StoreIdentity expected) throws StoreFormatException {
        UUID store = expected.store();
        if (!label.cluster().equals(expected.cluster())) {
            throw new StoreFormatException(
                    "store directory "
                            + disk
                            + " belongs to cluster "
                            + label.cluster()
                            + ", not to "
                            + expected.cluster());
        }
        if (store != null && !store.equals(label.store())) {
            throw new StoreFormatException(
                    "store directory "
                            + disk
                            + " is store "
                            + label.store()
                            + ", expected was "
                            + store);
        }
        if (label.chunkBytes() != config.chunkBytes()) {
            throw new StoreFormatException(
                    "store directory "
                            + disk
                            + " has chunks of "
                            + label.chunkBytes()
                            + " bytes, the cluster has "
                            + config.chunkBytes());
        }
    }

    private Opened recover(StoreLabel label) throws IOException {
        List<String> names = disk.list();
        List<Long> numbers = numbers(names, Segment.PREFIX);
        var codec = new RecordCodec(label.store());
        Loaded loaded = loadCheckpoint(names, label.store());
        Segments segments = loaded.segments();
        noteMissing(segments, numbers, loaded.startSegment());
        new Replay(disk, segments, codec, loaded.index(), report)
                .run(numbers, loaded.startSegment(), loaded.startOffset());
        long last = dropStale(segments, numbers, loaded.startSegment());
        syncAll(segments, loaded.startSegment());
        long highest = Math.max(numbers.isEmpty() ? 0 : numbers.getLast(), loaded.startSegment());
        var log = new SegmentLog(disk, segments, codec, config.segmentBytes(), last, highest + 1);
        return new Opened(
                new StoreIdentity(label.cluster(), label.store()),
                label.store(),
                codec,
                segments,
                loaded.index(),
                log,
                loaded.number(),
                loaded.bytes(),
                report.bytes);
    }

    private record Loaded(
            Segments segments,
            Index index,
            long number,
            long startSegment,
            int startOffset,
            long bytes) {}

    private Loaded loadCheckpoint(List<String> names, UUID store) throws IOException {
        List<Long> checkpoints = numbers(names, Checkpoint.PREFIX);
        checkpoints.sort(Comparator.reverseOrder());
        IOException reason = null;
        for (long number : checkpoints) {
            var segments = new Segments(disk, config.openFiles());
            Index index = newIndex(segments);
            try {
                var loader =
                        CheckpointLoader.load(
                                disk,
                                Checkpoint.name(number),
                                store,
                                index,
                                segments,
                                config.blocksPerChunk());
                report.checkpoint = number;
                return new Loaded(
                        segments,
                        index,
                        number,
                        loader.startSegment,
                        loader.startOffset,
                        loader.bytes);
            } catch (IOException | IndexOutOfBoundsException e) {
                reason =
                        new IOException(
                                "checkpoint " + Checkpoint.name(number) + ": " + e.getMessage(), e);
            }
        }
        if (reason != null) {
            throw new StoreFormatException(
                    "cannot use store directory "
                            + disk
                            + ": no valid checkpoint ("
                            + reason.getMessage()
                            + "); remove the store and let its replicas be rebuilt");
        }
        var segments = new Segments(disk, config.openFiles());
        return new Loaded(segments, newIndex(segments), 0, 0, 0, 0);
    }

    private Index newIndex(Segments segments) {
        return new Index(new Tables(config.blocksPerChunk(), segments), config.outcomesPerGroup());
    }

    private void noteMissing(Segments segments, List<Long> numbers, long startSegment) {
        var present = new java.util.HashSet<>(numbers);
        for (Segment segment : segments.all()) {
            if (!present.contains(segment.number)) {
                segment.missing = true;
                if (segment.entries > 0 || segment.number == startSegment) {
                    report.missingSegments++;
                }
            }
        }
    }

    /// Deletes what a checkpoint had given up, or a crash left over. Returns the number of the last
    /// segment.
    private long dropStale(Segments segments, List<Long> numbers, long startSegment)
            throws IOException {
        for (long number : numbers) {
            if (number < startSegment && segments.find(number) == null) {
                disk.delete(Segment.name(number));
            }
        }
        long last = startSegment;
        for (Segment segment : segments.all()) {
            if (segment.number < startSegment && segment.entries == 0) {
                segments.delete(segment);
            }
            last = Math.max(last, segment.number);
        }
        for (String name : disk.list()) {
            boolean old =
                    name.startsWith(Checkpoint.PREFIX)
                            && !name.equals(Checkpoint.name(report.checkpoint));
            if (old || name.endsWith(Checkpoint.UNFINISHED)) {
                disk.delete(name);
            }
        }
        return last;
    }

    /// What is kept is synced before it counts (R7).
    private void syncAll(Segments segments, long startSegment) throws IOException {
        for (Segment segment : segments.all()) {
            if (segment.number >= startSegment) {
                DiskFile file = segments.handle(segment);
                if (file != null) {
                    file.sync();
                }
            }
            segment.synced = segment.committed;
        }
        disk.syncDirectory();
    }

    private static List<Long> numbers(List<String> names, String prefix) {
        var numbers = new ArrayList<Long>();
        for (String name : names) {
            if (name.startsWith(prefix) && name.length() == prefix.length() + 16) {
                try {
                    numbers.add(Long.parseUnsignedLong(name.substring(prefix.length()), 16));
                } catch (NumberFormatException notOurs) {
                    continue; // some other file: left alone
                }
            }
        }
        numbers.sort(null);
        return numbers;
    }
}
