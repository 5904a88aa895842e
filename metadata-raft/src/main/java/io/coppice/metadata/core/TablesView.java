package io.coppice.metadata.core;

import io.coppice.model.AccessKeys;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/// Reads [Tables], live or frozen.
class TablesView implements MetadataView {
    final Tables tables;
    private final MapWalks walks;
    private final Access access;

    TablesView(Tables tables) {
        this.tables = tables;
        this.walks = new MapWalks(tables.nodes, tables.counts);
        this.access = new Access(tables);
    }

    @Override
    public Optional<ClusterConfig> config() {
        return Optional.ofNullable(tables.config);
    }

    // ------------------------------------------------------------ names

    @Override
    public List<Volume> volumes() {
        return volumesByName(false);
    }

    @Override
    public List<Volume> trash() {
        return volumesByName(true);
    }

    private List<Volume> volumesByName(boolean inTrash) {
        var found = new ArrayList<Volume>();
        tables.volumes.forEach((_, volume) -> {
            if (volume.inTrash() == inTrash) {
                found.add(volume);
            }
        });
        found.sort(Comparator.comparing(Volume::name).thenComparing(Volume::id));
        return found;
    }

    @Override
    public int volumeCount() {
        return tables.volumeNames.size();
    }

    @Override
    public int snapshotCount() {
        return tables.snapshots.size();
    }

    @Override
    public Optional<Volume> volume(String name) {
        return Optional.ofNullable(tables.activeVolume(name));
    }

    @Override
    public Optional<Volume> volume(long id) {
        return Optional.ofNullable(tables.volumes.get(id));
    }

    @Override
    public List<Volume> barrierVolumes() {
        var found = new ArrayList<Volume>();
        tables.volumes.forEach((_, volume) -> {
            if (volume.fence() > 0) {
                found.add(volume);
            }
        });
        found.sort(Comparator.comparing(Volume::id));
        return found;
    }

    @Override
    public long fencesGiven() {
        return tables.lastFence;
    }

    @Override
    public AccessKeys accessKeys() {
        return tables.accessKeys;
    }

    @Override
    public List<Snapshot> snapshots(long volume) {
        var first = new Tables.SnapshotKey(volume, "");
        var found = new ArrayList<Snapshot>();
        for (var entry : tables.snapshotNames.shardOf(first).tailMap(first).entrySet()) {
            if (entry.getKey().volume() != volume) {
                break;
            }
            snapshot(entry.getValue()).ifPresent(found::add);
        }
        return found;
    }

    @Override
    public Optional<Snapshot> snapshot(long id) {
        return Optional.ofNullable(tables.snapshots.get(id));
    }

    @Override
    public Optional<Snapshot> snapshot(String volume, String snapshot) {
        return volume(volume)
                .flatMap(found -> Optional.ofNullable(tables.snapshotOf(found.id(), snapshot)));
    }

    // ------------------------------------------------------------ lineage

    @Override
    public void lineage(Consumer<Lineage> each) {
        tables.lineage.values().forEach(each);
    }

    @Override
    public Optional<Lineage> lineage(long id) {
        return Optional.ofNullable(tables.lineage.get(id));
    }

    @Override
    public List<Lineage> family(long id) {
        Lineage oldest = tables.lineage.get(id);
        if (oldest == null) {
            return List.of();
        }
        for (Lineage up = oldest; up != null; up = tables.lineage.get(up.parent())) {
            oldest = up;
        }
        // A parent is older than its children, so its id is smaller: one pass in the order of ids
        // finds all.
        Set<Long> members = new HashSet<>();
        members.add(oldest.id());
        var found = new ArrayList<Lineage>();
        for (Lineage record : tables.lineage.values()) {
            if (members.contains(record.id()) || members.contains(record.parent())) {
                members.add(record.id());
                found.add(record);
            }
        }
        return found;
    }

    @Override
    public String fullName(Lineage record) {
        if (!record.snapshot()) {
            return record.name();
        }
        Lineage volume = tables.lineage.get(record.parent());
        return (volume == null ? "" : volume.name()) + "@" + record.name();
    }

    // ------------------------------------------------------------ governance

    @Override
    public List<Policy> policies() {
        return tables.policies.values();
    }

    @Override
    public Optional<Policy> policy(String name) {
        return Optional.ofNullable(tables.policies.get(name));
    }

    @Override
    public Optional<Policy> policyOf(Volume volume) {
        return Optional.ofNullable(tables.policyOf(volume));
    }

    @Override
    public List<Project> projects() {
        return tables.projects.values();
    }

    @Override
    public Load load(String project) {
        return tables.loadOf(project);
    }

