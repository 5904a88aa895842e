package io.coppice.metadata.core;

import org.jspecify.annotations.Nullable;

/// All that the quorum knows. The live one belongs to [MetadataState]; a frozen one shares its
/// pages and never changes.
final class Tables {
    private static final int MANY = 1024;
    private static final int FEW = 64;

    record SnapshotKey(long volume, String name) implements Comparable<SnapshotKey> {
        @Override
        public int compareTo(SnapshotKey other) {
            int byVolume = Long.compare(volume, other.volume);
            return byVolume != 0 ? byVolume : name.compareTo(other.name);
        }
    }

    record TrashKey(String name, long id) implements Comparable<TrashKey> {
        @Override
        public int compareTo(TrashKey other) {
            int byName = name.compareTo(other.name);
            return byName != 0 ? byName : Long.compare(id, other.id);
        }
    }

    /// When a volume is to be deleted for good.
    record DueKey(long millis, long volume) implements Comparable<DueKey> {
        @Override
        public int compareTo(DueKey other) {
            int byTime = Long.compare(millis, other.millis);
            return byTime != 0 ? byTime : Long.compare(volume, other.volume);
        }
    }

    final CaptureGate gate;
    @Nullable ClusterConfig config;

    /// Of the next volume or snapshot.
    long nextId = 1;

    int nextNode = 1;
    int nextStore = 1;
    long flips;

    /// The highest fence token that was ever given out, over all volumes.
    long lastFence;

    final NodeSlab nodes;
    final ChunkCounts counts;
    final PurgeLists purges;
    final ReapStack reap;
    final OutcomeMemory outcomes;

    final ShardedMap<Long, Volume> volumes;
    final ShardedMap<Long, Snapshot> snapshots;
    final ShardedMap<Long, Lineage> lineage;
    final ShardedMap<Long, Attachment> attachments;
    final ShardedMap<Long, SessionEntry> sessions;

    /// By first id; the leases of a group are together.
    final ShardedMap<Long, Lease> leases;

    final ShardedMap<Integer, Node> storageNodes;
    final ShardedMap<Integer, Store> stores;
    final ShardedMap<Integer, Group> groups;

    /// Stores that left the cluster with their nodes, by uuid -> when: they never come back.
    final ShardedMap<String, Long> removedStores;

    // Derived from the above; rebuilt when a snapshot is loaded.
    final ShardedMap<String, Long> volumeNames;
    final ShardedMap<TrashKey, Long> trash;
    final ShardedMap<SnapshotKey, Long> snapshotNames;
    final ShardedMap<DueKey, Long> due;

    Tables(CaptureGate gate) {
        this(
                gate,
                new NodeSlab(gate),
                new ChunkCounts(gate),
                new PurgeLists(gate),
                new ReapStack());
    }

    /// Empty but for the maps.
    Tables(
            CaptureGate gate,
            NodeSlab nodes,
            ChunkCounts counts,
            PurgeLists purges,
            ReapStack reap) {
        this.gate = gate;
        this.nodes = nodes;
        this.counts = counts;
        this.purges = purges;
        this.reap = reap;
        outcomes = new OutcomeMemory(gate);
        volumes = new ShardedMap<>(gate, MANY, Long::intValue);
        snapshots = new ShardedMap<>(gate, MANY, Long::intValue);
        lineage = new ShardedMap<>(gate, MANY, Long::intValue);
        attachments = new ShardedMap<>(gate, FEW, Long::intValue);
        sessions = new ShardedMap<>(gate, FEW, Long::intValue);
        leases = new ShardedMap<>(gate, MANY, io.coppice.model.ChunkId::group);
        storageNodes = new ShardedMap<>(gate, FEW, Integer::intValue);
        stores = new ShardedMap<>(gate, FEW, Integer::intValue);
        groups = new ShardedMap<>(gate, FEW, Integer::intValue);
        removedStores = new ShardedMap<>(gate, FEW, String::hashCode);
        volumeNames = new ShardedMap<>(gate, MANY, String::hashCode);
        trash = new ShardedMap<>(gate, FEW, key -> key.name.hashCode());
        snapshotNames = new ShardedMap<>(gate, MANY, key -> (int) key.volume);
        due = new ShardedMap<>(gate, FEW, key -> (int) key.volume);
    }

