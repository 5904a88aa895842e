package io.coppice.cli;

import io.coppice.wire.pb.AttachmentInfo;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.DiffExtent;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.LineageEntry;
import io.coppice.wire.pb.MetadataServerInfo;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.ScrubReport;
import io.coppice.wire.pb.SnapshotInfo;
import io.coppice.wire.pb.StoreInfo;
import io.coppice.wire.pb.Usage;
import io.coppice.wire.pb.VolumeInfo;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What the quorum answers, as plain data under the names that scripts rely on: snake_case, sizes
/// in bytes, times in RFC 3339, ids of sessions in hexadecimal. Fields may be added here, never
/// renamed.
final class Views {
    private Views() {}

    static <T> List<Map<String, Object>> each(
            List<T> infos, Function<T, Map<String, Object>> view) {
        return infos.stream().map(view).toList();
    }

    static Map<String, Object> volume(VolumeInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", info.getName());
        view.put("id", info.getId());
        view.put("size", info.getSize());
        view.put("generation", info.getGeneration());
        view.put("mapped_bytes", info.getMappedBytes());
        view.put("own_bytes", info.getOwnBytes());
        view.put("shared_bytes", info.getSharedBytes());
        view.put("origin", orNull(info.getOrigin()));
        view.put("created", time(info.getCreatedMillis()));
        view.put("expires", time(info.getExpiresMillis()));
        view.put("labels", new TreeMap<>(info.getLabelsMap()));
        view.put("state", info.getState());
        view.put("deleted", time(info.getDeletedMillis()));
        view.put("mapped_chunks", info.getMappedChunks());
        view.put("own_chunks", info.getOwnChunks());
        view.put("divergence_percent", percent(info.getDivergence()));
        view.put("project", info.getProject());
        view.put("owner", orNull(info.getOwner()));
        view.put("protected", info.getProtected());
        view.put("confined", info.getConfined());
        view.put("policy", orNull(info.getPolicy()));
        view.put("last_used", time(info.getUsedMillis()));
        view.put("warned", time(info.getWarnedMillis()));
        view.put("archived", time(info.getArchivedMillis()));
        view.put("diverged", time(info.getDivergedMillis()));
        view.put("key", orNull(info.getKey()));
        view.put("key_wrapped_by", orNull(info.getKeyWrappedBy()));
        view.put("data_key", orNull(info.getDataKey()));
        view.put("key_erased", info.getKeyErased());
        return complete(view);
    }

    /// What a command made or changed. Its bytes were not counted: that would make ten thousand
    /// clones take as long as what they hold, so they are left out instead of told as none.
    static Map<String, Object> changed(VolumeInfo info) {
        Map<String, Object> view = volume(info);
        List.of("mapped_bytes", "own_bytes", "shared_bytes", "own_chunks", "divergence_percent")
                .forEach(view::remove);
        return view;
    }

    static Map<String, Object> snapshot(SnapshotInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", info.getVolume() + "@" + info.getName());
        view.put("volume", info.getVolume());
        view.put("snapshot", info.getName());
        view.put("id", info.getId());
        view.put("size", info.getSize());
        view.put("generation", info.getGeneration());
        view.put("created", time(info.getCreatedMillis()));
        view.put("mapped_chunks", info.getMappedChunks());
        view.put("labels", new TreeMap<>(info.getLabelsMap()));
        view.put("expires", time(info.getExpiresMillis()));
        view.put("protected", info.getProtected());
        view.put("rule", orNull(info.getRule()));
        return complete(view);
    }

