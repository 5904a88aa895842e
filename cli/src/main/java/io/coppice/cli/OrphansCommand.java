package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.GetLineage;
import io.coppice.wire.pb.LineageEntry;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.VolumeInfo;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `policy orphans`: clones that nobody may miss.
@Command(
        name = "orphans",
        description = "Clones without an end that nobody uses, or whose origin is gone.")
final class OrphansCommand extends Verb {
    @Option(
            names = "--idle",
            paramLabel = "DURATION",
            description = "Nobody attached them for so long (30d).")
    String idle = "30d";

    /// @param why for people
    record Orphan(VolumeInfo volume, String why) {}

    @Override
    ExitCode run() throws Exception {
        long since = Instant.now().minus(Durations.parse(idle)).toEpochMilli();
        List<Orphan> orphans =
                find(
                        query(
                                        QueryRequest.newBuilder()
                                                .setListVolumes(ListVolumes.getDefaultInstance()))
                                .getVolumesList(),
                        query(
                                        QueryRequest.newBuilder()
                                                .setGetLineage(GetLineage.getDefaultInstance()))
                                .getLineageList(),
                        since);
        output().print(Views.each(orphans, OrphansCommand::view), () -> table(orphans));
        return ExitCode.DONE;
    }

    /// @param since who was used before is not used, wall clock
    static List<Orphan> find(List<VolumeInfo> volumes, List<LineageEntry> lineage, long since) {
        Map<Long, LineageEntry> byId = new HashMap<>();
        lineage.forEach(entry -> byId.put(entry.getId(), entry));
        var orphans = new ArrayList<Orphan>();
        for (VolumeInfo volume : volumes) {
            boolean stays =
                    !volume.getOrigin().isEmpty()
                            && volume.getExpiresMillis() == 0
                            && !volume.getProtected();
            if (stays && volume.getUsedMillis() < since) {
                orphans.add(new Orphan(volume, "unused"));
            } else if (stays && originIsGone(byId, volume.getId())) {
                orphans.add(new Orphan(volume, "its origin is gone"));
            }
        }
        return orphans;
    }

    /// Of what a volume was cloned from, or of what that is a snapshot of.
    private static boolean originIsGone(Map<Long, LineageEntry> byId, long volume) {
        LineageEntry own = byId.get(volume);
        LineageEntry origin = own == null ? null : byId.get(own.getParent());
        if (origin != null && origin.getSnapshot()) {
            origin = byId.get(origin.getParent());
        }
        return origin == null || origin.getDeleted();
    }

    private static Map<String, Object> view(Orphan orphan) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", orphan.volume().getName());
        view.put("why", orphan.why());
        view.put("origin", orphan.volume().getOrigin());
        view.put("project", orphan.volume().getProject());
        view.put("last_used", Views.time(orphan.volume().getUsedMillis()));
        view.put("own_bytes", orphan.volume().getOwnBytes());
        return Views.complete(view);
    }

    private static String table(List<Orphan> orphans) {
        Table table = new Table("NAME", "WHY", "ORIGIN", "PROJECT", "LAST USED", "OWN");
        orphans.forEach(orphan ->
                table.row(
                        orphan.volume().getName(),
                        orphan.why(),
                        orphan.volume().getOrigin(),
                        orphan.volume().getProject(),
                        Times.show(orphan.volume().getUsedMillis()),
                        Sizes.show(orphan.volume().getOwnBytes())));
        return table.toString();
    }
}
