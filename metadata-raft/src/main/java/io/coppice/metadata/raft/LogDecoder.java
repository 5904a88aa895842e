package io.coppice.metadata.raft;

import com.google.protobuf.InvalidProtocolBufferException;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Stamped;
import io.coppice.model.Position;
import io.coppice.wire.AccessKeyCodec;
import io.coppice.wire.pb.Detach;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.GroupPosition;
import io.coppice.wire.pb.LogEntry;
import io.coppice.wire.pb.LoggedClones;
import io.coppice.wire.pb.LoggedCommand;
import io.coppice.wire.pb.LoggedCut;
import io.coppice.wire.pb.LoggedRollback;
import io.coppice.wire.pb.LoggedSeal;
import io.coppice.wire.pb.LoggedSnapshots;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.ReplicaSynced;
import io.coppice.wire.pb.StoreReport;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Log records as commands of the core. The way there is [LogEncoder].
///
/// What is in the log was encoded by a leader of ours. A record that cannot be understood was
/// written by a newer version: going on without it would make this server's state differ, so that
/// is a violation.
final class LogDecoder {
    private LogDecoder() {}

    static List<Stamped> decodeEntry(ByteBuffer entry) {
        LogEntry parsed;
        try {
            parsed = LogEntry.parseFrom(entry);
        } catch (InvalidProtocolBufferException damaged) {
            throw new IllegalStateException(
                    "a log entry cannot be read: " + damaged.getMessage(), damaged);
        }
        var commands = new ArrayList<Stamped>(parsed.getCommandsCount());
        for (LoggedCommand command : parsed.getCommandsList()) {
            commands.add(decode(command));
        }
        return commands;
    }

    static Stamped decode(LoggedCommand r) {
        return new Stamped(
                r.getSession(),
                r.getSequence(),
                r.getAcknowledged(),
                r.getWallMillis(),
                Caller.of(r.getCaller(), r.getAuthenticated()),
                command(r));
    }

