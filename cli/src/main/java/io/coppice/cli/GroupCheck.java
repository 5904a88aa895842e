package io.coppice.cli;

import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ListMappedChunks;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Compares, for one group, the chunks that maps name with the chunks that stores hold, and replicas with each
/// other. The cluster works on meanwhile: a chunk that is being written, flipped in or purged looks wrong for a
/// moment. So one look gives suspects; only what is still suspect at later looks is an error.
final class GroupCheck {
    enum Kind {
        MISSING,
        ORPHAN,
        MISMATCH
    }

    /// @param chunk id of the chunk
    /// @param store where, 0: on all
    record Suspect(Kind kind, long chunk, int store) {}

    /// What one look showed.
    ///
    /// @param suspects suspect -> the state in which it was seen; another state means that it is in motion
    /// @param badBlocks blocks whose data does not fit its checksum, by store and chunk
    record Look(Map<Suspect, String> suspects, Map<Suspect, Integer> badBlocks, long chunks, long mapped) {}

    private final ControlClient control;
    private final Census census;

    GroupCheck(ControlClient control, Census census) {
        this.control = control;
        this.census = census;
    }

    Look look(GroupInfo group) throws ControlException, IOException {
        Set<Long> before = mapped(group);
        Map<Integer, Map<Long, ChunkInfo>> held = new TreeMap<>();
        for (ReplicaInfo replica : group.getReplicasList()) {
            if (replica.getState() == ReplicaState.REPLICA_SERVING) {
                held.put(replica.getStore(), census.chunks(group, replica));
            }
        }
        Set<Long> after = mapped(group);
        Map<Suspect, String> suspects = new HashMap<>();
        Map<Suspect, Integer> badBlocks = new HashMap<>();
        long chunks = 0;
        for (Map.Entry<Integer, Map<Long, ChunkInfo>> store : held.entrySet()) {
            compareWithMaps(store.getKey(), store.getValue(), before, after, suspects);
            chunks += store.getValue().size();
            store.getValue().forEach((id, chunk) -> {
                if (chunk.getBadBlocks() > 0) {
                    badBlocks.put(new Suspect(Kind.MISMATCH, id, store.getKey()), chunk.getBadBlocks());
                }
            });
        }
        compareReplicas(new ArrayList<>(held.values()), suspects);
        return new Look(suspects, badBlocks, chunks, after.size());
    }

    private Set<Long> mapped(GroupInfo group) throws ControlException {
        Set<Long> mapped = new HashSet<>();
        control.stream(
                QueryRequest.newBuilder()
                        .setListMappedChunks(ListMappedChunks.newBuilder().setGroup(group.getId()))
                        .build(),
                page -> mapped.addAll(page.getMappedChunksList()));
        return mapped;
    }

    private static void compareWithMaps(
            int store, Map<Long, ChunkInfo> held, Set<Long> before, Set<Long> after, Map<Suspect, String> suspects) {
        for (Long chunk : before) {
            if (!held.containsKey(chunk) && after.contains(chunk)) {
                suspects.put(new Suspect(Kind.MISSING, chunk, store), "");
            }
        }
        for (Long chunk : held.keySet()) {
            if (!before.contains(chunk) && !after.contains(chunk)) {
                suspects.put(new Suspect(Kind.ORPHAN, chunk, store), "");
            }
        }
    }

    private static void compareReplicas(List<Map<Long, ChunkInfo>> replicas, Map<Suspect, String> suspects) {
        if (replicas.size() < 2) {
            return;
        }
        for (Map.Entry<Long, ChunkInfo> chunk : replicas.getFirst().entrySet()) {
            String first = describe(chunk.getValue());
            StringBuilder states = new StringBuilder(first);
            boolean equal = true;
            for (Map<Long, ChunkInfo> other : replicas.subList(1, replicas.size())) {
                ChunkInfo there = other.get(chunk.getKey());
                if (there != null) {
                    equal &= first.equals(describe(there));
                    states.append(" / ").append(describe(there));
                }
            }
            if (!equal) {
                suspects.put(new Suspect(Kind.MISMATCH, chunk.getKey(), 0), states.toString());
            }
        }
    }

    /// Version first: replicas of the same version have to hold the same blocks with the same checksums.
    private static String describe(ChunkInfo chunk) {
        return "version " + chunk.getVersionEpoch() + "." + chunk.getVersionSequence() + ", " + chunk.getBlocks()
                + " blocks, digest " + Long.toHexString(chunk.getDigest());
    }
}
