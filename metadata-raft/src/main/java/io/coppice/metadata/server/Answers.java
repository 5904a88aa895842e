package io.coppice.metadata.server;

import com.google.protobuf.ByteString;
import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.AuditEntry;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.Holding;
import io.coppice.metadata.core.Load;
import io.coppice.metadata.core.MapPage;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Planned;
import io.coppice.metadata.core.Policy;
import io.coppice.metadata.core.Project;
import io.coppice.metadata.core.Replica;
import io.coppice.metadata.core.Revocation;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Store;
import io.coppice.metadata.core.Terms;
import io.coppice.metadata.core.Volume;
import io.coppice.metadata.core.VolumeKey;
import io.coppice.metadata.raft.GovernanceCodec;
import io.coppice.wire.pb.AttachmentInfo;
import io.coppice.wire.pb.AuditRecord;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.PlannedAction;
import io.coppice.wire.pb.ProjectInfo;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.RevokedCertificate;
import io.coppice.wire.pb.RevokedSerials;
import io.coppice.wire.pb.SnapshotInfo;
import io.coppice.wire.pb.UsageSample;
import io.coppice.wire.pb.VolumeBarrier;
import io.coppice.wire.pb.VolumeChanged;
import io.coppice.wire.pb.VolumeInfo;
import java.util.Collection;
import java.util.Optional;

/// The core's records as messages of the control plane. The way in is [Requests].
final class Answers {
    private Answers() {}

    /// Without what only the stores know.
    static VolumeInfo.Builder volume(MetadataView view, Volume volume) {
        Terms terms = volume.terms();
        return keyed(volume)
                .setProject(terms.project())
                .setOwner(terms.owner())
                .setProtected(terms.guarded())
                .setConfined(terms.confined())
                .setPolicy(view.policyOf(volume).map(Policy::name).orElse(""))
                .setUsedMillis(terms.usedMillis())
                .setWarnedMillis(terms.warnedMillis())
                .setArchivedMillis(terms.archivedMillis())
                .setDivergedMillis(view.divergedMillis(volume.id()))
                .setId(volume.id())
                .setName(volume.name())
                .setSize(volume.size())
                .setGeneration(volume.generation())
                .setMappedChunks(view.mappedChunks(volume.root()))
                .setOrigin(volume.origin())
                .setCreatedMillis(volume.createdMillis())
                .setExpiresMillis(volume.expiresMillis())
                .putAllLabels(volume.labels())
                .setState(volume.inTrash() ? "trash" : "active")
                .setDeletedMillis(volume.deletedMillis());
    }

    private static VolumeInfo.Builder keyed(Volume volume) {
        VolumeKey key = volume.key();
        var info = VolumeInfo.newBuilder();
        return key == null
                ? info
                : info.setKey(key.name())
                        .setKeyWrappedBy(key.wrappedBy())
                        .setDataKey(key.id())
                        .setKeyErased(key.erased());
    }

    /// From an outcome that may be an old one: what is gone meanwhile has no map to count.
    static VolumeInfo now(MetadataView view, Volume volume) {
        return view.volume(volume.id())
                .map(present -> volume(view, present))
                .orElseGet(() ->
                        VolumeInfo.newBuilder()
                                .setId(volume.id())
                                .setName(volume.name())
                                .setSize(volume.size())
                                .setGeneration(volume.generation()))
                .build();
    }

    /// As above.
    static SnapshotInfo now(MetadataView view, Snapshot snapshot) {
        return view.snapshot(snapshot.id())
                .map(present -> snapshot(view, present))
                .orElseGet(() ->
                        SnapshotInfo.newBuilder()
                                .setId(snapshot.id())
                                .setName(snapshot.name())
                                .setSize(snapshot.size())
                                .build());
    }

