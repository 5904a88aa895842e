package io.coppice.metadata.core;

import io.coppice.model.AccessKey;
import io.coppice.model.Position;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the quorum can be told to do. Values only: time, chance and the acting session come in
/// [Stamped]. Nothing in a command is trusted: every command has an answer in every state, and what
/// does not fit is [Outcome.Refused], never an exception.
public sealed interface Command {

    /// Says that every node refuses writes of `volume` up to and including `generation` (R8). A cut
    /// of a live volume carries the seal it was made under; it is refused as STALE when the volume
    /// has moved on since. Absent, the cut is only good when nobody was attached in the present
    /// generation.
    record Seal(long volume, long generation) {}

    /// One volume of a cut. `seal` absent: see [Seal].
    record SnapshotCut(String volume, String snapshot, @Nullable Seal seal) {}

    // ------------------------------------------------------------ the cluster

    /// Once in a cluster's life: fixes the configuration and makes the groups from the stores that
    /// are registered. Refused as UNAVAILABLE while too few nodes are. Repeating it with the same
    /// `config.cluster()` is done already.
    ///
    /// @param key the first access key; null: nobody asks for access until somebody makes one
    record InitializeCluster(ClusterConfig config, @Nullable AccessKey key) implements Command {
        /// Without one.
        public InitializeCluster(ClusterConfig config) {
            this(config, null);
        }
    }

    /// All metadata servers of the quorum understand this format.
    record RaiseFormat(int format) implements Command {}

    /// The next access key; those before it move on. Refused as STALE unless it has the next
    /// number, so that of two leaders who meant the same only one does it.
    record RotateAccessKey(AccessKey key) implements OfCluster {}

    // ------------------------------------------------------------ volumes

    /// @param project empty: the default one
    /// @param expiresMillis 0: never
    /// @param key what clients encrypt it with; null: nothing
    record CreateVolume(
            String name,
            long size,
            Map<String, String> labels,
            String project,
            long expiresMillis,
            @Nullable VolumeKey key)
            implements Command {
        public CreateVolume {
            labels = Map.copyOf(labels);
        }

        /// As it is written.
        public CreateVolume(
                String name,
                long size,
                Map<String, String> labels,
                String project,
                long expiresMillis) {
            this(name, size, labels, project, expiresMillis, null);
        }

        /// In the default project, without an end.
        public CreateVolume(String name, long size, Map<String, String> labels) {
            this(name, size, labels, "", 0);
        }
    }

    /// Into the trash, or with `now` for good. Also of an attached volume: its attachment ends.
    record DeleteVolume(String name, boolean now) implements Command {}

    /// Out of the trash: the youngest one of that name; `as` empty: under its old name.
    record RestoreVolume(String name, String as) implements Command {}

    /// @param fence the attachment whose client has made zeros, durably, of what a smaller size
    ///   cuts off the last chunk that is kept, and writes there no more; 0: none
    record ResizeVolume(String name, long size, long fence) implements Command {}

    record RenameVolume(String name, String newName) implements Command {}

    /// Changes what is decided about a volume. Null: as it is.
    ///
    /// @param expiresMillis 0: never
    /// @param labels replace the labels of these keys; an empty value takes one away
    /// @param archived nobody may attach it; must not be attached
    record ChangeVolume(
            String name,
            @Nullable Long expiresMillis,
            @Nullable Boolean guarded,
            @Nullable Boolean confined,
            @Nullable Boolean archived,
            @Nullable String policy,
            @Nullable String project,
            Map<String, String> labels)
            implements Command {
        public ChangeVolume {
            labels = Map.copyOf(labels);
        }
    }

    /// Of a cut that a policy's rule asks for. Done once for each moment and volume, whoever asks
    /// how often; the rule's older snapshots go with it.
    ///
    /// @param upTo id of the last volume in it; [Long#MAX_VALUE]: there are no more
    record Scheduled(String policy, String rule, long moment, long upTo) {}

