package io.coppice.metadata.core;

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
    record InitializeCluster(ClusterConfig config) implements Command {}

    // ------------------------------------------------------------ volumes

    record CreateVolume(String name, long size, Map<String, String> labels) implements Command {
        public CreateVolume {
            labels = Map.copyOf(labels);
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

    /// All of them in one cut, or none.
    record CreateSnapshots(List<SnapshotCut> cuts, Map<String, String> labels) implements Command {
        public CreateSnapshots {
            cuts = List.copyOf(cuts);
            labels = Map.copyOf(labels);
        }
    }

    record DeleteSnapshot(String volume, String snapshot) implements Command {}

    /// The volume gets the snapshot's map and size, and a new generation. `seal`: see [Seal].
    record RollbackVolume(String volume, String snapshot, @Nullable Seal seal) implements Command {}

    /// All names or none. `snapshot` empty: of the live volume, then `seal` as in [Seal].
    /// `expiresMillis` 0: never.
    record CreateClones(
            String volume,
            String snapshot,
            @Nullable Seal seal,
            List<String> names,
            Map<String, String> labels,
            long expiresMillis)
            implements Command {
        public CreateClones {
            names = List.copyOf(names);
            labels = Map.copyOf(labels);
        }
    }

    /// Ends `generation` of a volume without a cut: for a seal whose command was not committed.
    /// Done already when the volume is past it.
    record RaiseGeneration(long volume, long generation) implements Command {}

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

    /// Deletes for good, `limit` at most: trash past its retention, volumes past their expiry. The
    /// time is the stamp's.
    record PurgeTrash(int limit) implements Command {}
}
