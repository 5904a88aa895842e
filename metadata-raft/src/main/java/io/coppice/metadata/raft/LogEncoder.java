package io.coppice.metadata.raft;

import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Stamped;
import io.coppice.model.AccessKey;
import io.coppice.wire.AccessKeyCodec;
import io.coppice.wire.pb.AbandonChunks;
import io.coppice.wire.pb.BreakAttachment;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeletePolicy;
import io.coppice.wire.pb.DeleteProject;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.Detach;
import io.coppice.wire.pb.DrainNode;
import io.coppice.wire.pb.EraseKey;
import io.coppice.wire.pb.Flip;
import io.coppice.wire.pb.FlipSlot;
import io.coppice.wire.pb.GroupPosition;
import io.coppice.wire.pb.LeaseChunkIds;
import io.coppice.wire.pb.LoggedAttach;
import io.coppice.wire.pb.LoggedClones;
import io.coppice.wire.pb.LoggedCommand;
import io.coppice.wire.pb.LoggedCut;
import io.coppice.wire.pb.LoggedNodeLost;
import io.coppice.wire.pb.LoggedRollback;
import io.coppice.wire.pb.LoggedSchedule;
import io.coppice.wire.pb.LoggedSeal;
import io.coppice.wire.pb.LoggedSession;
import io.coppice.wire.pb.LoggedSnapshots;
import io.coppice.wire.pb.PurgeDone;
import io.coppice.wire.pb.PutProject;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.RemoveNode;
import io.coppice.wire.pb.RenameVolume;
import io.coppice.wire.pb.ReplicaFailed;
import io.coppice.wire.pb.ReplicaSynced;
import io.coppice.wire.pb.ResizeVolume;
import io.coppice.wire.pb.RestoreVolume;
import io.coppice.wire.pb.RevokeCertificate;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.StoreReport;

/// Commands of the core as log records. The way back is [LogDecoder].
final class LogEncoder {
    private LogEncoder() {}