    /// All of them in one cut, or none.
    ///
    /// @param expiresMillis 0: never
    /// @param scheduled null: somebody asks for it
    record CreateSnapshots(
            List<SnapshotCut> cuts,
            Map<String, String> labels,
            long expiresMillis,
            @Nullable Scheduled scheduled)
            implements Command {
        public CreateSnapshots {
            cuts = List.copyOf(cuts);
            labels = Map.copyOf(labels);
        }

        /// Somebody asks for snapshots without an end.
        public CreateSnapshots(List<SnapshotCut> cuts, Map<String, String> labels) {
            this(cuts, labels, 0, null);
        }
    }

    record DeleteSnapshot(String volume, String snapshot) implements Command {}

    /// Changes what is decided about a snapshot. Null: as it is.
    ///
    /// @param expiresMillis 0: never
    record ChangeSnapshot(
            String volume, String snapshot, @Nullable Long expiresMillis, @Nullable Boolean guarded)
            implements Command {}

    /// The volume gets the snapshot's map and size, and a new generation. `seal`: see [Seal].
    record RollbackVolume(String volume, String snapshot, @Nullable Seal seal) implements Command {}

    /// The volume gets the map and the size of a relative: of the live volume `from`, or of a
    /// snapshot of it, and a new generation. The seals are those of the two volumes: see [Seal].
    ///
    /// @param snapshot empty: the live volume, whose generation ends, too
    /// @param keep name of a snapshot of what it is before; empty: none is made
    record ResetVolume(
            String volume,
            @Nullable Seal seal,
            long from,
            String snapshot,
            @Nullable Seal fromSeal,
            String keep)
            implements Command {}

    /// Each of two volumes gets the map and the size of the other, and a new generation.
    record SwapVolumes(String one, @Nullable Seal oneSeal, String other, @Nullable Seal otherSeal)
            implements Command {}

    /// The volume's data key is wrapped with another key from here on.
    record RekeyVolume(String name, VolumeKey key) implements OfFormat2 {}

    /// Drops the wrapped data key of a volume that nobody uses, also of one in the trash.
    record EraseKey(String name) implements OfFormat2 {}

    /// All names or none. `snapshot` empty: of the live volume, then `seal` as in [Seal].
    ///
    /// @param expiresMillis 0: never
    /// @param project of the clones; empty: the source's
    record CreateClones(
            String volume,
            String snapshot,
            @Nullable Seal seal,
            List<String> names,
            Map<String, String> labels,
            long expiresMillis,
            String project)
            implements Command {
        public CreateClones {
            names = List.copyOf(names);
            labels = Map.copyOf(labels);
        }

        /// In the source's project.
        public CreateClones(
                String volume,
                String snapshot,
                @Nullable Seal seal,
                List<String> names,
                Map<String, String> labels,
                long expiresMillis) {
            this(volume, snapshot, seal, names, labels, expiresMillis, "");
        }
    }

    /// Ends `generation` of a volume without a cut: for a seal whose command was not committed.
    /// Done already when the volume is past it.
    record RaiseGeneration(long volume, long generation) implements Command {}

    // ------------------------------------------------------------ projects and policies

    /// Means nothing before there is a cluster.
    sealed interface OfCluster extends Command {}

    /// Makes or replaces a policy.
    record PutPolicy(Policy policy) implements OfCluster {}

    /// Refused while a project or a volume names it.
    record DeletePolicy(String name) implements OfCluster {}

    /// Makes or changes a project.
    ///
    /// @param policy empty: none
    record PutProject(String name, String policy) implements OfCluster {}

    /// What its volumes may be together from here on; what they are already, they stay.
    record PutQuota(String project, Quota quota) implements OfCluster {}

    /// Refused while a volume is in it, also in the trash.
    record DeleteProject(String name) implements OfCluster {}

