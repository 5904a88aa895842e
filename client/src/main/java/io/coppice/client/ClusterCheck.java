package io.coppice.client;

import com.google.protobuf.ByteString;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.model.ChunkId;
import io.coppice.tls.Credentials;
import io.coppice.wire.pb.CheckRefcounts;
import io.coppice.wire.pb.ChunkInfo;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.GetCluster;
import io.coppice.wire.pb.GetInspection;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.ListMappedChunks;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RefcountCheck;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Compares what the maps name with what the stores hold, and the replicas of each group with each
/// other. Runs beside clients that write: what looks wrong is looked at again, and only what stays
/// wrong while nothing about it changes is reported. Blocking; one use.
public final class ClusterCheck {
    /// Hears how far the check is, after each group.
    @FunctionalInterface
    public interface Progress {
        void checked(int groups, int of);
    }

    /// Looks at a group before what is left counts. A chunk between derive and flip, or between the
    /// deletion of its last map and its purge, goes away meanwhile.
    private static final int LOOKS_MAX = 8;

    /// Looks without any change after which what is left counts.
    private static final int LOOKS_UNCHANGED = 3;

    private static final long PAUSE_MILLIS = 700;
    private static final int DETAILS_MAX = 500;

    private final ControlPlane control;
    private final @Nullable Credentials credentials;
    private final boolean deep;
    private final Progress progress;
    private final List<String> details = new ArrayList<>();
    private long missing;
    private long orphans;
    private long mismatches;
    private long checksumErrors;
    private long repaired;
    private long unchecked;
    private long notServing;

    /// As below, in the clear.
    public ClusterCheck(ControlPlane control, boolean deep, Progress progress) {
        this(control, null, deep, progress);
    }

    /// @param credentials who asks the nodes; null: nobody in particular, in the clear
    /// @param deep reads and verifies all data, and repairs what is bad
    public ClusterCheck(
            ControlPlane control,
            @Nullable Credentials credentials,
            boolean deep,
            Progress progress) {
        this.control = control;
        this.credentials = credentials;
        this.deep = deep;
        this.progress = progress;
    }

    /// What is wrong with one chunk of one group, and on which replica; equal when nothing has
    /// changed.
    private record Finding(Kind kind, long chunk, String evidence) {
        enum Kind {
            MISSING,
            ORPHAN,
            MISMATCH,
            UNREACHABLE
        }
    }

    private record Held(ReplicaInfo replica, TreeMap<Long, ChunkInfo> chunks) {}

    /// Runs the check.
    ///
    /// @throws ControlException when the metadata quorum cannot be asked
    public CheckResult run() throws ControlException {
        RefcountCheck refcounts =
                control.query(
                                QueryRequest.newBuilder()
                                        .setCheckRefcounts(CheckRefcounts.getDefaultInstance())
                                        .build())
                        .getRefcounts();
        refcounts.getDetailsList().forEach(line -> detail("refcount: " + line));
        ClusterConfig cluster =
                control.query(
                                QueryRequest.newBuilder()
                                        .setGetCluster(GetCluster.getDefaultInstance())
                                        .build())
                        .getCluster()
                        .getConfig();
        List<GroupInfo> groups = groups();
        try (var lister = new ReplicaLister(cluster.getCluster(), credentials)) {
            int done = 0;
            for (GroupInfo group : groups) {
                check(lister, group.getId(), (int) (cluster.getChunkBytes() >>> 12));
                progress.checked(++done, groups.size());
            }
        }
        boolean clean =
                refcounts.getErrors() + missing + orphans + mismatches + checksumErrors + unchecked
                        == 0;
        return new CheckResult(
                clean,
                refcounts.getErrors(),
                missing,
                orphans,
                mismatches,
                checksumErrors,
                repaired,
                unchecked,
                notServing,
                details);
    }

    private List<GroupInfo> groups() throws ControlException {
        return control.query(
                        QueryRequest.newBuilder()
                                .setListGroups(ListGroups.getDefaultInstance())
                                .build())
                .getGroupsList();
    }