    static LoggedCommand encode(Stamped stamped) {
        var record =
                LoggedCommand.newBuilder()
                        .setSession(stamped.session())
                        .setSequence(stamped.sequence())
                        .setAcknowledged(stamped.acknowledged())
                        .setWallMillis(stamped.wallMillis())
                        .setCaller(stamped.caller().toString())
                        .setAuthenticated(stamped.caller().proven());
        switch (stamped.command()) {
            case Command.InitializeCluster c -> {
                record.setInitializeCluster(config(c.config()));
                AccessKey first = c.key();
                if (first != null) {
                    record.setFirstAccessKey(AccessKeyCodec.encode(first));
                }
            }
            case Command.CreateVolume c -> record.setCreateVolume(volume(c));
            case Command.RekeyVolume c -> record.setRekeyVolume(GovernanceCodec.encode(c));
            case Command.EraseKey c -> record.setEraseKey(EraseKey.newBuilder().setName(c.name()));
            case Command.DeleteVolume c ->
                    record.setDeleteVolume(
                            DeleteVolume.newBuilder().setName(c.name()).setNow(c.now()));
            case Command.RestoreVolume c ->
                    record.setRestoreVolume(
                            RestoreVolume.newBuilder().setName(c.name()).setAs(c.as()));
            case Command.ResizeVolume c ->
                    record.setResizeVolume(
                            ResizeVolume.newBuilder()
                                    .setName(c.name())
                                    .setSize(c.size())
                                    .setFence(c.fence()));
            case Command.RenameVolume c ->
                    record.setRenameVolume(
                            RenameVolume.newBuilder().setName(c.name()).setNewName(c.newName()));
            case Command.ChangeVolume c -> record.setChangeVolume(GovernanceCodec.encode(c));
            case Command.ChangeSnapshot c -> record.setChangeSnapshot(GovernanceCodec.encode(c));
            case Command.ResetVolume c -> record.setResetVolume(GovernanceCodec.encode(c));
            case Command.SwapVolumes c -> record.setSwapVolumes(GovernanceCodec.encode(c));
            case Command.PutPolicy c -> record.setPutPolicy(GovernanceCodec.encode(c.policy()));
            case Command.DeletePolicy c ->
                    record.setDeletePolicy(DeletePolicy.newBuilder().setName(c.name()));
            case Command.PutProject c ->
                    record.setPutProject(
                            PutProject.newBuilder().setName(c.name()).setPolicy(c.policy()));
            case Command.PutQuota c -> record.setPutQuota(GovernanceCodec.encode(c));
            case Command.DeleteProject c ->
                    record.setDeleteProject(DeleteProject.newBuilder().setName(c.name()));
            case Command.RevokeCertificate c ->
                    record.setRevokeCertificate(
                            RevokeCertificate.newBuilder()
                                    .setSerial(c.serial())
                                    .setName(c.name())
                                    .setUntilMillis(c.untilMillis()));
            case Command.Note c -> record.setNote(GovernanceCodec.encode(c));
            case Command.CreatePrincipal c -> record.setCreatePrincipal(RightsCodec.encode(c));
            case Command.DeletePrincipal c -> record.setDeletePrincipal(RightsCodec.encode(c));
            case Command.RenamePrincipal c -> record.setRenamePrincipal(RightsCodec.encode(c));
            case Command.ChangeTeam c -> record.setChangeTeam(RightsCodec.encode(c));
            case Command.ChangeGrant c -> record.setChangeGrant(RightsCodec.encode(c));
            case Command.CreateSnapshots c -> record.setCreateSnapshots(snapshots(c));
            case Command.DeleteSnapshot c ->
                    record.setDeleteSnapshot(name(c.volume(), c.snapshot()));
            case Command.RollbackVolume c -> record.setRollbackVolume(rollback(c));
            case Command.CreateClones c -> record.setCreateClones(clones(c));
            case Command.RaiseGeneration c ->
                    record.setRaiseGeneration(seal(new Command.Seal(c.volume(), c.generation())));
            case Command.OpenSession c ->
                    record.setOpenSession(
                            LoggedSession.newBuilder()
                                    .setSession(c.session())
                                    .setClient(c.client())
                                    .setResume(c.resume()));
            case Command.CloseSession c ->
                    record.setCloseSession(LoggedSession.newBuilder().setSession(c.session()));
            case Command.Attach c ->
                    record.setAttach(
                            LoggedAttach.newBuilder()
                                    .setVolume(c.volume())
                                    .setDeadSession(c.deadSession()));
            case Command.Detach c ->
                    record.setDetach(
                            Detach.newBuilder()
                                    .setVolume(c.volume())
                                    .setFence(c.fence())
                                    .setUnsure(c.unsure()));
            case Command.BreakAttachment c ->
                    record.setBreakAttachment(BreakAttachment.newBuilder().setVolume(c.volume()));
            case Command.LeaseChunkIds c ->
                    record.setLeaseChunkIds(
                            LeaseChunkIds.newBuilder()
                                    .addAllGroups(c.groups())
                                    .setCount(c.count()));
            case Command.Flip c -> record.setFlip(flip(c));
            case Command.AbandonChunks c ->
                    record.setAbandonChunks(AbandonChunks.newBuilder().addAllChunks(c.chunks()));
            case Command.RegisterNode c -> record.setRegisterNode(register(c));
            case Command.NodeLost c ->
                    record.setNodeLost(
                            LoggedNodeLost.newBuilder()
                                    .setNode(c.node())
                                    .setIncarnation(c.incarnation()));
            case Command.ReplicaSynced c ->
                    record.setReplicaSynced(replica(c.group(), c.epoch(), c.store()));
            case Command.ReplicaFailed c ->
                    record.setReplicaFailed(
                            ReplicaFailed.newBuilder()
                                    .setGroup(c.group())
                                    .setEpoch(c.epoch())
                                    .setStore(c.store())
                                    .setWhy(c.why()));
            case Command.ElectLast c -> record.setElectLast(c.group());
            case Command.MovePrimary c ->
                    record.setMovePrimary(replica(c.group(), c.epoch(), c.store()));
            case Command.AddReplica c ->
                    record.setAddReplica(replica(c.group(), c.epoch(), c.store()));
            case Command.DropReplica c ->
                    record.setDropReplica(replica(c.group(), c.epoch(), c.store()));
            case Command.DrainNode c ->
                    record.setDrainNode(
                            DrainNode.newBuilder().setNode(c.node()).setCancel(!c.draining()));
            case Command.RemoveNode c ->
                    record.setRemoveNode(RemoveNode.newBuilder().setNode(c.node()));
            case Command.ChunksPurged c ->
                    record.setChunksPurged(
                            PurgeDone.newBuilder().setGroup(c.group()).addAllChunks(c.chunks()));
            case Command.ReapStep c -> record.setReapStep(c.nodes());
            case Command.PurgeTrash c -> record.setPurgeTrash(c.limit());
            case Command.RaiseFormat c -> record.setRaiseFormat(c.format());
            case Command.RotateAccessKey c ->
                    record.setRotateAccessKey(AccessKeyCodec.encode(c.key()));
            case Command.RunDue c -> record.setRunDue(c.limit());
            case Command.RecordUsage c -> record.setRecordUsage(GovernanceCodec.encode(c));
        }
        return record.build();
    }