    /// Tells the audit log of something that is no command: done elsewhere, or refused before it
    /// became one.
    ///
    /// @param refusal empty: it was done
    record Note(
            String principal,
            String from,
            String action,
            String target,
            String detail,
            String refusal)
            implements Command {}

    // ------------------------------------------------------------ principals, rights, identity

    /// Servers of format 1 do not know it.
    sealed interface OfFormat2 extends Command {}

    /// The certificate counts no more. Of one that was revoked before: done already.
    ///
    /// @param serial lower-case hexadecimal digits
    /// @param name whose it is, for people; may be empty
    /// @param untilMillis when it ends by itself; 0: that is not known
    record RevokeCertificate(String serial, String name, long untilMillis) implements OfFormat2 {}

    record CreatePrincipal(String name, Principal.Kind kind) implements OfFormat2 {}

    /// With all its rights; what it has attached is taken from it.
    record DeletePrincipal(String name) implements OfFormat2 {}

    /// Its rights stay; what it has attached under the old name is taken from it.
    record RenamePrincipal(String name, String newName) implements OfFormat2 {}

    /// @param leaves it is no member any more
    record ChangeTeam(String team, String member, boolean leaves) implements OfFormat2 {}

    /// Adds rights to those that a principal has there, or takes them from these.
    ///
    /// @param volume empty: on the project
    /// @param project both empty: on the cluster
    record ChangeGrant(
            String principal, String project, String volume, Rights rights, boolean revoked)
            implements OfFormat2 {}

    // ------------------------------------------------------------ client sessions

    /// Registers `session` (an id from [io.coppice.port.Entropy]); resuming a known one is fine.
    ///
    /// @param resume it must exist already: what belonged to one that was closed is gone
    record OpenSession(long session, String client, boolean resume) implements Command {}

    /// Ends a session: its attachments, its id leases (what was never used is purged), its memory.
    record CloseSession(long session) implements Command {}

    /// The stamped session uses the volume from now on. When another session has it, that must be
    /// `deadSession` (the leader's judgement; 0: none), else CONFLICT. Attaching again by the
    /// holder gives the same attachment. See [Outcome.Attached] for the barrier that must follow.
    record Attach(String volume, long deadSession) implements Command {}

    /// By the holder, after its last write is finished, or when it has given up waiting for it
    /// (`unsure`): then the next attachment raises a barrier. Of what it no longer holds: done
    /// already.
    record Detach(long volume, long fence, boolean unsure) implements Command {}

    /// Whoever holds the volume loses it: the fence grows.
    record BreakAttachment(String volume) implements Command {}

    /// `count` fresh chunk ids in every one of `groups` for the stamped session.
    record LeaseChunkIds(List<Integer> groups, int count) implements Command {
        public LeaseChunkIds {
            groups = List.copyOf(groups);
        }
    }

    /// One slot of a flip: compare `oldChunk`, set `newChunk`; 0 is "not mapped".
    record FlipSlot(long index, long oldChunk, long newChunk) {}

    /// All slots change, or none. By the volume's holder (stamped session and `fence`), in the
    /// volume's present `generation`; new chunks are ids leased to the session and not used before.
    record Flip(long volume, long generation, long fence, List<FlipSlot> slots) implements Command {
        public Flip {
            slots = List.copyOf(slots);
        }
    }

    /// Leased ids that the stamped session will not use (a refused flip). Others are ignored.
    record AbandonChunks(List<Long> chunks) implements Command {
        public AbandonChunks {
            chunks = List.copyOf(chunks);
        }
    }

    // ------------------------------------------------------------ nodes and groups

    /// What a node holds of a group: the last operation of its log.
    record GroupPosition(int group, Position position) {}

    /// One data directory as its node reports it.
    ///
    /// @param intact its machine has not lost its power since the store was registered before
    record StoreReport(
            String uuid, long capacityBytes, boolean intact, List<GroupPosition> positions) {
        public StoreReport {
            positions = List.copyOf(positions);
        }
    }

