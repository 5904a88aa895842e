package io.coppice.metadata.core;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// Random commands against a naive model: a volume is a plain map from index to chunk. After every
/// step the maps agree and every reference count is that of a full recount.
class MetadataStateProperties {
    private static final int[] SPREAD = {
        0, 1, 63, 64, 65, 4095, 4096, 262_143, 262_144, 17_000_000
    };

    /// The naive twin.
    private static final class Model {
        final Map<String, Map<Long, Long>> volumes = new TreeMap<>();
        final Map<String, Map<Long, Long>> snapshots = new TreeMap<>();
        final Set<Long> everMapped = new HashSet<>();
        int names;

        Map<Long, Long> volume(String name) {
            return requireNonNull(volumes.get(name));
        }

        Map<Long, Long> snapshot(String name) {
            return requireNonNull(snapshots.get(name));
        }

        Set<Long> live() {
            Set<Long> live = new HashSet<>();
            volumes.values().forEach(map -> live.addAll(map.values()));
            snapshots.values().forEach(map -> live.addAll(map.values()));
            return live;
        }
    }

    private final Model model = new Model();

    @Property(seed = "26", tries = 60)
    void agreesWithPlainMaps(@ForAll long seed) {
        var twin = new MetadataStateProperties();
        var random = new Random(seed);
        var cluster = Cluster.ready();
        for (int step = 0; step < 120; step++) {
            twin.step(random, cluster);
            twin.compare(cluster);
        }
        twin.finish(cluster);
        var replayed = new MetadataState();
        cluster.history.forEach(replayed::apply);
        assertArrayEquals(cluster.bytes(), Cluster.bytes(replayed), "same commands, same state");
        var loaded = Cluster.load(cluster.bytes());
        assertArrayEquals(cluster.bytes(), Cluster.bytes(loaded), "there and back");
    }

    private void step(Random random, Cluster cluster) {
        int what = random.nextInt(100);
        if (model.volumes.isEmpty() || what < 5) {
            create(random, cluster);
        } else if (what < 60) {
            flip(random, cluster);
        } else if (what < 68) {
            snapshot(random, cluster);
        } else if (what < 76) {
            cloneLive(random, cluster);
        } else if (what < 80) {
            cloneSnapshot(random, cluster);
        } else if (what < 84) {
            rollback(random, cluster);
        } else if (what < 88) {
            truncate(random, cluster);
        } else if (what < 91) {
            delete(random, cluster);
        } else if (what < 94) {
            deleteSnapshot(random, cluster);
        } else if (what < 97) {
            cluster.apply(0, new Command.ReapStep(random.nextInt(20)));
        } else {
            purgeSome(random, cluster);
        }
        if (random.nextInt(30) == 0) {
            cluster.state = Cluster.load(cluster.bytes());
        }
    }

    private static <T> T pick(Random random, Iterable<T> values) {
        var all = new ArrayList<T>();
        values.forEach(all::add);
        return all.get(random.nextInt(all.size()));
    }

    private void create(Random random, Cluster cluster) {
        String name = "v" + model.names++;
        long size = (SPREAD[random.nextInt(SPREAD.length)] + 1L) * Cluster.CHUNK;
        cluster.done(new Command.CreateVolume(name, size, Map.of("k", name)));
        model.volumes.put(name, new TreeMap<>());
        if (random.nextInt(4) > 0) {
            cluster.done(new Command.Attach(name, 0));
        }
    }

    private void flip(Random random, Cluster cluster) {
        String name = pick(random, model.volumes.keySet());
        if (cluster.view().attachment(cluster.volume(name).id()).isEmpty()) {
            cluster.done(new Command.Attach(name, 0));
        }
        Volume volume = cluster.volume(name);
        long slots = volume.size() / Cluster.CHUNK;
        var map = model.volume(name);
        Map<Long, Command.FlipSlot> wanted = new HashMap<>();
        for (int i = random.nextInt(6); i >= 0; i--) {
            long index =
                    random.nextInt(3) == 0
                            ? Math.floorMod(SPREAD[random.nextInt(SPREAD.length)], slots)
                            : random.nextLong(Math.min(slots, 200));
            if (wanted.containsKey(index)) {
                continue;
            }
            long old = map.getOrDefault(index, 0L);
            long fresh = random.nextInt(5) == 0 ? 0 : cluster.chunk(random.nextInt(4));
            wanted.put(index, new Command.FlipSlot(index, old, fresh));
        }
        long fence = cluster.view().attachment(volume.id()).orElseThrow().fence();
        cluster.done(
                new Command.Flip(
                        volume.id(), volume.generation(), fence, List.copyOf(wanted.values())));
        for (var slot : wanted.values()) {
            if (slot.newChunk() == 0) {
                map.remove(slot.index());
            } else {
                map.put(slot.index(), slot.newChunk());
                model.everMapped.add(slot.newChunk());
            }
        }
    }

