package io.coppice.metadata.server;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Lineage;
import io.coppice.metadata.core.MapRoot;
import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import io.coppice.model.Blocks;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.GetUsage;
import io.coppice.wire.pb.LineageEntry;
import io.coppice.wire.pb.QueryResponse;
import io.coppice.wire.pb.StoreReport;
import io.coppice.wire.pb.Usage;
import io.coppice.wire.pb.VolumeInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Answers that need block counts: maps from a capture, counts from the stores.
///
/// A map's bytes are the blocks in its chunks; its own bytes are the blocks that only it has. When
/// the stores cannot be asked, the whole answer fails: no number here is a guess. Lists that must
/// be quick leave the bytes out instead and give chunks only.
final class ChunkUsage {
    /// Lists ask the stores for so many chunks at most.
    private static final int LISTED_CHUNKS_MAX = 65_536;

    static final int COUNTED_CHUNKS_MAX = 4_000_000;

    private final Leadership leadership;
    private final ChunkStats stats;
    private final FreedSpace freed;

    ChunkUsage(Leadership leadership, ChunkStats stats) {
        this.leadership = leadership;
        this.stats = stats;
        this.freed = new FreedSpace(leadership, stats);
    }

    /// A named map: of a volume or a snapshot.
    private record Named(long id, MapRoot root) {
        static Named of(Volume volume) {
            return new Named(volume.id(), volume.root());
        }
    }

    private static List<Named> maps(MetadataView view, List<Volume> volumes) {
        var all = new ArrayList<Named>();
        for (Volume volume : volumes) {
            all.add(Named.of(volume));
            view.snapshots(volume.id())
                    .forEach(snapshot -> all.add(new Named(snapshot.id(), snapshot.root())));
        }
        all.sort((a, b) -> Long.compare(a.id(), b.id()));
        return all;
    }

    private MapTotals totals(MetadataCapture capture, List<Named> maps, int chunksMax)
            throws ControlFailure {
        var totals = new MapTotals(capture, chunksMax);
        for (Named map : maps) {
            if (!totals.add(map.id(), map.root())) {
                throw new ControlFailure(
                        Code.CODE_INTERNAL,
                        "more than "
                                + chunksMax
                                + " chunks are mapped, too many to count at once; ask for one"
                                + " volume");
            }
        }
        try (var timed = leadership.metrics().chunkStats().time()) {
            stats.count(capture, totals.table());
        }
        totals.sum();
        return totals;
    }

    // ------------------------------------------------------------ volumes

    void listVolumes(QueryResponse.Builder response) {
        try (var capture = leadership.quorum().capture()) {
            Optional<MapTotals> totals = quickTotals(capture, maps(capture, capture.volumes()));
            for (Volume volume : capture.volumes()) {
                var info =
                        Answers.volume(capture, volume)
                                .setOwnChunks(capture.ownChunks(volume.root()));
                totals.ifPresent(known -> bytes(info, known, volume.root()));
                response.addVolumes(info);
            }
        }
    }

    void listTrash(QueryResponse.Builder response) {
        try (var capture = leadership.quorum().capture()) {
            List<Named> maps = capture.trash().stream().map(Named::of).toList();
            Optional<MapTotals> totals = quickTotals(capture, maps);
            long retention = capture.config().map(ClusterConfig::trashRetentionMillis).orElse(0L);
            for (Volume volume : capture.trash()) {
                long gone = saturatedSum(volume.deletedMillis(), retention);
                long expires = volume.expiresMillis();
                var info =
                        Answers.volume(capture, volume)
                                .setOwnChunks(capture.ownChunks(volume.root()))
                                .setExpiresMillis(expires == 0 ? gone : Math.min(gone, expires));
                totals.ifPresent(known -> bytes(info, known, volume.root()));
                response.addVolumes(info);
            }
        }
    }

    private Optional<MapTotals> quickTotals(MetadataCapture capture, List<Named> maps) {
        if (capture.storedChunks() > LISTED_CHUNKS_MAX) {
            return Optional.empty();
        }
        try {
            return Optional.of(totals(capture, maps, LISTED_CHUNKS_MAX));
        } catch (ControlFailure notNow) {
            return Optional.empty();
        }
    }

    void showVolume(String name, QueryResponse.Builder response) throws ControlFailure {
        try (var capture = leadership.quorum().capture()) {
            Volume volume = volume(capture, name);
            response.addVolumes(volumeWithBytes(capture, volume));
            capture.snapshots(volume.id())
                    .forEach(s -> response.addSnapshots(Answers.snapshot(capture, s)));
        }
    }

    private VolumeInfo.Builder volumeWithBytes(MetadataCapture capture, Volume volume)
            throws ControlFailure {
        var info = Answers.volume(capture, volume).setOwnChunks(capture.ownChunks(volume.root()));
        var totals = totals(capture, List.of(Named.of(volume)), COUNTED_CHUNKS_MAX);
        long mapped = totals.blocks(volume.root()) * Blocks.BLOCK_BYTES;
        return bytes(info, mapped, freed.own(capture, volume.root()));
    }

    /// Own is what is surely its own: of many at once the stores tell what they know without
    /// comparing chunks, which is less where relatives are gone.
    private static VolumeInfo.Builder bytes(
            VolumeInfo.Builder info, MapTotals totals, MapRoot root) {
        return bytes(
                info,
                totals.blocks(root) * Blocks.BLOCK_BYTES,
                totals.ownBlocks(root) * Blocks.BLOCK_BYTES);
    }

    private static VolumeInfo.Builder bytes(VolumeInfo.Builder info, long mapped, long own) {
        return info.setMappedBytes(mapped)
                .setOwnBytes(own)
                .setSharedBytes(mapped - own)
                .setDivergence(mapped == 0 ? 0 : (double) own / mapped);
    }