    /// A node's (new) session. A new incarnation first takes its replicas out of service; then what
    /// is not serving is SYNCING, or elected where a group has no serving replica left. `cluster`
    /// empty: not yet a member. `failed`: stores that will not come back (R11); what the node had,
    /// and names neither here nor in `stores`, serves nothing now but may.
    record RegisterNode(
            String name,
            String address,
            String httpAddress,
            long incarnation,
            long pid,
            String rack,
            String cluster,
            List<StoreReport> stores,
            List<String> failed)
            implements Command {
        public RegisterNode {
            stores = List.copyOf(stores);
            failed = List.copyOf(failed);
        }

        /// None of its stores has failed.
        public RegisterNode(
                String name,
                String address,
                String httpAddress,
                long incarnation,
                long pid,
                String rack,
                String cluster,
                List<StoreReport> stores) {
            this(name, address, httpAddress, incarnation, pid, rack, cluster, stores, List.of());
        }
    }

    /// The node's session is lost; ignored when the node has a newer incarnation.
    record NodeLost(int node, long incarnation) implements Command {}

    /// A SYNCING replica has caught up in view `epoch`.
    record ReplicaSynced(int group, long epoch, int store) implements Command {}

    /// A replica cannot go on in view `epoch`: it leaves service until its node registers again.
    record ReplicaFailed(int group, long epoch, int store, String why) implements Command {}

    /// The grace is over: of those replicas that were last and are back, the longest leads, an
    /// intact one first.
    record ElectLast(int group) implements Command {}

    /// Puts a serving replica first. The leader's tool to spread primaries evenly again.
    record MovePrimary(int group, long epoch, int store) implements Command {}

    /// The store gets a replica of the group, which starts by catching up: one more than the
    /// cluster has of each for a time.
    record AddReplica(int group, long epoch, int store) implements Command {}

    /// Takes a replica out of a group that has one more than it needs. Never the primary, never a
    /// LAST one, never one that redundancy would miss: see `RepairCommands`.
    record DropReplica(int group, long epoch, int store) implements Command {}

    /// From now on (or, with `draining` false, no longer) the replicas of the node are replaced by
    /// others elsewhere. `node`: name or id.
    record DrainNode(String node, boolean draining) implements Command {}

    /// Forgets a node that holds no replica of any group, and its stores for good. `node`: name or
    /// id.
    record RemoveNode(String node) implements Command {}

    // ------------------------------------------------------------ housekeeping by the leader

    /// The group has dropped these chunks: they leave its purge list.
    record ChunksPurged(int group, List<Long> chunks) implements Command {
        public ChunksPurged {
            chunks = List.copyOf(chunks);
        }
    }

    /// Releases at most `nodes` nodes of maps whose names are gone.
    record ReapStep(int nodes) implements Command {}

    /// Does what is due by itself, in `limit` steps at most: trash is deleted for good after its
    /// retention, what has expired or is not used goes or is announced. The time is the stamp's.
    record RunDue(int limit) implements Command {}

    /// What a clone holds, as the stores have just counted it.
    record CloneBytes(long volume, long mappedBytes, long ownBytes) {}

    /// What would be free without a project, as the stores have just counted it.
    record ProjectBytes(String project, long ownBytes) {}

    /// What the leader had counted. What is gone meanwhile, or has no quota any more, does not
    /// matter. [Outcome.DueDone] says how many clones are told of.
    record RecordUsage(List<CloneBytes> clones, List<ProjectBytes> projects) implements OfCluster {
        public RecordUsage {
            clones = List.copyOf(clones);
            projects = List.copyOf(projects);
        }
    }

    /// What leaders of format 0 do instead: `limit` volumes at most whose time is over, in the
    /// trash or outside, are deleted for good.
    record PurgeTrash(int limit) implements Command {}
}
