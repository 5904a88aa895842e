package io.coppice.metadata.server;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.MapRoot;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import io.coppice.model.Blocks;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.Usage;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What would be free without some volumes and snapshots: the chunks that only their maps name, and
/// of these the blocks that no other chunk shares. Exact but for what earlier deletions have not
/// given back yet: that still counts as held.
final class FreedSpace {
    private final Leadership leadership;
    private final ChunkStats stats;

    FreedSpace(Leadership leadership, ChunkStats stats) {
        this.leadership = leadership;
        this.stats = stats;
    }

    /// Names of maps, each once, by the id of what has it.
    private static final class Going {
        private final Map<Long, MapRoot> roots = new LinkedHashMap<>();

        void add(Snapshot snapshot) {
            roots.put(snapshot.id(), snapshot.root());
        }

        /// A volume goes with its snapshots.
        void add(MetadataView view, Volume volume) {
            roots.put(volume.id(), volume.root());
            view.snapshots(volume.id()).forEach(this::add);
        }

        List<MapRoot> roots() {
            return List.copyOf(roots.values());
        }
    }

    Usage.Builder by(Collection<SnapshotName> names) throws ControlFailure {
        try (var capture = leadership.quorum().capture()) {
            var going = new Going();
            for (SnapshotName name : names) {
                add(going, capture, name);
            }
            long[] chunks = chunks(capture, going.roots());
            long bytes = bytes(capture, chunks);
            int replicas = capture.config().map(ClusterConfig::replicas).orElse(1);
            return Usage.newBuilder()
                    .setFreedBytes(bytes)
                    .setFreedRawBytes(bytes * replicas)
                    .setFreedChunks(chunks.length);
        }
    }

    private static void add(Going going, MetadataView view, SnapshotName name)
            throws ControlFailure {
        Volume volume = volume(view, name.getVolume());
        if (name.getSnapshot().isEmpty()) {
            going.add(view, volume);
            return;
        }
        going.add(
                view.snapshots(volume.id()).stream()
                        .filter(snapshot -> snapshot.name().equals(name.getSnapshot()))
                        .findFirst()
                        .orElseThrow(() ->
                                new ControlFailure(
                                        Code.CODE_NOT_FOUND,
                                        "no snapshot is called '"
                                                + name.getVolume()
                                                + "@"
                                                + name.getSnapshot()
                                                + "'")));
    }

    /// As it is for `volume rm --now`: who has the name, else the youngest of that name in the
    /// trash.
    private static Volume volume(MetadataView view, String name) throws ControlFailure {
        return view.volume(name)
                .or(() ->
                        view.trash().stream()
                                .filter(volume -> volume.name().equals(name))
                                .max(Comparator.comparingLong(Volume::deletedMillis)))
                .orElseThrow(() ->
                        new ControlFailure(
                                Code.CODE_NOT_FOUND,
                                "no volume is called '" + name + "', nor in the trash"));
    }

    /// Bytes that would be free without any of the project, its trash counted: what only volumes
    /// and snapshots of it hold, however they share it.
    long byProject(MetadataView view, String project) throws ControlFailure {
        var going = new Going();
        for (List<Volume> volumes : List.of(view.volumes(), view.trash())) {
            volumes.stream()
                    .filter(volume -> volume.terms().project().equals(project))
                    .forEach(volume -> going.add(view, volume));
        }
        return bytes(view, chunks(view, going.roots()));
    }

    /// Bytes that are only in this map, whatever its snapshots hold.
    long own(MetadataView view, MapRoot root) throws ControlFailure {
        return bytes(view, chunks(view, List.of(root)));
    }

    private static long[] chunks(MetadataView view, List<MapRoot> roots) throws ControlFailure {
        return view.freedChunks(roots, ChunkUsage.COUNTED_CHUNKS_MAX)
                .orElseThrow(() ->
                        new ControlFailure(
                                Code.CODE_INTERNAL,
                                "more than "
                                        + ChunkUsage.COUNTED_CHUNKS_MAX
                                        + " chunks would go, too many to count at once; ask for"
                                        + " less"));
    }

    /// Bytes that would be free without these chunks, which ascend.
    long bytes(MetadataView view, long[] chunks) throws ControlFailure {
        try (var timed = leadership.metrics().chunkStats().time()) {
            return stats.freed(view, chunks) * Blocks.BLOCK_BYTES;
        }
    }
}
