package io.coppice.metadata.core;

import io.coppice.model.AccessKeys;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/// Reads the metadata. Either the live state ([MetadataState#view], only between commands, by
/// whoever keeps `apply` out meanwhile) or a frozen one ([MetadataState#capture], any thread, until
/// closed). Lists are in the order of names or ids.
public interface MetadataView {

    /// Empty: not initialised.
    Optional<ClusterConfig> config();

    // ------------------------------------------------------------ names

    /// Not those in the trash.
    List<Volume> volumes();

    List<Volume> trash();

    int volumeCount();

    int snapshotCount();

    /// Not in the trash.
    Optional<Volume> volume(String name);

    /// Also in the trash.
    Optional<Volume> volume(long id);

    /// Volumes that were ever attached: a node that connects is told to refuse their generations
    /// below `generation` and fences below `fence`.
    List<Volume> barrierVolumes();

    /// The highest fence token that was ever given out: one up to it for a volume that is not among
    /// [#barrierVolumes] is of a volume that is deleted.
    long fencesGiven();

    /// What vouches for clients and nodes on the data plane.
    AccessKeys accessKeys();

    /// Of one volume, by name.
    List<Snapshot> snapshots(long volume);

    Optional<Snapshot> snapshot(long id);

    Optional<Snapshot> snapshot(String volume, String snapshot);

    /// Every record ever, by id.
    void lineage(Consumer<Lineage> each);

    /// All that descends from the oldest known ancestor of `id`, by id; empty when `id` is unknown.
    List<Lineage> family(long id);

    Optional<Lineage> lineage(long id);

    /// `volume` or `volume@snapshot`, also of what is deleted.
    String fullName(Lineage lineage);

    // ------------------------------------------------------------ governance

    List<Policy> policies();

    Optional<Policy> policy(String name);

    /// The one that the volume follows, its own or its project's.
    Optional<Policy> policyOf(Volume volume);

    /// Those that somebody made; [Terms#PROJECT] is there without.
    List<Project> projects();

    /// What the volumes of a project are together.
    Load load(String project);

    /// Bytes that would be free without the project, as counted last; empty: it has no quota of
    /// them, or was not counted yet.
    OptionalLong ownBytes(String project);

    /// What a clone held over time, the oldest first.
    List<Holding> holdings(long volume);

    /// Since when more of a clone is its own than its policy wants to go untold; 0: it is not.
    long divergedMillis(long volume);

    /// Whether recording this count of a clone would change anything.
    boolean isNews(Volume clone, Command.CloneBytes counted, long nowMillis);

    /// Why a cut, a clone, a rollback, a reset or an exchange would be refused to that caller now,
    /// whatever it seals.
    Optional<Outcome.Refused> refusal(Caller caller, Command cut, long nowMillis);

    /// Entries of the audit log from `number` on, at most `limit`; those that are not kept any more
    /// are left out.
    List<AuditEntry> audit(long number, int limit);

    /// What the audit log holds.
    ///
    /// @param first number of the oldest entry that is kept
    /// @param next number of the next one
    /// @param before hash of the entry before the oldest
    /// @param head hash of the newest entry
    record AuditState(long first, long next, String before, String head) {}

    AuditState audit();

    /// Certificates that count no more, by serial number.
    List<Revocation> revocations();

    boolean isRevoked(String serial);

    // ------------------------------------------------------------ rights

    /// What the caller may do there; everything, when nobody's rights are checked.
    Rights rights(Caller caller, Grant.Scope scope);

    /// Why the caller may do nothing at all, or nothing in that session; 0: in none.
    Optional<Outcome.Refused> refusal(Caller caller, long session);

    /// As a command would be refused that takes `wanted` on a volume, a project or the cluster.
    Optional<Outcome.Refused> refusal(Caller caller, Grant.Scope scope, Rights wanted);

    /// What the audit log would tell of a command that the caller has no right to; empty: he has.
    Optional<Command.Note> forbidden(Caller caller, Command command);

    /// Whether the caller may only do what it has rights for.
    boolean isChecked(Caller caller);

    /// How many sessions the authenticated caller has opened that are not closed.
    int sessionsOf(Caller caller);