    @Override
    public OptionalLong ownBytes(String project) {
        Long own = tables.owned.get(project);
        return own == null ? OptionalLong.empty() : OptionalLong.of(own);
    }

    @Override
    public List<Holding> holdings(long volume) {
        return Accounting.of(tables, volume).past();
    }

    @Override
    public long divergedMillis(long volume) {
        return Accounting.of(tables, volume).divergedMillis();
    }

    @Override
    public boolean isNews(Volume clone, Command.CloneBytes counted, long nowMillis) {
        return Accounting.isNews(
                tables, clone, counted.mappedBytes(), counted.ownBytes(), nowMillis);
    }

    @Override
    public Optional<Outcome.Refused> refusal(Caller caller, Command cut, long nowMillis) {
        Outcome.Refused forbidden = Needs.refusal(tables, caller, cut);
        if (forbidden != null) {
            return Optional.of(forbidden);
        }
        var maps = new ChunkMaps(tables.nodes, tables.counts, tables.purges, tables.reap);
        var versions = new VersionCommands(tables, maps);
        Outcome.Refused refused =
                switch (cut) {
                    case Command.CreateSnapshots it -> versions.refusal(it, nowMillis);
                    case Command.RollbackVolume it -> versions.refusal(it);
                    case Command.ResetVolume it -> versions.refusal(it);
                    case Command.SwapVolumes it -> versions.refusal(it);
                    case Command.CreateClones it ->
                            new VolumeCommands(tables, maps, versions).refusal(it, nowMillis);
                    default -> null;
                };
        return Optional.ofNullable(refused).filter(why -> why.code() != Refusal.STALE);
    }

    @Override
    public List<AuditEntry> audit(long number, int limit) {
        return tables.audit.from(number, limit);
    }

    @Override
    public AuditState audit() {
        AuditLog log = tables.audit;
        return new AuditState(log.first(), log.next, log.before, log.head);
    }

    @Override
    public List<Revocation> revocations() {
        return tables.revocations.values();
    }

    @Override
    public boolean isRevoked(String serial) {
        return tables.revocations.contains(serial);
    }

    // ------------------------------------------------------------ rights

    @Override
    public Rights rights(Caller caller, Grant.Scope scope) {
        return access.rights(caller, scope);
    }

    @Override
    public Optional<Outcome.Refused> refusal(Caller caller, long session) {
        return Optional.ofNullable(access.refusal(caller, session));
    }

    @Override
    public Optional<Outcome.Refused> refusal(Caller caller, Grant.Scope scope, Rights wanted) {
        Outcome.Refused unknown = access.refusal(caller, 0);
        Rights missing = wanted.without(access.rights(caller, scope));
        if (unknown != null || missing.isNone()) {
            return Optional.ofNullable(unknown);
        }
        Volume volume = tables.volumes.get(scope.volume());
        String name = volume == null ? "" : volume.name();
        return Optional.of(Needs.refuse(caller.name(), scope, name, missing));
    }

    @Override
    public Optional<Command.Note> forbidden(Caller caller, Command command) {
        Outcome.Refused refused = Needs.refusal(tables, caller, command);
        if (refused == null || refused.code() != Refusal.NOT_ALLOWED) {
            return Optional.empty();
        }
        Deed known = Deed.of(new Stamped(0, 0, 0, 0, caller, command), this);
        Deed deed = known == null ? Deed.unusual(command) : known;
        return Optional.of(
                new Command.Note(
                        caller.name(),
                        caller.address(),
                        deed.action(),
                        deed.target(),
                        deed.detail(),
                        refused.message()));
    }

    @Override
    public boolean isChecked(Caller caller) {
        return access.isChecked(caller);
    }

    @Override
    public int sessionsOf(Caller caller) {
        long principal = access.idOf(caller);
        var all = tables.sessions.values().stream();
        return (int) all.filter(it -> principal != 0 && it.principal() == principal).count();
    }

    @Override
    public boolean holdsVolume(long session) {
        SessionEntry entry = tables.sessions.get(session);
        return entry != null && entry.volumes().length > 0;
    }

    @Override
    public Optional<Principal> principal(Caller caller) {
        return Optional.ofNullable(access.of(caller));
    }

    @Override
    public Optional<Principal> principal(String name) {
        return Optional.ofNullable(tables.rights.principal(name));
    }

    @Override
    public Optional<Principal> principal(long id) {
        return Optional.ofNullable(tables.rights.principals.get(id));
    }

    @Override
    public List<Principal> principals() {
        return tables.rights.principals.values();
    }

    @Override
    public List<Grant> grants() {
        var found = new ArrayList<Grant>(tables.rights.grants.size());
        tables.rights.grants.forEach(
                (key, rights) -> found.add(new Grant(key.scope(), key.principal(), rights)));
        found.sort(Comparator.comparing(Grant::scope).thenComparing(Grant::principal));
        return found;
    }