    static SnapshotInfo snapshot(MetadataView view, Snapshot snapshot) {
        return SnapshotInfo.newBuilder()
                .setId(snapshot.id())
                .setVolume(view.volume(snapshot.volume()).map(Volume::name).orElse(""))
                .setName(snapshot.name())
                .setSize(snapshot.size())
                .setGeneration(snapshot.generation())
                .setCreatedMillis(snapshot.createdMillis())
                .setMappedChunks(view.mappedChunks(snapshot.root()))
                .putAllLabels(snapshot.labels())
                .setExpiresMillis(snapshot.expiresMillis())
                .setProtected(snapshot.guarded())
                .setRule(snapshot.rule())
                .build();
    }

    static ProjectInfo project(MetadataView view, Project project) {
        Load load = view.load(project.name());
        var info = ProjectInfo.newBuilder();
        view.ownBytes(project.name()).ifPresent(info::setOwnBytes);
        return info.setName(project.name())
                .setPolicy(project.policy())
                .setCreatedMillis(project.createdMillis())
                .setQuota(GovernanceCodec.encode(project.quota()))
                .setVolumes(load.volumes())
                .setClones(load.clones())
                .setProvisionedBytes(load.provisionedBytes())
                .build();
    }

    static UsageSample sample(Holding holding) {
        return UsageSample.newBuilder()
                .setMillis(holding.millis())
                .setMappedBytes(holding.mappedBytes())
                .setOwnBytes(holding.ownBytes())
                .build();
    }

    static PlannedAction planned(Planned planned) {
        return PlannedAction.newBuilder()
                .setMillis(planned.millis())
                .setAction(planned.action())
                .setTarget(planned.target())
                .build();
    }

    static AuditRecord audit(AuditEntry entry) {
        return AuditRecord.newBuilder()
                .setNumber(entry.number())
                .setMillis(entry.millis())
                .setPrincipal(entry.principal())
                .setFrom(entry.from())
                .setAction(entry.action())
                .setTarget(entry.target())
                .setDetail(entry.detail())
                .setRefusal(entry.refusal())
                .setHash(entry.hash())
                .build();
    }

    static io.coppice.wire.pb.AuditState audit(MetadataView.AuditState state) {
        return io.coppice.wire.pb.AuditState.newBuilder()
                .setFirst(state.first())
                .setNext(state.next())
                .setBefore(state.before())
                .setHead(state.head())
                .build();
    }

    static AttachmentInfo attachment(MetadataView view, Attachment attachment, boolean connected) {
        return AttachmentInfo.newBuilder()
                .setVolume(view.volume(attachment.volume()).map(Volume::name).orElse(""))
                .setVolumeId(attachment.volume())
                .setSession(attachment.session())
                .setClient(attachment.client())
                .setFence(attachment.fence())
                .setSinceMillis(attachment.sinceMillis())
                .setConnected(connected)
                .build();
    }

    static io.coppice.wire.pb.ClusterConfig config(ClusterConfig config) {
        return io.coppice.wire.pb.ClusterConfig.newBuilder()
                .setCluster(config.cluster())
                .setReplicas(config.replicas())
                .setMinWriteReplicas(config.minWriteReplicas())
                .setGroups(config.groups())
                .setChunkBytes(config.chunkBytes())
                .setDurabilityAlways(config.durabilityAlways())
                .setTrashRetentionMillis(config.trashRetentionMillis())
                .setFormat(config.format())
                .build();
    }

    static io.coppice.wire.pb.ClusterConfig config(Optional<ClusterConfig> config) {
        return config.map(Answers::config)
                .orElse(io.coppice.wire.pb.ClusterConfig.getDefaultInstance());
    }

    // ------------------------------------------------------------ groups