    /// Anew for each look: it lives for an hour.
    private ByteString inspection() throws ControlException {
        return control.query(
                        QueryRequest.newBuilder()
                                .setGetInspection(GetInspection.getDefaultInstance())
                                .build())
                .getCapability();
    }

    private void check(ReplicaLister lister, int group, int chunkBlocks) throws ControlException {
        Set<Finding> before = look(lister, group, deep, true, chunkBlocks);
        int unchanged = 1;
        for (int looks = 1;
                looks < LOOKS_MAX && unchanged < LOOKS_UNCHANGED && !before.isEmpty();
                looks++) {
            pause();
            Set<Finding> now = look(lister, group, false, false, chunkBlocks);
            boolean same = now.containsAll(before);
            before.retainAll(now);
            unchanged = same ? unchanged + 1 : 1;
        }
        before.forEach(finding -> count(group, finding));
    }

    private void count(int group, Finding finding) {
        String chunk = finding.chunk == 0 ? "" : "chunk " + new ChunkId(finding.chunk);
        switch (finding.kind) {
            case MISSING -> {
                missing++;
                detail("missing: " + chunk + " is mapped, but not on " + finding.evidence);
            }
            case ORPHAN -> {
                orphans++;
                detail("orphan: " + chunk + " is on " + finding.evidence + ", but in no map");
            }
            case MISMATCH -> {
                mismatches++;
                detail("replicas differ: " + chunk + ": " + finding.evidence);
            }
            case UNREACHABLE -> {
                unchecked++;
                detail("group " + group + " was not checked: " + finding.evidence);
            }
        }
    }

    // ------------------------------------------------------------ one look at one group

    /// @param first what does not serve now counts as not compared: a later look does not read
    ///   everything
    private Set<Finding> look(
            ReplicaLister lister, int id, boolean deepLook, boolean first, int chunkBlocks)
            throws ControlException {
        // The view anew each time: primaries may have moved since.
        GroupInfo group =
                groups().stream()
                        .filter(info -> info.getId() == id)
                        .findFirst()
                        .orElseThrow(() ->
                                new ControlException(
                                        Code.CODE_NOT_FOUND, "group " + id + " is gone"));
        lister.open(inspection());
        Set<Finding> findings = new LinkedHashSet<>();
        if (first) {
            noteNotServing(group);
        }
        List<Held> held = list(lister, group, deepLook, findings);
        Set<Long> mapped = new HashSet<>();
        control.stream(
                QueryRequest.newBuilder()
                        .setListMappedChunks(ListMappedChunks.newBuilder().setGroup(id))
                        .build(),
                part -> mapped.addAll(part.getMappedChunksList()));
        for (Held replica : held) {
            compareWithMaps(replica, mapped, findings);
        }
        compareReplicas(held, findings);
        if (deepLook) {
            for (Held replica : held) {
                repairBad(lister, group, replica, chunkBlocks);
            }
        }
        return findings;
    }

    private void noteNotServing(GroupInfo group) {
        for (ReplicaInfo replica : group.getReplicasList()) {
            if (replica.getState() != ReplicaState.REPLICA_SERVING) {
                notServing++;
                String state = replica.getState().name().replaceFirst("^REPLICA_", "");
                detail(
                        "not compared: the replica of group "
                                + group.getId()
                                + " on "
                                + where(replica)
                                + " is "
                                + state);
            }
        }
    }

    private List<Held> list(
            ReplicaLister lister, GroupInfo group, boolean deepLook, Set<Finding> findings)
            throws ControlException {
        Map<ReplicaInfo, CompletableFuture<TreeMap<Long, ChunkInfo>>> asked = new LinkedHashMap<>();
        for (ReplicaInfo replica : group.getReplicasList()) {
            if (replica.getState() == ReplicaState.REPLICA_SERVING) {
                asked.put(replica, lister.list(group, replica, deepLook));
            }
        }
        if (asked.isEmpty()) {
            findings.add(new Finding(Finding.Kind.UNREACHABLE, 0, "no replica serves"));
        }
        List<Held> held = new ArrayList<>();
        for (var entry : asked.entrySet()) {
            try {
                held.add(new Held(entry.getKey(), entry.getValue().get()));
            } catch (ExecutionException e) {
                findings.add(
                        new Finding(
                                Finding.Kind.UNREACHABLE,
                                0,
                                where(entry.getKey()) + " did not answer: " + reason(e)));
            } catch (InterruptedException e) {
                throw interrupted();
            }
        }
        return held;
    }

