package io.coppice.metadata.core;

import io.coppice.model.AccessKeys;
import java.util.ArrayList;
import java.util.List;
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

    /// When something happens by itself to a volume or snapshot.
    record DueKey(long millis, long id) implements Comparable<DueKey> {
        @Override
        public int compareTo(DueKey other) {
            int byTime = Long.compare(millis, other.millis);
            return byTime != 0 ? byTime : Long.compare(id, other.id);
        }
    }

    /// A volume that follows a policy.
    record FollowKey(String policy, long volume) implements Comparable<FollowKey> {
        /// So many neighbouring ids are together.
        static final int SPAN_SHIFT = 14;

        int hash() {
            return policy.hashCode() * 31 + (int) (volume >>> SPAN_SHIFT);
        }

        @Override
        public int compareTo(FollowKey other) {
            int byPolicy = policy.compareTo(other.policy);
            return byPolicy != 0 ? byPolicy : Long.compare(volume, other.volume);
        }
    }

    record CloneKey(String project, long source) implements Comparable<CloneKey> {
        @Override
        public int compareTo(CloneKey other) {
            int bySource = Long.compare(source, other.source);
            return bySource != 0 ? bySource : project.compareTo(other.project);
        }
    }

    record RunKey(String policy, String rule) implements Comparable<RunKey> {
        @Override
        public int compareTo(RunKey other) {
            int byPolicy = policy.compareTo(other.policy);
            return byPolicy != 0 ? byPolicy : rule.compareTo(other.rule);
        }
    }

    /// Under which keys a volume or snapshot is in [#due] and [#followers].
    ///
    /// @param millis [Long#MAX_VALUE]: it is not there
    /// @param policy empty: it follows none
    record Place(long millis, String policy) {
        static final Place NOWHERE = new Place(Long.MAX_VALUE, "");
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

    /// Volumes of this shard of their table, and of those after it, are to be looked at again,
    /// since a policy has changed, counted from 1; 0: none.
    int review;

    /// What was done to volumes before is not known: since when it is.
    long usedSince;

    AccessKeys accessKeys = AccessKeys.NONE;

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

    final ShardedMap<String, Policy> policies;
    final ShardedMap<String, Project> projects;
    final ShardedMap<RunKey, Run> runs;

    /// By id of a volume or snapshot; those that are nowhere are not in it. Kept, since after a
    /// change of a policy it is not what the rest of the state would say until the review is over.
    final ShardedMap<Long, Place> places;

    final AuditLog audit;

    /// What clones held over time, by their ids.
    final ShardedMap<Long, Holdings> holdings;

    /// Bytes that would be free without a project, as counted last; of those that have a quota of
    /// them.
    final ShardedMap<String, Long> owned;

    /// By serial number.
    final ShardedMap<String, Revocation> revocations;

    final RightsTables rights;

    // Derived from the above; rebuilt when a snapshot is loaded.
    final ShardedMap<String, Long> volumeNames;
    final ShardedMap<TrashKey, Long> trash;
    final ShardedMap<SnapshotKey, Long> snapshotNames;
    final ShardedMap<DueKey, Long> due;
    final ShardedMap<FollowKey, Long> followers;

    /// By name of a project that has volumes.
    final ShardedMap<String, Load> loads;

    /// How many volumes of a project, not in the trash, are clones of one source.
    final ShardedMap<CloneKey, Integer> siblings;

    /// How many records of lineage have this one as their parent.
    final ShardedMap<Long, Integer> children;

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
        policies = new ShardedMap<>(gate, FEW, String::hashCode);
        projects = new ShardedMap<>(gate, FEW, String::hashCode);
        runs = new ShardedMap<>(gate, FEW, key -> key.policy.hashCode());
        places = new ShardedMap<>(gate, MANY, Long::intValue);
        audit = new AuditLog(gate);
        holdings = new ShardedMap<>(gate, MANY, Long::intValue);
        owned = new ShardedMap<>(gate, FEW, String::hashCode);
        revocations = new ShardedMap<>(gate, FEW, String::hashCode);
        rights = new RightsTables(gate);
        volumeNames = new ShardedMap<>(gate, MANY, String::hashCode);
        trash = new ShardedMap<>(gate, FEW, key -> key.name.hashCode());
        snapshotNames = new ShardedMap<>(gate, MANY, key -> (int) key.volume);
        due = new ShardedMap<>(gate, FEW, key -> (int) key.id);
        followers = new ShardedMap<>(gate, MANY, FollowKey::hash);
        loads = new ShardedMap<>(gate, FEW, String::hashCode);
        siblings = new ShardedMap<>(gate, MANY, key -> (int) key.source);
        children = new ShardedMap<>(gate, MANY, Long::intValue);
    }

    private Tables(Tables live) {
        gate = live.gate;
        config = live.config;
        nextId = live.nextId;
        nextNode = live.nextNode;
        nextStore = live.nextStore;
        flips = live.flips;
        lastFence = live.lastFence;
        review = live.review;
        usedSince = live.usedSince;
        accessKeys = live.accessKeys;
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
        policies = live.policies.freeze();
        projects = live.projects.freeze();
        runs = live.runs.freeze();
        places = live.places.freeze();
        audit = live.audit.freeze();
        holdings = live.holdings.freeze();
        owned = live.owned.freeze();
        revocations = live.revocations.freeze();
        rights = live.rights.freeze();
        volumeNames = live.volumeNames.freeze();
        trash = live.trash.freeze();
        snapshotNames = live.snapshotNames.freeze();
        due = live.due.freeze();
        followers = live.followers.freeze();
        loads = live.loads.freeze();
        siblings = live.siblings.freeze();
        children = live.children.freeze();
    }

    Tables freeze() {
        return new Tables(this);
    }

    // ------------------------------------------------------------ keeping the derived ones in step

    void putVolume(Volume volume) {
        Volume before = volumes.get(volume.id());
        if (before != null) {
            unname(before);
            load(before, -1);
        }
        volumes.put(volume.id(), volume);
        name(volume);
        load(volume, 1);
        schedule(volume);
    }

    /// A change that leaves name, trash, terms, expiry and holder as they were.
    void replaceVolume(Volume volume) {
        Volume before = volumes.get(volume.id());
        if (before != null && before.size() != volume.size()) {
            load(before, -1);
            load(volume, 1);
        }
        volumes.put(volume.id(), volume);
    }

    void removeVolume(Volume volume) {
        unname(volume);
        load(volume, -1);
        unschedule(volume.id());
        holdings.remove(volume.id());
        volumes.remove(volume.id());
        rights.dropGrants(Grant.Scope.ofVolume(volume.id()));
    }

    void name(Volume volume) {
        if (volume.inTrash()) {
            trash.put(new TrashKey(volume.name(), volume.id()), volume.id());
        } else {
            volumeNames.put(volume.name(), volume.id());
        }
    }

    /// Also when a snapshot of the state is loaded; its lineage is there already.
    ///
    /// @param sign 1: it comes; -1: it goes
    void load(Volume volume, int sign) {
        String project = volume.terms().project();
        Load now = loadOf(project).with(volume, sign);
        if (now.equals(Load.NONE)) {
            loads.remove(project);
        } else {
            loads.put(project, now);
        }
        long source = volume.inTrash() ? 0 : sourceOf(volume.id());
        if (source != 0) {
            count(siblings, new CloneKey(project, source), sign);
        }
    }

    private static <K extends Comparable<K>> void count(
            ShardedMap<K, Integer> counts, K key, int more) {
        Integer before = counts.get(key);
        int now = (before == null ? 0 : before) + more;
        if (now == 0) {
            counts.remove(key);
        } else {
            counts.put(key, now);
        }
    }

    /// A new record.
    void putLineage(Lineage record) {
        lineage.put(record.id(), record);
        if (record.parent() != 0) {
            count(children, record.parent(), 1);
        }
    }

    void removeLineage(Lineage record) {
        lineage.remove(record.id());
        if (record.parent() != 0) {
            count(children, record.parent(), -1);
        }
    }

    private void unname(Volume volume) {
        if (volume.inTrash()) {
            trash.remove(new TrashKey(volume.name(), volume.id()));
        } else {
            volumeNames.remove(volume.name());
        }
    }

    /// What happens to it next may have changed.
    void schedule(Volume volume) {
        Due due = Due.of(this, volume);
        Policy policy = volume.inTrash() ? null : policyOf(volume);
        place(
                volume.id(),
                new Place(
                        due == null ? Long.MAX_VALUE : due.millis(),
                        policy == null ? "" : policy.name()));
    }

    void unschedule(long id) {
        place(id, Place.NOWHERE);
    }

    /// Nothing happens to it by itself until it changes; it follows its policy all the same.
    void hold(Volume volume) {
        Policy policy = policyOf(volume);
        place(volume.id(), new Place(Long.MAX_VALUE, policy == null ? "" : policy.name()));
    }

    /// Also when a snapshot of the state is loaded.
    void place(long id, Place place) {
        Place before = places.get(id);
        if (place.equals(before == null ? Place.NOWHERE : before)) {
            return;
        }
        if (before != null) {
            due.remove(new DueKey(before.millis, id));
        }
        if (before != null && !before.policy.equals(place.policy)) {
            followers.remove(new FollowKey(before.policy, id));
        }
        if (place.millis != Long.MAX_VALUE) {
            due.put(new DueKey(place.millis, id), id);
        }
        if (!place.policy.isEmpty()) {
            followers.put(new FollowKey(place.policy, id), id);
        }
        if (place.equals(Place.NOWHERE)) {
            places.remove(id);
        } else {
            places.put(id, place);
        }
    }

    void putSnapshot(Snapshot snapshot) {
        snapshots.put(snapshot.id(), snapshot);
        snapshotNames.put(new SnapshotKey(snapshot.volume(), snapshot.name()), snapshot.id());
        Due ends = Due.of(snapshot);
        place(snapshot.id(), new Place(ends == null ? Long.MAX_VALUE : ends.millis(), ""));
    }

    void removeSnapshot(Snapshot snapshot) {
        snapshots.remove(snapshot.id());
        unschedule(snapshot.id());
        snapshotNames.remove(new SnapshotKey(snapshot.volume(), snapshot.name()));
    }

    /// A fence token for an attachment of `volume`: higher than any that was given out before, for
    /// whichever volume. So one number says of all volumes that are gone that their tokens are old.
    long giveFence(Volume volume) {
        lastFence = Math.max(lastFence, volume.fence()) + 1;
        return lastFence;
    }

    // ------------------------------------------------------------ look-ups

    Load loadOf(String project) {
        Load load = loads.get(project);
        return load == null ? Load.NONE : load;
    }

    /// The volume that a clone was cloned from, or from whose snapshot; 0: it is no clone.
    long sourceOf(long volume) {
        Lineage own = lineage.get(volume);
        Lineage parent = own == null ? null : lineage.get(own.parent());
        return parent == null ? 0 : parent.snapshot() ? parent.parent() : parent.id();
    }

    int clonesOf(String project, long source) {
        Integer clones = siblings.get(new CloneKey(project, source));
        return clones == null ? 0 : clones;
    }

    /// Whether all servers of the quorum know of projects, policies and the audit log.
    boolean governs() {
        return understands(1);
    }

    /// Whether all servers of the quorum understand what came with a format.
    boolean understands(int format) {
        return config != null && config.format() >= format;
    }

    /// When something was used that is used now; 0: nobody counts that yet.
    long used(long now) {
        return governs() ? now : 0;
    }

    @Nullable Volume activeVolume(String name) {
        Long id = volumeNames.get(name);
        return id == null ? null : volumes.get(id);
    }

    /// A volume, a project or the cluster, by name; null: it is not there.
    Grant.@Nullable Scope scope(String project, String volume) {
        if (!volume.isEmpty()) {
            Volume known = activeVolume(volume);
            return known == null ? null : Grant.Scope.ofVolume(known.id());
        }
        if (project.isEmpty()) {
            return Grant.Scope.CLUSTER;
        }
        return project.equals(Terms.PROJECT) || projects.contains(project)
                ? Grant.Scope.ofProject(project)
                : null;
    }

    /// What a deletion would delete.
    @Nullable Volume deletable(Command.DeleteVolume command) {
        Volume volume = activeVolume(command.name());
        return volume == null && command.now() ? youngestInTrash(command.name()) : volume;
    }

    @Nullable Volume youngestInTrash(String name) {
        Volume youngest = null;
        for (Volume volume : inTrash(name)) {
            if (youngest == null || volume.deletedMillis() >= youngest.deletedMillis()) {
                youngest = volume;
            }
        }
        return youngest;
    }

    /// Whether a snapshot of the volume must not be deleted.
    boolean hasGuardedSnapshot(long volume) {
        var first = new SnapshotKey(volume, "");
        for (var entry : snapshotNames.shardOf(first).tailMap(first).entrySet()) {
            if (entry.getKey().volume != volume) {
                break;
            }
            Snapshot snapshot = snapshots.get(entry.getValue());
            if (snapshot != null && snapshot.guarded()) {
                return true;
            }
        }
        return false;
    }

    /// Of that name, in no order of meaning.
    List<Volume> inTrash(String name) {
        var first = new TrashKey(name, Long.MIN_VALUE);
        var found = new ArrayList<Volume>();
        for (TrashKey key : trash.shardOf(first).tailMap(first).keySet()) {
            Volume volume = key.name.equals(name) ? volumes.get(key.id) : null;
            if (volume == null) {
                break;
            }
            found.add(volume);
        }
        return found;
    }

    /// The one that the volume follows: its own, or its project's.
    @Nullable Policy policyOf(Volume volume) {
        String own = volume.terms().policy();
        return own.isEmpty() ? policyOfProject(volume.terms().project()) : policies.get(own);
    }

    @Nullable Policy policyOfProject(String name) {
        Project project = projects.get(name);
        return project == null || project.policy().isEmpty()
                ? null
                : policies.get(project.policy());
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