    private static Command command(LoggedCommand r) {
        return switch (r.getCommandCase()) {
            case INITIALIZE_CLUSTER ->
                    new Command.InitializeCluster(
                            config(r.getInitializeCluster()),
                            r.hasFirstAccessKey()
                                    ? AccessKeyCodec.decode(r.getFirstAccessKey())
                                    : null);
            case CREATE_VOLUME -> {
                var c = r.getCreateVolume();
                yield new Command.CreateVolume(
                        c.getName(),
                        c.getSize(),
                        c.getLabelsMap(),
                        c.getProject(),
                        c.getExpiresMillis(),
                        c.hasKey() ? GovernanceCodec.decode(c.getKey()) : null);
            }
            case REKEY_VOLUME -> GovernanceCodec.decode(r.getRekeyVolume());
            case ERASE_KEY -> new Command.EraseKey(r.getEraseKey().getName());
            case DELETE_VOLUME ->
                    new Command.DeleteVolume(
                            r.getDeleteVolume().getName(), r.getDeleteVolume().getNow());
            case RESTORE_VOLUME ->
                    new Command.RestoreVolume(
                            r.getRestoreVolume().getName(), r.getRestoreVolume().getAs());
            case RESIZE_VOLUME ->
                    new Command.ResizeVolume(
                            r.getResizeVolume().getName(),
                            r.getResizeVolume().getSize(),
                            r.getResizeVolume().getFence());
            case RENAME_VOLUME ->
                    new Command.RenameVolume(
                            r.getRenameVolume().getName(), r.getRenameVolume().getNewName());
            case CHANGE_VOLUME -> GovernanceCodec.decode(r.getChangeVolume());
            case CHANGE_SNAPSHOT -> GovernanceCodec.decode(r.getChangeSnapshot());
            case RESET_VOLUME -> GovernanceCodec.decode(r.getResetVolume());
            case SWAP_VOLUMES -> GovernanceCodec.decode(r.getSwapVolumes());
            case PUT_POLICY -> new Command.PutPolicy(GovernanceCodec.decode(r.getPutPolicy()));
            case DELETE_POLICY -> new Command.DeletePolicy(r.getDeletePolicy().getName());
            case PUT_PROJECT ->
                    new Command.PutProject(
                            r.getPutProject().getName(), r.getPutProject().getPolicy());
            case PUT_QUOTA -> GovernanceCodec.decode(r.getPutQuota());
            case DELETE_PROJECT -> new Command.DeleteProject(r.getDeleteProject().getName());
            case REVOKE_CERTIFICATE ->
                    new Command.RevokeCertificate(
                            r.getRevokeCertificate().getSerial(),
                            r.getRevokeCertificate().getName(),
                            r.getRevokeCertificate().getUntilMillis());
            case NOTE -> GovernanceCodec.decode(r.getNote());
            case CREATE_PRINCIPAL -> RightsCodec.decode(r.getCreatePrincipal());
            case DELETE_PRINCIPAL -> RightsCodec.decode(r.getDeletePrincipal());
            case RENAME_PRINCIPAL -> RightsCodec.decode(r.getRenamePrincipal());
            case CHANGE_TEAM -> RightsCodec.decode(r.getChangeTeam());
            case CHANGE_GRANT -> RightsCodec.decode(r.getChangeGrant());
            case CREATE_SNAPSHOTS -> snapshots(r.getCreateSnapshots());
            case DELETE_SNAPSHOT ->
                    new Command.DeleteSnapshot(
                            r.getDeleteSnapshot().getVolume(), r.getDeleteSnapshot().getSnapshot());
            case ROLLBACK_VOLUME -> rollback(r.getRollbackVolume());
            case CREATE_CLONES -> clones(r.getCreateClones());
            case RAISE_GENERATION ->
                    new Command.RaiseGeneration(
                            r.getRaiseGeneration().getVolume(),
                            r.getRaiseGeneration().getGeneration());
            case OPEN_SESSION ->
                    new Command.OpenSession(
                            r.getOpenSession().getSession(),
                            r.getOpenSession().getClient(),
                            r.getOpenSession().getResume());
            case CLOSE_SESSION -> new Command.CloseSession(r.getCloseSession().getSession());
            case ATTACH ->
                    new Command.Attach(r.getAttach().getVolume(), r.getAttach().getDeadSession());
            case DETACH -> {
                Detach detach = r.getDetach();
                yield new Command.Detach(detach.getVolume(), detach.getFence(), detach.getUnsure());
            }
            case BREAK_ATTACHMENT ->
                    new Command.BreakAttachment(r.getBreakAttachment().getVolume());
            case LEASE_CHUNK_IDS ->
                    new Command.LeaseChunkIds(
                            r.getLeaseChunkIds().getGroupsList(), r.getLeaseChunkIds().getCount());
            case FLIP -> flip(r.getFlip());
            case ABANDON_CHUNKS -> new Command.AbandonChunks(r.getAbandonChunks().getChunksList());
            case REGISTER_NODE -> register(r.getRegisterNode());
            case NODE_LOST ->
                    new Command.NodeLost(
                            r.getNodeLost().getNode(), r.getNodeLost().getIncarnation());
            case REPLICA_SYNCED -> {
                ReplicaSynced c = r.getReplicaSynced();
                yield new Command.ReplicaSynced(c.getGroup(), c.getEpoch(), c.getStore());
            }
            case REPLICA_FAILED -> {
                var c = r.getReplicaFailed();
                yield new Command.ReplicaFailed(
                        c.getGroup(), c.getEpoch(), c.getStore(), c.getWhy());
            }
            case ELECT_LAST -> new Command.ElectLast(r.getElectLast());
            case MOVE_PRIMARY -> {
                ReplicaSynced c = r.getMovePrimary();
                yield new Command.MovePrimary(c.getGroup(), c.getEpoch(), c.getStore());
            }
            case ADD_REPLICA -> {
                ReplicaSynced c = r.getAddReplica();
                yield new Command.AddReplica(c.getGroup(), c.getEpoch(), c.getStore());
            }
            case DROP_REPLICA -> {
                ReplicaSynced c = r.getDropReplica();
                yield new Command.DropReplica(c.getGroup(), c.getEpoch(), c.getStore());
            }
            case DRAIN_NODE ->
                    new Command.DrainNode(
                            r.getDrainNode().getNode(), !r.getDrainNode().getCancel());
            case REMOVE_NODE -> new Command.RemoveNode(r.getRemoveNode().getNode());
            case CHUNKS_PURGED ->
                    new Command.ChunksPurged(
                            r.getChunksPurged().getGroup(), r.getChunksPurged().getChunksList());
            case REAP_STEP -> new Command.ReapStep(r.getReapStep());
            case PURGE_TRASH -> new Command.PurgeTrash(r.getPurgeTrash());
            case RAISE_FORMAT -> new Command.RaiseFormat(r.getRaiseFormat());
            case ROTATE_ACCESS_KEY ->
                    new Command.RotateAccessKey(AccessKeyCodec.decode(r.getRotateAccessKey()));
            case RUN_DUE -> new Command.RunDue(r.getRunDue());
            case RECORD_USAGE -> GovernanceCodec.decode(r.getRecordUsage());
            case COMMAND_NOT_SET ->
                    throw new IllegalStateException(
                            "the log holds a command that this version does not know");
        };
    }