    private static io.coppice.wire.pb.ClusterConfig config(ClusterConfig c) {
        return io.coppice.wire.pb.ClusterConfig.newBuilder()
                .setCluster(c.cluster())
                .setReplicas(c.replicas())
                .setMinWriteReplicas(c.minWriteReplicas())
                .setGroups(c.groups())
                .setChunkBytes(c.chunkBytes())
                .setDurabilityAlways(c.durabilityAlways())
                .setTrashRetentionMillis(c.trashRetentionMillis())
                .setFormat(c.format())
                .build();
    }

    private static CreateVolume volume(Command.CreateVolume c) {
        var create =
                CreateVolume.newBuilder()
                        .setName(c.name())
                        .setSize(c.size())
                        .putAllLabels(c.labels())
                        .setProject(c.project())
                        .setExpiresMillis(c.expiresMillis());
        var key = c.key();
        if (key != null) {
            create.setKey(GovernanceCodec.encode(key));
        }
        return create.build();
    }

    private static SnapshotName name(String volume, String snapshot) {
        return SnapshotName.newBuilder().setVolume(volume).setSnapshot(snapshot).build();
    }

    static LoggedSeal seal(Command.Seal seal) {
        return LoggedSeal.newBuilder()
                .setVolume(seal.volume())
                .setGeneration(seal.generation())
                .build();
    }

    private static LoggedSnapshots snapshots(Command.CreateSnapshots c) {
        var all =
                LoggedSnapshots.newBuilder()
                        .putAllLabels(c.labels())
                        .setExpiresMillis(c.expiresMillis());
        var scheduled = c.scheduled();
        if (scheduled != null) {
            all.setScheduled(
                    LoggedSchedule.newBuilder()
                            .setPolicy(scheduled.policy())
                            .setRule(scheduled.rule())
                            .setMoment(scheduled.moment())
                            .setUpTo(scheduled.upTo()));
        }
        for (Command.SnapshotCut cut : c.cuts()) {
            var logged = LoggedCut.newBuilder().setName(name(cut.volume(), cut.snapshot()));
            var seal = cut.seal();
            if (seal != null) {
                logged.setSeal(seal(seal));
            }
            all.addCuts(logged);
        }
        return all.build();
    }

    private static LoggedRollback rollback(Command.RollbackVolume c) {
        var logged = LoggedRollback.newBuilder().setName(name(c.volume(), c.snapshot()));
        var seal = c.seal();
        if (seal != null) {
            logged.setSeal(seal(seal));
        }
        return logged.build();
    }

    private static LoggedClones clones(Command.CreateClones c) {
        var logged =
                LoggedClones.newBuilder()
                        .setClones(
                                CreateClones.newBuilder()
                                        .setVolume(c.volume())
                                        .setSnapshot(c.snapshot())
                                        .addAllNames(c.names())
                                        .putAllLabels(c.labels())
                                        .setExpiresMillis(c.expiresMillis())
                                        .setProject(c.project()));
        var seal = c.seal();
        if (seal != null) {
            logged.setSeal(seal(seal));
        }
        return logged.build();
    }

    private static Flip flip(Command.Flip c) {
        var flip =
                Flip.newBuilder()
                        .setVolume(c.volume())
                        .setGeneration(c.generation())
                        .setFence(c.fence());
        for (Command.FlipSlot slot : c.slots()) {
            flip.addSlots(
                    FlipSlot.newBuilder()
                            .setIndex(slot.index())
                            .setOldChunk(slot.oldChunk())
                            .setNewChunk(slot.newChunk()));
        }
        return flip.build();
    }

    private static ReplicaSynced replica(int group, long epoch, int store) {
        return ReplicaSynced.newBuilder().setGroup(group).setEpoch(epoch).setStore(store).build();
    }

    private static RegisterNode register(Command.RegisterNode c) {
        var node =
                RegisterNode.newBuilder()
                        .setName(c.name())
                        .setAddress(c.address())
                        .setHttpAddress(c.httpAddress())
                        .setIncarnation(c.incarnation())
                        .setPid(c.pid())
                        .setRack(c.rack())
                        .setCluster(c.cluster())
                        .addAllFailedStores(c.failed());
        for (Command.StoreReport store : c.stores()) {
            var report =
                    StoreReport.newBuilder()
                            .setUuid(store.uuid())
                            .setCapacityBytes(store.capacityBytes())
                            .setIntact(store.intact());
            for (Command.GroupPosition position : store.positions()) {
                report.addPositions(
                        GroupPosition.newBuilder()
                                .setGroup(position.group())
                                .setEpoch(position.position().epoch())
                                .setSequence(position.position().sequence()));
            }
            node.addStores(report);
        }
        return node.build();
    }
}