    static GroupInfo group(MetadataView view, Group group) {
        var info =
                GroupInfo.newBuilder()
                        .setId(group.id())
                        .setEpoch(group.epoch())
                        .setLossEpoch(group.lossEpoch())
                        .setPrimary(group.primary().map(Replica::store).orElse(0))
                        .setCrowded(
                                view.config()
                                        .map(c -> group.replicas().size() > c.replicas())
                                        .orElse(false))
                        .setState(health(view, group));
        for (Replica replica : group.replicas()) {
            int node = view.store(replica.store()).map(Store::node).orElse(0);
            info.addReplicas(
                    ReplicaInfo.newBuilder()
                            .setStore(replica.store())
                            .setNode(node)
                            .setAddress(view.node(node).map(n -> n.address()).orElse(""))
                            .setDraining(view.node(node).map(n -> n.draining()).orElse(false))
                            .setStateValue(replica.state().ordinal()));
        }
        return info.build();
    }

    static GroupViews groups(MetadataView view, Collection<Group> groups, boolean complete) {
        var views = GroupViews.newBuilder().setComplete(complete);
        groups.forEach(group -> views.addGroups(group(view, group)));
        return views.build();
    }

    /// `healthy`: as many replicas serve as there are to be; `unavailable`: writes wait; else
    /// `degraded`.
    static String health(MetadataView view, Group group) {
        int serving = group.serving();
        int needed = view.config().map(ClusterConfig::minWriteReplicas).orElse(1);
        int whole = view.config().map(ClusterConfig::replicas).orElse(group.replicas().size());
        if (serving >= whole) {
            return "healthy";
        }
        return serving >= Math.max(1, needed) ? "degraded" : "unavailable";
    }

    static ReplicaState state(Replica replica) {
        ReplicaState state = ReplicaState.forNumber(replica.state().ordinal());
        return state == null ? ReplicaState.REPLICA_DOWN : state;
    }

    // ------------------------------------------------------------ barriers and changes

    /// What every node must refuse of a volume, from what is committed.
    static VolumeBarrier barrier(Volume volume) {
        return VolumeBarrier.newBuilder()
                .setVolume(volume.id())
                .setSealedGeneration(volume.generation() - 1)
                .setMinFence(volume.fence())
                .build();
    }

    /// Refuses the present holder of the volume.
    static VolumeBarrier fenceOfNext(Volume volume) {
        return barrier(volume).toBuilder().setMinFence(volume.fence() + 1).build();
    }

    /// Refuses the holder of an attachment that has ended with its volume.
    static VolumeBarrier fenceOf(Attachment ended) {
        return VolumeBarrier.newBuilder()
                .setVolume(ended.volume())
                .setMinFence(ended.fence() + 1)
                .build();
    }

    static VolumeChanged changed(Volume volume, boolean mapChanged, String why) {
        return VolumeChanged.newBuilder()
                .setVolume(volume.id())
                .setGeneration(volume.generation())
                .setSize(volume.size())
                .setFence(volume.fence())
                .setMapChanged(mapChanged)
                .setWhy(why)
                .build();
    }

    static VolumeChanged lost(long volume, long fence, String why) {
        return VolumeChanged.newBuilder()
                .setVolume(volume)
                .setFence(fence)
                .setLost(true)
                .setWhy(why)
                .build();
    }

    static io.coppice.wire.pb.MapPage page(MapPage page) {
        var answer = io.coppice.wire.pb.MapPage.newBuilder().setPage(page.page());
        for (long chunk : page.chunks()) {
            answer.addChunks(chunk);
        }
        return answer.setOwned(ByteString.copyFrom(bitmap(page.owned()))).build();
    }

    /// Bit i in byte i / 8, without trailing zero bytes.
    private static byte[] bitmap(long[] words) {
        return java.util.BitSet.valueOf(words).toByteArray();
    }

    // ------------------------------------------------------------ identity

    static RevokedCertificate revocation(Revocation it) {
        return RevokedCertificate.newBuilder()
                .setSerial(it.serial())
                .setName(it.name())
                .setUntilMillis(it.untilMillis())
                .setSinceMillis(it.sinceMillis())
                .build();
    }

    static RevokedSerials revoked(MetadataView view) {
        var all = RevokedSerials.newBuilder();
        view.revocations().forEach(it -> all.addSerials(it.serial()));
        return all.build();
    }
}