    static Map<String, Object> lineage(LineageEntry entry) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", entry.getId());
        view.put("name", entry.getName());
        view.put("kind", entry.getSnapshot() ? "snapshot" : "volume");
        view.put("parent", entry.getParent() == 0 ? null : entry.getParent());
        view.put("deleted", entry.getDeleted());
        view.put("in_trash", entry.getInTrash());
        view.put("created", time(entry.getCreatedMillis()));
        view.put("deleted_at", time(entry.getDeletedMillis()));
        view.put("mapped_bytes", entry.getMappedBytes());
        view.put("own_bytes", entry.getOwnBytes());
        view.put("shared_bytes", entry.getSharedBytes());
        return complete(view);
    }

    static Map<String, Object> usage(Usage usage) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("provisioned_bytes", usage.getProvisionedBytes());
        view.put("logical_bytes", usage.getLogicalBytes());
        view.put("stored_bytes", usage.getStoredBytes());
        view.put("raw_bytes", usage.getRawBytes());
        view.put("savings_ratio", usage.getSavingsRatio());
        view.put("volumes", each(usage.getVolumesList(), Views::volumeUsage));
        return complete(view);
    }

    static Map<String, Object> volumeUsage(VolumeInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", info.getName());
        view.put("provisioned_bytes", info.getSize());
        view.put("mapped_bytes", info.getMappedBytes());
        view.put("own_bytes", info.getOwnBytes());
        view.put("shared_bytes", info.getSharedBytes());
        view.put("origin", orNull(info.getOrigin()));
        view.put("divergence_percent", percent(info.getDivergence()));
        return complete(view);
    }

    static Map<String, Object> extent(DiffExtent extent) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("offset", extent.getOffset());
        view.put("length", extent.getLength());
        view.put("zero", extent.getZero());
        return complete(view);
    }

    static Map<String, Object> node(NodeInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", info.getId());
        view.put("name", info.getName());
        view.put("address", info.getAddress());
        view.put("state", info.getState());
        view.put("stores", each(info.getStoresList(), Views::store));
        view.put(
                "used_bytes",
                info.getStoresList().stream().mapToLong(StoreInfo::getUsedBytes).sum());
        view.put(
                "capacity_bytes",
                info.getStoresList().stream().mapToLong(StoreInfo::getCapacityBytes).sum());
        view.put("incarnation", info.getIncarnation());
        view.put("pid", info.getPid());
        view.put("rack", info.getRack());
        view.put("http_address", info.getHttpAddress());
        return complete(view);
    }

    static Map<String, Object> metadataServer(MetadataServerInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", info.getId());
        view.put("role", info.getRole());
        view.put("state", info.getState());
        view.put("raft_address", info.getRaftAddress());
        view.put("control_address", info.getControlAddress());
        view.put("commit_index", info.getCommitIndex());
        view.put("silent_millis", info.getSilentMillis());
        return complete(view);
    }

    private static Map<String, Object> store(StoreInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", info.getId());
        view.put("uuid", info.getUuid());
        view.put("state", info.getState());
        view.put("used_bytes", info.getUsedBytes());
        view.put("live_bytes", info.getLiveBytes());
        view.put("capacity_bytes", info.getCapacityBytes());
        view.put("groups", info.getGroups());
        view.put("scrub", scrub(info.getScrub()));
        return complete(view);
    }

    private static Map<String, Object> scrub(ScrubReport info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("left_bytes", info.getLeftBytes());
        view.put("errors", info.getErrors());
        view.put("repaired", info.getRepaired());
        view.put("unrepaired", info.getUnrepaired());
        view.put("passes", info.getPasses());
        view.put("finished", time(info.getFinishedMillis()));
        return complete(view);
    }

    static Map<String, Object> group(GroupInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", info.getId());
        view.put("epoch", info.getEpoch());
        view.put("state", info.getState());
        view.put("replicas", each(info.getReplicasList(), Views::replica));
        view.put("primary", info.getPrimary() == 0 ? null : info.getPrimary());
        return complete(view);
    }

    private static Map<String, Object> replica(ReplicaInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("store", info.getStore());
        view.put("state", replicaState(info));
        view.put("node", info.getNode());
        view.put("address", info.getAddress());
        return complete(view);
    }

    /// A serving replica of a node that is drained serves on, and is being replaced.
    static String replicaState(ReplicaInfo info) {
        boolean draining = info.getDraining() && info.getState() == ReplicaState.REPLICA_SERVING;
        return draining ? "draining" : replicaState(info.getState());
    }

    private static String replicaState(ReplicaState state) {
        return state.name().replace("REPLICA_", "").toLowerCase(Locale.ROOT);
    }

    static Map<String, Object> attachment(AttachmentInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("volume", info.getVolume());
        view.put("volume_id", info.getVolumeId());
        view.put("client", info.getClient());
        view.put("session", Long.toHexString(info.getSession()));
        view.put("fence", info.getFence());
        view.put("since", time(info.getSinceMillis()));
        view.put("connected", info.getConnected());
        return complete(view);
    }

    static Map<String, Object> status(ClusterStatus status) {
        Map<String, @Nullable Object> repair = new LinkedHashMap<>();
        repair.put("bytes_left", status.getRepairBytesLeft());
        repair.put("eta_seconds", status.getRepairEtaSeconds());
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("health", status.getHealth());
        view.put("leader", orNull(status.getLeader()));
        view.put("groups", new TreeMap<>(status.getGroupsMap()));
        view.put("repair", repair);
        view.put("cluster", status.getCluster());
        view.put("initialized", status.getInitialized());
        view.put("servers", List.copyOf(status.getServersList()));
        view.put("nodes_up", status.getNodesUp());
        view.put("nodes", status.getNodes());
        view.put("used_bytes", status.getUsedBytes());
        view.put("capacity_bytes", status.getCapacityBytes());
        view.put("volumes", status.getVolumes());
        view.put("snapshots", status.getSnapshots());
        view.put("log_index", status.getLogIndex());
        view.put("flips", status.getFlips());
        view.put("entries_with_flips", status.getEntriesWithFlips());
        return complete(view);
    }

    static @Nullable String time(long epochMillis) {
        return epochMillis == 0 ? null : Instant.ofEpochMilli(epochMillis).toString();
    }

    static double percent(double ratio) {
        return Math.round(ratio * 10_000) / 100.0;
    }

    static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }

    /// Maps of this class may hold null, which the type cannot say: the writers expect it.
    @SuppressWarnings({"unchecked", "NullAway"})
    static Map<String, Object> complete(Map<String, @Nullable Object> view) {
        return (Map<String, Object>) (Map<?, ?>) view;
    }
}