    /// Whether a volume is attached in the session.
    boolean holdsVolume(long session);

    /// The authenticated caller; empty: it is not, or the cluster does not know it.
    Optional<Principal> principal(Caller caller);

    Optional<Principal> principal(String name);

    Optional<Principal> principal(long id);

    /// By id.
    List<Principal> principals();

    /// All that is given, in the order of what it is given on.
    List<Grant> grants();

    // ------------------------------------------------------------ sessions

    List<Session> sessions();

    Optional<Session> session(long id);

    List<Attachment> attachments();

    Optional<Attachment> attachment(long volume);

    // ------------------------------------------------------------ nodes and groups

    List<Node> nodes();

    Optional<Node> node(int id);

    List<Store> stores();

    Optional<Store> store(int id);

    List<Group> groups();

    Optional<Group> group(int id);

    /// What the repair of groups goes by.
    ///
    /// @param repairAfterMillis a store that is down for longer is not waited for any more
    /// @param settleMillis a store leads no more groups until all that it has serves for so long
    /// @param syncsPerStore replicas that a store may copy, as a source or a target, at a time
    /// @param movesMax groups in which a replica moves for balance at a time
    /// @param full stores that get no new replicas
    record RepairRules(
            long nowMillis,
            long repairAfterMillis,
            long settleMillis,
            int syncsPerStore,
            int movesMax,
            Set<Integer> full) {
        public RepairRules {
            full = Set.copyOf(full);
        }
    }

    /// The commands that bring redundancy and balance back, a few at a time: see `RepairPlanner`.
    List<Command> repairs(RepairRules rules);

    // ------------------------------------------------------------ maps

    /// Mapped slots, O(1).
    long mappedChunks(MapRoot root);

    /// Chunks that no other volume or snapshot names. Walks what is not shared: on large maps use a
    /// capture.
    long ownChunks(MapRoot root);

    /// Names those chunks, in the order of slots.
    void ownChunks(MapRoot root, LongConsumer each);

    /// The chunks that nothing would name any more if these names of maps went, ascending; a map is
    /// given as often as it has names that go. Empty: they are more than `most`.
    Optional<long[]> freedChunks(List<MapRoot> roots, int most);

    /// 0: unmapped.
    long chunkAt(MapRoot root, long index);

    /// Whether the slot's chunk was made in the volume's present generation.
    boolean isOwned(Volume volume, long index);

    MapPage mapPage(Volume volume, long page);

    /// Nothing in a snapshot is owned.
    MapPage mapPage(Snapshot snapshot, long page);

    /// What differs between two maps, in the order of slots. What they share is skipped, so the
    /// cost is that of the difference.
    void diff(MapRoot from, MapRoot to, Consumer<SlotRun> each);

    /// Every chunk of the group that any map names, once, in no order. Includes maps whose names
    /// are gone but that are not reaped yet.
    void mappedChunksOf(int group, LongConsumer each);

    /// Distinct chunks that any map names: what is stored, before replication.
    long storedChunks();

    /// Recomputes every reference count and compares.
    RefcountReport recount();

    // ------------------------------------------------------------ housekeeping

    /// Chunks that nothing names any more, the oldest `limit` of the group.
    long[] purgeable(int group, int limit);

    long purgeCount(int group);

    /// Groups with something to purge, ascending.
    List<Integer> groupsToPurge();

    /// There is something for [Command.ReapStep].
    boolean reapPending();

    /// When something is to happen by itself, wall clock; [Long#MAX_VALUE]: nothing is. See
    /// [Command.RunDue].
    long nextDueMillis();

    /// What [Command.RunDue] would do until then, of each volume and snapshot the next step, at
    /// most `limit` of them.
    List<Planned> planned(long untilMillis, int limit);

    /// Snapshots that policies ask for by now and that were not made yet.
    List<DueCut> dueCuts(long nowMillis);

    /// The volumes that such a cut is of, the first `limit` of them: those whose policy it is. Not
    /// what is archived or in the trash.
    List<Volume> followers(DueCut cut, int limit);

    /// Slots flipped since the cluster began.
    long flips();
}