    private static Volume volume(MetadataView view, String name) throws ControlFailure {
        return view.volume(name)
                .orElseThrow(() ->
                        new ControlFailure(
                                Code.CODE_NOT_FOUND, "no volume is called '" + name + "'"));
    }

    // ------------------------------------------------------------ usage

    void usage(GetUsage request, QueryResponse.Builder response) throws ControlFailure {
        if (request.getFreedByCount() > 0) {
            response.setUsage(freed.by(request.getFreedByList()));
            return;
        }
        String name = request.getName();
        try (var capture = leadership.quorum().capture()) {
            var usage = Usage.newBuilder();
            if (!name.isEmpty()) {
                VolumeInfo info = volumeWithBytes(capture, volume(capture, name)).build();
                clusterUsage(capture, usage);
                response.setUsage(usage.clearVolumes().addVolumes(info));
                if (request.getHistory()) {
                    capture.holdings(info.getId())
                            .forEach(past ->
                                    response.getUsageBuilder().addHistory(Answers.sample(past)));
                }
            } else {
                response.setUsage(clusterUsage(capture, usage));
            }
            var built = response.getUsageBuilder();
            built.setSavingsRatio(
                    built.getStoredBytes() == 0
                            ? 1
                            : (double) built.getLogicalBytes() / built.getStoredBytes());
        }
    }

    /// The sums are of the whole cluster, also when one volume was asked for: what is shared has no
    /// single owner. What is in the trash is stored as well.
    private Usage.Builder clusterUsage(MetadataCapture capture, Usage.Builder usage)
            throws ControlFailure {
        List<Named> maps = maps(capture, capture.volumes());
        var stored = new ArrayList<>(maps);
        stored.addAll(maps(capture, capture.trash()));
        MapTotals totals = totals(capture, stored, COUNTED_CHUNKS_MAX);
        long logicalBlocks = maps.stream().mapToLong(map -> totals.blocks(map.root())).sum();
        long provisioned = 0;
        for (Volume volume : capture.volumes()) {
            provisioned = saturatedSum(provisioned, volume.size());
            usage.addVolumes(
                    bytes(
                            Answers.volume(capture, volume)
                                    .setOwnChunks(capture.ownChunks(volume.root())),
                            totals,
                            volume.root()));
        }
        return usage.setProvisionedBytes(provisioned)
                .setLogicalBytes(logicalBlocks * Blocks.BLOCK_BYTES)
                .setStoredBytes(freed.bytes(capture, totals.table().sorted()))
                .setRawBytes(reports(capture).mapToLong(StoreReport::getUsedBytes).sum());
    }

    private Stream<StoreReport> reports(MetadataView view) {
        return view.stores().stream()
                .flatMap(store -> leadership.nodes().report(store.uuid()).stream());
    }

    private static long saturatedSum(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    // ------------------------------------------------------------ lineage

    void lineage(String name, QueryResponse.Builder response) throws ControlFailure {
        try (var capture = leadership.quorum().capture()) {
            var family = new ArrayList<Lineage>();
            if (name.isEmpty()) {
                capture.lineage(family::add);
            } else {
                family.addAll(capture.family(memberOf(capture, name)));
            }
            var maps = family.stream().flatMap(one -> map(capture, one.id()).stream()).toList();
            MapTotals totals = totals(capture, maps, COUNTED_CHUNKS_MAX);
            for (Lineage one : family) {
                response.addLineage(entry(capture, one, totals));
            }
        }
    }

    /// Who has the name, else the youngest of those that had it: history outlives its members.
    private static long memberOf(MetadataView view, String name) throws ControlFailure {
        int at = name.indexOf('@');
        Optional<Long> present =
                at < 0
                        ? view.volume(name).map(Volume::id)
                        : view.snapshot(name.substring(0, at), name.substring(at + 1))
                                .map(Snapshot::id);
        if (present.isPresent()) {
            return present.get();
        }
        var youngest = new long[1];
        view.lineage(one -> {
            if (one.id() > youngest[0] && view.fullName(one).equals(name)) {
                youngest[0] = one.id();
            }
        });
        if (youngest[0] == 0) {
            throw new ControlFailure(
                    Code.CODE_NOT_FOUND,
                    "no " + (at < 0 ? "volume" : "snapshot") + " is or was called '" + name + "'");
        }
        return youngest[0];
    }

    private static Optional<Named> map(MetadataView view, long id) {
        return view.volume(id)
                .filter(volume -> !volume.inTrash())
                .map(Named::of)
                .or(() -> view.snapshot(id).map(snapshot -> new Named(id, snapshot.root())));
    }

    private static LineageEntry entry(MetadataView view, Lineage one, MapTotals totals) {
        var entry =
                LineageEntry.newBuilder()
                        .setId(one.id())
                        .setParent(one.parent())
                        .setName(view.fullName(one))
                        .setSnapshot(one.snapshot())
                        .setDeleted(one.deletedMillis() != 0)
                        .setInTrash(view.volume(one.id()).map(Volume::inTrash).orElse(false))
                        .setCreatedMillis(one.createdMillis())
                        .setDeletedMillis(one.deletedMillis());
        map(view, one.id())
                .ifPresent(map -> {
                    long mapped = totals.blocks(map.root()) * Blocks.BLOCK_BYTES;
                    long own = totals.ownBlocks(map.root()) * Blocks.BLOCK_BYTES;
                    entry.setMappedBytes(mapped).setOwnBytes(own).setSharedBytes(mapped - own);
                });
        return entry.build();
    }
}
