package io.coppice.sim;

import io.coppice.check.Violation;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.RefcountReport;
import io.coppice.node.lane.Lane;
import io.coppice.node.store.ChunkDigest;
import io.coppice.node.store.ChunkSummary;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/// What must hold once everything is at rest: all metadata servers agree, refcounts are what the
/// maps say, every store holds what is mapped and nothing else, and replicas are equal.
final class Inspection {
    private final SimLog log;
    private final List<SimNode> nodes;
    private final boolean noRot;

    /// @param noRot no bit was flipped, so no block may be bad
    Inspection(SimLog log, List<SimNode> nodes, boolean noRot) {
        this.log = log;
        this.nodes = nodes;
        this.noRot = noRot;
    }

    void inspect() {
        quorumAgrees();
        SimLog.Member leader = Objects.requireNonNull(log.leader());
        MetadataView view = leader.state().view();
        RefcountReport counts = view.recount();
        if (counts.errors() != 0) {
            throw new Violation("refcounts differ from a recount: " + counts);
        }
        Map<Integer, Lane> lanes = new TreeMap<>();
        for (SimNode node : nodes) {
            node.lanes().forEach(lane -> lanes.put(lane.storeId(), lane));
        }
        for (Group group : view.groups()) {
            var mapped = new TreeSet<Long>();
            view.mappedChunksOf(group.id(), mapped::add);
            var wrong = new ArrayList<String>();
            group.replicas()
                    .forEach(replica -> {
                        Lane lane = Objects.requireNonNull(lanes.get(replica.store()));
                        holdsWhatIsMapped(group.id(), lane, mapped).ifPresent(wrong::add);
                    });
            if (!wrong.isEmpty()) {
                throw new Violation("group " + group.id() + ": " + String.join("; ", wrong));
            }
            replicasAreEqual(group, lanes, mapped);
        }
        lanes.values().forEach(lane -> holdsNoOthers(lane, view));
    }

    /// A group that left a store has left nothing behind.
    private static void holdsNoOthers(Lane lane, MetadataView view) {
        for (int id : lane.store().groups()) {
            boolean placed =
                    view.group(id).flatMap(group -> group.replica(lane.storeId())).isPresent();
            int chunks = lane.store().list(id, 0, Integer.MAX_VALUE).size();
            if (!placed && chunks > 0) {
                throw new Violation(
                        "store "
                                + lane.storeId()
                                + " leaks "
                                + chunks
                                + " chunks of group "
                                + id
                                + ", which has left it");
            }
        }
    }

    private void quorumAgrees() {
        byte[] first = null;
        for (SimLog.Member member : log.members()) {
            member.applyAll(); // a follower applies a little later than its leader
            var bytes = new ByteArrayOutputStream();
            try (var capture = member.capture()) {
                capture.writeTo(bytes);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
            if (first == null) {
                first = bytes.toByteArray();
            } else if (!Arrays.equals(first, bytes.toByteArray())) {
                throw new Violation("the metadata servers' states differ");
            }
        }
    }

    private static Optional<String> holdsWhatIsMapped(int group, Lane lane, TreeSet<Long> mapped) {
        var held = new TreeSet<Long>();
        for (ChunkSummary chunk : lane.store().list(group, 0, Integer.MAX_VALUE)) {
            held.add(chunk.chunk());
        }
        if (!held.equals(mapped)) {
            var missing = new TreeSet<>(mapped);
            missing.removeAll(held);
            held.removeAll(mapped);
            return Optional.of(
                    "store " + lane.storeId() + " leaks " + hex(held) + ", misses " + hex(missing));
        }
        return Optional.empty();
    }

    private static List<String> hex(TreeSet<Long> chunks) {
        return chunks.stream().map(Long::toHexString).toList();
    }

    private void replicasAreEqual(Group group, Map<Integer, Lane> lanes, TreeSet<Long> mapped) {
        for (long chunk : mapped) {
            ChunkDigest first = null;
            for (var replica : group.replicas()) {
                Lane lane = Objects.requireNonNull(lanes.get(replica.store()));
                ChunkDigest digest;
                try {
                    digest = Objects.requireNonNull(lane.store().deepVerify(chunk));
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
                if (noRot && digest.bad().length > 0) {
                    throw new Violation(
                            "store "
                                    + replica.store()
                                    + ", chunk "
                                    + Long.toHexString(chunk)
                                    + ": bad blocks "
                                    + Arrays.toString(digest.bad()));
                }
                if (first == null) {
                    first = digest;
                } else if (noRot && digest.digest() != first.digest()) {
                    throw new Violation(
                            "replicas of chunk "
                                    + Long.toHexString(chunk)
                                    + " of group "
                                    + group.id()
                                    + " differ");
                }
            }
        }
    }
}