    // ------------------------------------------------------------ sessions

    @Override
    public List<Session> sessions() {
        return tables.sessions.values().stream().map(TablesView::session).toList();
    }

    @Override
    public Optional<Session> session(long id) {
        return Optional.ofNullable(tables.sessions.get(id)).map(TablesView::session);
    }

    private static Session session(SessionEntry entry) {
        return new Session(entry.id(), entry.client(), entry.openedMillis(), entry.leases().length);
    }

    @Override
    public List<Attachment> attachments() {
        return tables.attachments.values();
    }

    @Override
    public Optional<Attachment> attachment(long volume) {
        return Optional.ofNullable(tables.attachments.get(volume));
    }

    // ------------------------------------------------------------ nodes and groups

    @Override
    public List<Node> nodes() {
        return tables.storageNodes.values();
    }

    @Override
    public Optional<Node> node(int id) {
        return Optional.ofNullable(tables.storageNodes.get(id));
    }

    @Override
    public List<Store> stores() {
        return tables.stores.values();
    }

    @Override
    public Optional<Store> store(int id) {
        return Optional.ofNullable(tables.stores.get(id));
    }

    @Override
    public List<Command> repairs(RepairRules rules) {
        return RepairPlanner.plan(tables, rules);
    }

    @Override
    public List<Group> groups() {
        return tables.groups.values();
    }

    @Override
    public Optional<Group> group(int id) {
        return Optional.ofNullable(tables.groups.get(id));
    }

    // ------------------------------------------------------------ maps

    @Override
    public long mappedChunks(MapRoot root) {
        return walks.mapped(root);
    }

    @Override
    public long ownChunks(MapRoot root) {
        return walks.own(root);
    }

    @Override
    public Optional<long[]> freedChunks(List<MapRoot> roots, int most) {
        return new FreedWalk(tables.nodes, tables.counts, most).freedBy(roots);
    }

    @Override
    public void ownChunks(MapRoot root, LongConsumer each) {
        walks.own(root, each);
    }

    @Override
    public long chunkAt(MapRoot root, long index) {
        return MapWalks.chunkAt(tables.nodes, root, index);
    }

    @Override
    public boolean isOwned(Volume volume, long index) {
        return walks.isOwned(volume, index);
    }

    @Override
    public MapPage mapPage(Volume volume, long page) {
        return walks.page(volume.root(), volume.id(), volume.generation(), page);
    }

    @Override
    public MapPage mapPage(Snapshot snapshot, long page) {
        return walks.page(snapshot.root(), 0, 0, page);
    }

    @Override
    public void diff(MapRoot from, MapRoot to, Consumer<SlotRun> each) {
        walks.diff(from, to, each);
    }

    @Override
    public void mappedChunksOf(int group, LongConsumer each) {
        walks.forEachChunk(group, each);
    }

    @Override
    public long storedChunks() {
        return tables.counts.chunks();
    }

    @Override
    public RefcountReport recount() {
        return new Recount(tables).run();
    }

    // ------------------------------------------------------------ housekeeping

    @Override
    public long[] purgeable(int group, int limit) {
        return tables.purges.first(group, limit);
    }

    @Override
    public long purgeCount(int group) {
        return tables.purges.size(group);
    }

    @Override
    public List<Integer> groupsToPurge() {
        return tables.purges.groups();
    }

    @Override
    public boolean reapPending() {
        return !tables.reap.isEmpty();
    }

    @Override
    public long nextDueMillis() {
        Tables.DueKey first = tables.due.firstKey();
        if (tables.review != 0) {
            return 0;
        }
        return first == null ? Long.MAX_VALUE : first.millis();
    }

    @Override
    public List<Planned> planned(long untilMillis, int limit) {
        return Lifecycle.plan(tables, untilMillis, limit);
    }

    @Override
    public List<DueCut> dueCuts(long nowMillis) {
        return Lifecycle.dueCuts(tables, nowMillis);
    }

    @Override
    public List<Volume> followers(DueCut cut, int limit) {
        return Lifecycle.followers(tables, cut.policy(), cut.after(), limit);
    }

    @Override
    public long flips() {
        return tables.flips;
    }

    /// Map roots by the id of what has them.
    static Map<Long, MapRoot> roots(Tables tables) {
        Map<Long, MapRoot> roots = new HashMap<>();
        tables.volumes.forEach((id, volume) -> roots.put(id, volume.root()));
        tables.snapshots.forEach((id, snapshot) -> roots.put(id, snapshot.root()));
        return roots;
    }
}