    private Tables(Tables live) {
        gate = live.gate;
        config = live.config;
        nextId = live.nextId;
        nextNode = live.nextNode;
        nextStore = live.nextStore;
        flips = live.flips;
        lastFence = live.lastFence;
        nodes = live.nodes.freeze();
        counts = live.counts.freeze();
        purges = live.purges.freeze();
        reap = live.reap.freeze();
        outcomes = live.outcomes.freeze();
        volumes = live.volumes.freeze();
        snapshots = live.snapshots.freeze();
        lineage = live.lineage.freeze();
        attachments = live.attachments.freeze();
        sessions = live.sessions.freeze();
        leases = live.leases.freeze();
        storageNodes = live.storageNodes.freeze();
        stores = live.stores.freeze();
        groups = live.groups.freeze();
        removedStores = live.removedStores.freeze();
        volumeNames = live.volumeNames.freeze();
        trash = live.trash.freeze();
        snapshotNames = live.snapshotNames.freeze();
        due = live.due.freeze();
    }

    Tables freeze() {
        return new Tables(this);
    }

    // ------------------------------------------------------------ keeping the derived ones in step

    void putVolume(Volume volume) {
        Volume before = volumes.get(volume.id());
        if (before != null) {
            unindex(before);
        }
        volumes.put(volume.id(), volume);
        index(volume);
    }

    /// A change that leaves name, trash and expiry as they were.
    void replaceVolume(Volume volume) {
        volumes.put(volume.id(), volume);
    }

    void removeVolume(Volume volume) {
        unindex(volume);
        volumes.remove(volume.id());
    }

    void index(Volume volume) {
        if (volume.inTrash()) {
            trash.put(new TrashKey(volume.name(), volume.id()), volume.id());
        } else {
            volumeNames.put(volume.name(), volume.id());
        }
        long millis = dueMillis(volume);
        if (millis != Long.MAX_VALUE) {
            due.put(new DueKey(millis, volume.id()), volume.id());
        }
    }

    private void unindex(Volume volume) {
        if (volume.inTrash()) {
            trash.remove(new TrashKey(volume.name(), volume.id()));
        } else {
            volumeNames.remove(volume.name());
        }
        due.remove(new DueKey(dueMillis(volume), volume.id()));
    }

    private long dueMillis(Volume volume) {
        long retention = config == null ? 0 : config.trashRetentionMillis();
        long trashed = volume.inTrash() ? volume.deletedMillis() + retention : Long.MAX_VALUE;
        long expired = volume.expiresMillis() == 0 ? Long.MAX_VALUE : volume.expiresMillis();
        return Math.min(trashed < 0 ? Long.MAX_VALUE : trashed, expired);
    }

    void putSnapshot(Snapshot snapshot) {
        snapshots.put(snapshot.id(), snapshot);
        snapshotNames.put(new SnapshotKey(snapshot.volume(), snapshot.name()), snapshot.id());
    }

    void removeSnapshot(Snapshot snapshot) {
        snapshots.remove(snapshot.id());
        snapshotNames.remove(new SnapshotKey(snapshot.volume(), snapshot.name()));
    }

    /// A fence token for an attachment of `volume`: higher than any that was given out before, for
    /// whichever volume. So one number says of all volumes that are gone that their tokens are old.
    long giveFence(Volume volume) {
        lastFence = Math.max(lastFence, volume.fence()) + 1;
        return lastFence;
    }

    // ------------------------------------------------------------ look-ups

    @Nullable Volume activeVolume(String name) {
        Long id = volumeNames.get(name);
        return id == null ? null : volumes.get(id);
    }

    @Nullable Snapshot snapshotOf(long volume, String name) {
        Long id = snapshotNames.get(new SnapshotKey(volume, name));
        return id == null ? null : snapshots.get(id);
    }

    /// The lease that holds the id, if there is one.
    @Nullable Lease leaseOf(long chunk) {
        var entry = leases.shardOf(chunk).floorEntry(chunk);
        return entry != null && entry.getValue().holds(chunk) ? entry.getValue() : null;
    }
}