    private static void compareWithMaps(Held held, Set<Long> mapped, Set<Finding> findings) {
        for (long chunk : mapped) {
            if (!held.chunks.containsKey(chunk)) {
                findings.add(new Finding(Finding.Kind.MISSING, chunk, where(held.replica)));
            }
        }
        for (long chunk : held.chunks.keySet()) {
            if (!mapped.contains(chunk)) {
                findings.add(new Finding(Finding.Kind.ORPHAN, chunk, where(held.replica)));
            }
        }
    }

    /// The evidence holds versions, so a chunk that is being written gives another finding at every
    /// look.
    private static void compareReplicas(List<Held> held, Set<Finding> findings) {
        Map<Long, Held> first = new HashMap<>();
        for (Held replica : held) {
            replica.chunks.forEach((chunk, info) -> {
                Held other = first.putIfAbsent(chunk, replica);
                ChunkInfo there = other == null ? null : other.chunks.get(chunk);
                if (other != null && there != null && !isSame(there, info)) {
                    String evidence =
                            where(other.replica)
                                    + " has "
                                    + state(there)
                                    + ", "
                                    + where(replica.replica)
                                    + " has "
                                    + state(info);
                    findings.add(new Finding(Finding.Kind.MISMATCH, chunk, evidence));
                }
            });
        }
    }

    private static boolean isSame(ChunkInfo one, ChunkInfo two) {
        return one.getVersionEpoch() == two.getVersionEpoch()
                && one.getVersionSequence() == two.getVersionSequence()
                && one.getBlocks() == two.getBlocks()
                && one.getDigest() == two.getDigest();
    }

    private static String state(ChunkInfo info) {
        return info.getBlocks()
                + " blocks of version "
                + info.getVersionEpoch()
                + ":"
                + info.getVersionSequence()
                + " with digest "
                + Long.toHexString(info.getDigest());
    }

    // ------------------------------------------------------------ damaged blocks

    private void repairBad(ReplicaLister lister, GroupInfo group, Held held, int chunkBlocks)
            throws ControlException {
        List<ChunkInfo> bad =
                held.chunks.values().stream().filter(info -> info.getBadBlocks() > 0).toList();
        if (bad.isEmpty()) {
            return;
        }
        try {
            for (ChunkInfo info : bad) {
                checksumErrors += info.getBadBlocks();
                detail(
                        "checksum: "
                                + info.getBadBlocks()
                                + " blocks of chunk "
                                + new ChunkId(info.getChunk())
                                + " on "
                                + where(held.replica)
                                + " do not match");
                lister.repair(group, held.replica, info.getChunk(), chunkBlocks).get();
            }
            TreeMap<Long, ChunkInfo> after = lister.list(group, held.replica, true).get();
            for (ChunkInfo info : bad) {
                ChunkInfo now = after.get(info.getChunk());
                int left = now == null ? 0 : now.getBadBlocks();
                repaired += Math.max(0, info.getBadBlocks() - left);
            }
        } catch (ExecutionException e) {
            detail("repair on " + where(held.replica) + " failed: " + reason(e));
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    // ------------------------------------------------------------ small print

    private void detail(String line) {
        if (details.size() < DETAILS_MAX) {
            details.add(line);
        } else if (details.size() == DETAILS_MAX) {
            details.add("and more");
        }
    }

    private static String where(ReplicaInfo replica) {
        return "store " + replica.getStore() + " of node " + replica.getNode();
    }

    private static String reason(ExecutionException e) {
        Throwable cause = e.getCause();
        return String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
    }

    private static void pause() throws ControlException {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private static ControlException interrupted() {
        Thread.currentThread().interrupt();
        return new ControlException(Code.CODE_UNAVAILABLE, "interrupted");
    }
}