    private static Command.Seal seal(Cluster cluster, String name) {
        Volume volume = cluster.volume(name);
        return new Command.Seal(volume.id(), volume.generation());
    }

    private void snapshot(Random random, Cluster cluster) {
        Set<String> names = new HashSet<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            names.add(pick(random, model.volumes.keySet()));
        }
        var cuts = new ArrayList<Command.SnapshotCut>();
        for (String name : names) {
            String snapshot = "s" + model.names++;
            cuts.add(new Command.SnapshotCut(name, snapshot, seal(cluster, name)));
            model.snapshots.put(name + "@" + snapshot, new TreeMap<>(model.volume(name)));
        }
        cluster.done(new Command.CreateSnapshots(cuts, Map.of()));
    }

    private void cloneLive(Random random, Cluster cluster) {
        String source = pick(random, model.volumes.keySet());
        makeClones(random, cluster, source, "", model.volume(source));
    }

    private void cloneSnapshot(Random random, Cluster cluster) {
        if (!model.snapshots.isEmpty()) {
            String source = pick(random, model.snapshots.keySet());
            String[] parts = source.split("@", -1);
            makeClones(random, cluster, parts[0], parts[1], model.snapshot(source));
        }
    }

    private void makeClones(
            Random random, Cluster cluster, String volume, String snapshot, Map<Long, Long> map) {
        var names = new ArrayList<String>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            String name = "v" + model.names++;
            names.add(name);
            model.volumes.put(name, new TreeMap<>(map));
        }
        cluster.done(
                new Command.CreateClones(
                        volume, snapshot, seal(cluster, volume), names, Map.of(), 0));
    }

    private void rollback(Random random, Cluster cluster) {
        if (!model.snapshots.isEmpty()) {
            String source = pick(random, model.snapshots.keySet());
            String[] parts = source.split("@", -1);
            cluster.done(new Command.RollbackVolume(parts[0], parts[1], seal(cluster, parts[0])));
            model.volumes.put(parts[0], new TreeMap<>(model.snapshot(source)));
        }
    }

    private void truncate(Random random, Cluster cluster) {
        String name = pick(random, model.volumes.keySet());
        long slots =
                random.nextBoolean()
                        ? SPREAD[random.nextInt(SPREAD.length)] + 1L
                        : 1 + random.nextInt(200);
        Volume volume = cluster.volume(name);
        Optional<Attachment> attached = cluster.view().attachment(volume.id());
        if (attached.isPresent() && slots * Cluster.CHUNK < volume.size()) {
            assertEquals(
                    Refusal.CONFLICT,
                    cluster.refused(new Command.ResizeVolume(name, slots * Cluster.CHUNK, 0)));
            cluster.done(new Command.Detach(volume.id(), attached.get().fence(), false));
        }
        cluster.done(new Command.ResizeVolume(name, slots * Cluster.CHUNK, 0));
        model.volume(name).keySet().removeIf(index -> index >= slots);
    }

    private void delete(Random random, Cluster cluster) {
        String name = pick(random, model.volumes.keySet());
        cluster.done(new Command.DeleteVolume(name, true));
        model.volumes.remove(name);
        model.snapshots.keySet().removeIf(snapshot -> snapshot.startsWith(name + "@"));
    }

    private void deleteSnapshot(Random random, Cluster cluster) {
        if (!model.snapshots.isEmpty()) {
            String source = pick(random, model.snapshots.keySet());
            String[] parts = source.split("@", -1);
            cluster.done(new Command.DeleteSnapshot(parts[0], parts[1]));
            model.snapshots.remove(source);
        }
    }

    private void purgeSome(Random random, Cluster cluster) {
        for (int group : cluster.view().groupsToPurge()) {
            var some = new ArrayList<Long>();
            for (long chunk : cluster.view().purgeable(group, 10)) {
                if (random.nextInt(4) > 0) {
                    some.add(chunk);
                    model.everMapped.remove(chunk);
                }
            }
            cluster.apply(0, new Command.ChunksPurged(group, some));
        }
    }

    // ------------------------------------------------------------ comparing

    private void compare(Cluster cluster) {
        MetadataView view = cluster.view();
        RefcountReport report = view.recount();
        assertEquals(List.of(), report.details());
        assertEquals(model.volumes.size(), view.volumes().size());
        model.volumes.forEach((name, map) -> {
            Volume volume = cluster.volume(name);
            compareMap(view, map, volume.root());
            comparePages(view, volume, map);
        });
        model.snapshots.forEach((name, map) -> {
            String[] parts = name.split("@", -1);
            compareMap(view, map, view.snapshot(parts[0], parts[1]).orElseThrow().root());
        });
        compareDiff(cluster);
    }

    private static void compareMap(MetadataView view, Map<Long, Long> map, MapRoot root) {
        assertEquals(map.size(), view.mappedChunks(root));
        map.forEach((index, chunk) -> assertEquals(chunk, view.chunkAt(root, index)));
    }

    private static void comparePages(MetadataView view, Volume volume, Map<Long, Long> map) {
        MapPage page = view.mapPage(volume, 0);
        for (int i = 0; i < MapPage.SLOTS; i++) {
            long expected = map.getOrDefault((long) i, 0L);
            assertEquals(expected, i < page.chunks().length ? page.chunks()[i] : 0);
        }
    }

    private void compareDiff(Cluster cluster) {
        if (model.volumes.size() < 2) {
            return;
        }
        var names = List.copyOf(model.volumes.keySet());
        String from = names.getFirst();
        String to = names.getLast();
        Map<Long, Boolean> expected = new TreeMap<>();
        var a = model.volume(from);
        var b = model.volume(to);
        Set<Long> all = new HashSet<>(a.keySet());
        all.addAll(b.keySet());
        for (long index : all) {
            if (!java.util.Objects.equals(a.get(index), b.get(index))) {
                expected.put(index, b.containsKey(index));
            }
        }
        Map<Long, Boolean> found = new TreeMap<>();
        cluster.view()
                .diff(
                        cluster.volume(from).root(),
                        cluster.volume(to).root(),
                        run -> {
                            for (long i = 0; i < run.count(); i++) {
                                found.put(run.index() + i, run.mapped());
                            }
                        });
        assertEquals(expected, found);
    }

    /// Reaped to the end, what was ever mapped is either named or on a purge list.
    private void finish(Cluster cluster) {
        while (cluster.view().reapPending()) {
            cluster.apply(0, new Command.ReapStep(50));
        }
        compare(cluster);
        Set<Long> live = model.live();
        Set<Long> mapped = new HashSet<>();
        Set<Long> purged = new HashSet<>();
        for (int group = 0; group < 4; group++) {
            cluster.view().mappedChunksOf(group, chunk -> assertEquals(true, mapped.add(chunk)));
            for (long chunk : cluster.view().purgeable(group, Integer.MAX_VALUE)) {
                assertEquals(true, purged.add(chunk));
            }
        }
        assertEquals(live, mapped);
        assertEquals(live.size(), cluster.view().storedChunks());
        Set<Long> gone = new HashSet<>(model.everMapped);
        gone.removeAll(live);
        assertEquals(gone, purged);
        compareOwn(cluster);
        for (long seed = 0; seed < 8; seed++) {
            compareFreed(cluster, new Random(seed));
        }
    }

    /// What would go with some names is what the others do not name.
    private void compareFreed(Cluster cluster, Random random) {
        Set<Long> expected = new TreeSet<>();
        Set<Long> kept = new HashSet<>();
        var roots = new ArrayList<MapRoot>();
        model.volumes.forEach((name, map) -> {
            boolean goes = random.nextBoolean();
            (goes ? expected : kept).addAll(map.values());
            if (goes) {
                roots.add(cluster.volume(name).root());
            }
        });
        model.snapshots.forEach((name, map) -> {
            boolean goes = random.nextBoolean();
            (goes ? expected : kept).addAll(map.values());
            String[] parts = name.split("@", -1);
            if (goes) {
                roots.add(cluster.view().snapshot(parts[0], parts[1]).orElseThrow().root());
            }
        });
        expected.removeAll(kept);
        long[] freed = cluster.view().freedChunks(roots, 1_000_000).orElseThrow();
        assertEquals(List.copyOf(expected), Arrays.stream(freed).boxed().toList());
        if (!expected.isEmpty()) {
            int less = expected.size() - 1;
            assertEquals(Optional.empty(), cluster.view().freedChunks(roots, less));
        }
    }

    private void compareOwn(Cluster cluster) {
        Map<Long, Integer> holders = new HashMap<>();
        model.volumes
                .values()
                .forEach(m -> m.values().forEach(c -> holders.merge(c, 1, Integer::sum)));
        model.snapshots
                .values()
                .forEach(m -> m.values().forEach(c -> holders.merge(c, 1, Integer::sum)));
        model.volumes.forEach((name, map) ->
                assertEquals(
                        map.values().stream().filter(c -> holders.getOrDefault(c, 0) == 1).count(),
                        cluster.view().ownChunks(cluster.volume(name).root())));
    }
}