    private static ClusterConfig config(io.coppice.wire.pb.ClusterConfig c) {
        return new ClusterConfig(
                c.getCluster(),
                c.getReplicas(),
                c.getMinWriteReplicas(),
                c.getGroups(),
                c.getChunkBytes(),
                c.getDurabilityAlways(),
                c.getTrashRetentionMillis(),
                c.getFormat());
    }

    static Command.@Nullable Seal seal(boolean present, LoggedSeal seal) {
        return present ? new Command.Seal(seal.getVolume(), seal.getGeneration()) : null;
    }

    private static Command snapshots(LoggedSnapshots c) {
        var cuts = new ArrayList<Command.SnapshotCut>(c.getCutsCount());
        for (LoggedCut cut : c.getCutsList()) {
            cuts.add(
                    new Command.SnapshotCut(
                            cut.getName().getVolume(),
                            cut.getName().getSnapshot(),
                            seal(cut.hasSeal(), cut.getSeal())));
        }
        var scheduled = c.getScheduled();
        return new Command.CreateSnapshots(
                cuts,
                c.getLabelsMap(),
                c.getExpiresMillis(),
                c.hasScheduled()
                        ? new Command.Scheduled(
                                scheduled.getPolicy(),
                                scheduled.getRule(),
                                scheduled.getMoment(),
                                scheduled.getUpTo())
                        : null);
    }

    private static Command rollback(LoggedRollback c) {
        return new Command.RollbackVolume(
                c.getName().getVolume(), c.getName().getSnapshot(), seal(c.hasSeal(), c.getSeal()));
    }

    private static Command clones(LoggedClones logged) {
        var c = logged.getClones();
        return new Command.CreateClones(
                c.getVolume(),
                c.getSnapshot(),
                seal(logged.hasSeal(), logged.getSeal()),
                List.copyOf(c.getNamesList()),
                c.getLabelsMap(),
                c.getExpiresMillis(),
                c.getProject());
    }

    private static Command flip(Flip c) {
        var slots = new ArrayList<Command.FlipSlot>(c.getSlotsCount());
        for (FlipSlot slot : c.getSlotsList()) {
            slots.add(
                    new Command.FlipSlot(slot.getIndex(), slot.getOldChunk(), slot.getNewChunk()));
        }
        return new Command.Flip(c.getVolume(), c.getGeneration(), c.getFence(), slots);
    }

    private static Command register(RegisterNode c) {
        var stores = new ArrayList<Command.StoreReport>(c.getStoresCount());
        for (StoreReport store : c.getStoresList()) {
            var positions = new ArrayList<Command.GroupPosition>(store.getPositionsCount());
            for (GroupPosition p : store.getPositionsList()) {
                positions.add(
                        new Command.GroupPosition(
                                p.getGroup(), new Position(p.getEpoch(), p.getSequence())));
            }
            stores.add(
                    new Command.StoreReport(
                            store.getUuid(),
                            store.getCapacityBytes(),
                            store.getIntact(),
                            positions));
        }
        return new Command.RegisterNode(
                c.getName(),
                c.getAddress(),
                c.getHttpAddress(),
                c.getIncarnation(),
                c.getPid(),
                c.getRack(),
                c.getCluster(),
                stores,
                c.getFailedStoresList());
    }
}
