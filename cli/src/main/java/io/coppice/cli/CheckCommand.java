package io.coppice.cli;

import io.coppice.cli.GroupCheck.Kind;
import io.coppice.cli.GroupCheck.Look;
import io.coppice.cli.GroupCheck.Suspect;
import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.CheckRefcounts;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RefcountCheck;
import io.coppice.wire.pb.ReplicaState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `check [--deep]`: exit 0 only when all is clean.
@Command(name = "check", description = "Recount all refcounts and compare what is mapped with what is stored.")
final class CheckCommand extends Verb {
    /// Looks at what stays suspect, this far apart: writes and flips are through long before.
    private static final long PAUSE_MILLIS = 300;
    private static final int LOOKS_WITHOUT_CHANGE = 10;
    private static final int LOOKS_MAX = 200;
    private static final int DETAILS_MAX = 50;

    @Option(names = "--deep", description = "Read all data and verify its checksums as well.")
    boolean deep;

    private final Map<Kind, Long> errors = new EnumMap<>(Kind.class);
    private final List<String> details = new ArrayList<>();
    private long checksumErrors;
    private long chunksHeld;
    private long chunksMapped;
    private long replicasSkipped;

    @Override
    ExitCode run() throws Exception {
        String cluster = query(QueryRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()))
                .getStatus()
                .getCluster();
        RefcountCheck refcounts = query(
                        QueryRequest.newBuilder().setCheckRefcounts(CheckRefcounts.getDefaultInstance()))
                .getRefcounts();
        refcounts.getDetailsList().forEach(this::detail);
        List<GroupInfo> groups = groups();
        try (Census census = new Census(cluster, deep);
                Progress progress = new Progress(output(), groups.size())) {
            GroupCheck check = new GroupCheck(control(), census);
            int done = 0;
            for (GroupInfo group : groups) {
                checkGroup(check, group);
                progress.reach(++done);
            }
        }
        boolean clean = refcounts.getErrors() == 0 && checksumErrors == 0
                && errors.values().stream().allMatch(count -> count == 0);
        output().print(view(clean, refcounts), () -> text(clean, refcounts));
        return clean ? ExitCode.DONE : ExitCode.FAILED;
    }

    private List<GroupInfo> groups() throws ControlException {
        return query(QueryRequest.newBuilder().setListGroups(ListGroups.getDefaultInstance()))
                .getGroupsList();
    }

    private void checkGroup(GroupCheck check, GroupInfo group) throws ControlException, IOException {
        Look look = lookPatiently(check, group);
        Map<Suspect, String> suspects = new LinkedHashMap<>(look.suspects());
        int quiet = 0;
        for (int looks = 1; !suspects.isEmpty() && quiet < LOOKS_WITHOUT_CHANGE && looks < LOOKS_MAX; looks++) {
            pause();
            Map<Suspect, String> now = lookPatiently(check, group).suspects();
            boolean moved = suspects.entrySet().removeIf(
                    suspect -> !suspect.getValue().equals(now.get(suspect.getKey())));
            quiet = moved ? 0 : quiet + 1;
        }
        report(group, look, suspects);
    }

    /// A group whose membership just changes is asked again with its new view.
    private Look lookPatiently(GroupCheck check, GroupInfo group) throws ControlException, IOException {
        GroupInfo view = group;
        for (int attempt = 1; ; attempt++) {
            try {
                return check.look(view);
            } catch (CliException unanswered) {
                if (attempt == LOOKS_WITHOUT_CHANGE || unanswered.exitCode() != ExitCode.UNAVAILABLE) {
                    throw unanswered;
                }
                pause();
                view = groups().stream()
                        .filter(each -> each.getId() == group.getId())
                        .findFirst()
                        .orElse(view);
            }
        }
    }

    private void report(GroupInfo group, Look look, Map<Suspect, String> suspects) {
        chunksHeld += look.chunks();
        chunksMapped += look.mapped();
        replicasSkipped += group.getReplicasList().stream()
                .filter(replica -> replica.getState() != ReplicaState.REPLICA_SERVING)
                .count();
        suspects.forEach((suspect, state) -> {
            errors.merge(suspect.kind(), 1L, Long::sum);
            detail(describe(group, suspect, state));
        });
        look.badBlocks().forEach((where, blocks) -> {
            checksumErrors += blocks;
            detail("chunk " + Long.toHexString(where.chunk()) + " of group " + group.getId() + ": " + blocks
                    + " blocks with wrong checksums on store " + where.store());
        });
    }

    private static String describe(GroupInfo group, Suspect suspect, String state) {
        String chunk = "chunk " + Long.toHexString(suspect.chunk()) + " of group " + group.getId();
        return switch (suspect.kind()) {
            case MISSING -> chunk + " is mapped but missing on store " + suspect.store();
            case ORPHAN -> chunk + " is held by store " + suspect.store() + " but not mapped";
            case MISMATCH -> chunk + " differs between replicas: " + state;
        };
    }

    private void detail(String line) {
        if (details.size() < DETAILS_MAX) {
            details.add(line);
        }
    }

    private static void pause() throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    private long count(Kind kind) {
        return errors.getOrDefault(kind, 0L);
    }

    private Map<String, Object> view(boolean clean, RefcountCheck refcounts) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("clean", clean);
        view.put("refcount_errors", refcounts.getErrors());
        view.put("missing_chunks", count(Kind.MISSING));
        view.put("orphan_chunks", count(Kind.ORPHAN));
        view.put("replica_mismatches", count(Kind.MISMATCH));
        view.put("checksum_errors", checksumErrors);
        view.put("deep", deep);
        view.put("chunks_mapped", chunksMapped);
        view.put("chunks_held", chunksHeld);
        view.put("slots_mapped", refcounts.getMappedSlots());
        view.put("replicas_skipped", replicasSkipped);
        view.put("details", details);
        return view;
    }

    private String text(boolean clean, RefcountCheck refcounts) {
        Details lines = new Details()
                .line("result", clean ? "clean" : "NOT CLEAN")
                .line("refcount errors", refcounts.getErrors())
                .line("missing chunks", count(Kind.MISSING))
                .line("orphan chunks", count(Kind.ORPHAN))
                .line("replica mismatches", count(Kind.MISMATCH))
                .line("checksum errors", deep ? checksumErrors : "not looked for (--deep)")
                .line("looked at", chunksMapped + " mapped chunks, " + chunksHeld + " replicas of chunks");
        if (replicasSkipped > 0) {
            lines.line("not looked at", replicasSkipped + " replicas that do not serve now");
        }
        return details.isEmpty() ? lines.toString() : lines + "\n\n" + String.join("\n", details);
    }
}
