package io.coppice.client;

import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.netty.util.collection.IntObjectHashMap;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Where each group is, as far as the quorum has told. On the event loop.
final class Views {
    /// One group. `primary` null: none serves now. Writes that were acknowledged before `lossEpoch`
    /// and not flushed may be lost.
    record Group(
            int id, long epoch, long lossEpoch, @Nullable String primary, List<String> serving) {
        /// Who is to answer `session`'s reads of a sealed chunk: all replicas have their share of
        /// the chunks, another one for each client.
        String reader(long chunk, long session) {
            long hash = (chunk ^ session) * 0x9E3779B97F4A7C15L;
            return serving.get((int) Long.remainderUnsigned(hash ^ hash >>> 32, serving.size()));
        }
    }

    private final IntObjectHashMap<Group> groups = new IntObjectHashMap<>();

    /// Ids of groups with a primary, ascending, so that every client places a new chunk alike.
    private int[] placeable = {};

    @Nullable Group group(int id) {
        return groups.get(id);
    }

    int[] placeable() {
        return placeable;
    }

    /// Takes the newer view of each group; the groups that changed.
    ///
    /// @param lossy runs if one of them may have lost something meanwhile
    Set<Integer> update(GroupViews views, Runnable lossy) {
        Set<Integer> changed = new LinkedHashSet<>();
        if (views.getComplete()) {
            groups.values()
                    .removeIf(known ->
                            views.getGroupsList().stream()
                                    .noneMatch(info -> info.getId() == known.id()));
        }
        for (GroupInfo info : views.getGroupsList()) {
            Group known = groups.get(info.getId());
            if (known == null || known.epoch() <= info.getEpoch()) {
                if (known != null && known.lossEpoch() < info.getLossEpoch()) {
                    lossy.run();
                }
                groups.put(info.getId(), of(info));
                changed.add(info.getId());
            }
        }
        placeable =
                groups.values().stream()
                        .filter(group -> group.primary() != null)
                        .mapToInt(Group::id)
                        .sorted()
                        .toArray();
        return changed;
    }

    /// The group for a new chunk; -1: none serves.
    int place(long volume, long index, int attempt) {
        int[] candidates = placeable;
        if (candidates.length == 0) {
            return -1;
        }
        long hash = (volume * 0x9E3779B97F4A7C15L + index) * 0xBF58476D1CE4E5B9L;
        hash ^= hash >>> 31;
        return candidates[(int) Long.remainderUnsigned(hash + attempt, candidates.length)];
    }

    Set<String> servingAddresses() {
        Set<String> addresses = new LinkedHashSet<>();
        groups.values().forEach(group -> addresses.addAll(group.serving()));
        return addresses;
    }

    /// Ids of groups that serve, `count` at most.
    int[] first(int count) {
        return Arrays.copyOf(placeable, Math.min(count, placeable.length));
    }

    private static Group of(GroupInfo info) {
        String primary = null;
        Set<String> serving = new LinkedHashSet<>();
        for (ReplicaInfo replica : info.getReplicasList()) {
            if (replica.getState() == ReplicaState.REPLICA_SERVING) {
                serving.add(replica.getAddress());
                if (primary == null || replica.getStore() == info.getPrimary()) {
                    primary = replica.getAddress();
                }
            }
        }
        return new Group(
                info.getId(),
                info.getEpoch(),
                info.getLossEpoch(),
                info.getPrimary() == 0 ? null : primary,
                List.copyOf(serving));
    }
}
