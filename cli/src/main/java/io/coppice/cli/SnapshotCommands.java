package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListSnapshots;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RollbackVolume;
import io.coppice.wire.pb.SnapshotInfo;
import io.coppice.wire.pb.VolumeInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `snapshot ...`
@Command(
        name = "snapshot",
        description = "Freeze volumes, list and delete what was frozen, roll back to it.",
        subcommands = {
            SnapshotCommands.Create.class,
            SnapshotCommands.Ls.class,
            SnapshotCommands.Remove.class,
            KeepCommands.SetSnapshot.class,
            SnapshotCommands.Rollback.class
        })
final class SnapshotCommands extends Noun {

    @Command(
            name = "create",
            description = "Freeze volumes as they are now; several names make one exact cut.")
    static final class Create extends Verb {
        @Parameters(paramLabel = "VOLUME@SNAPSHOT", arity = "1..*")
        List<String> names = List.of();

        @Option(names = "--label", paramLabel = "K=V", description = "A label; may be repeated.")
        List<String> labels = List.of();

        @Mixin Expiry expiry = new Expiry();

        @Override
        ExitCode run() throws Exception {
            var command =
                    CreateSnapshots.newBuilder()
                            .putAllLabels(Labels.parse(labels))
                            .setTtlMillis(expiry.ttlMillis())
                            .setExpiresMillis(expiry.expiresMillis());
            for (String name : new LinkedHashSet<>(names)) {
                command.addSnapshots(SourceName.parseSnapshot(name).toProto());
            }
            long start = System.nanoTime();
            var response = execute(ExecuteRequest.newBuilder().setCreateSnapshots(command));
            long callerMicros = (System.nanoTime() - start) / 1000;
            Map<String, Object> view = new LinkedHashMap<>();
            view.put("snapshots", Views.each(response.getSnapshotsList(), Views::snapshot));
            view.put("leader_micros", response.getElapsedMicros());
            view.put("caller_micros", callerMicros);
            output().done(
                            view,
                            () ->
                                    "created "
                                            + String.join(", ", names)
                                            + " in "
                                            + Durations.showMicros(response.getElapsedMicros())
                                            + " (leader), "
                                            + Durations.showMicros(callerMicros)
                                            + " (caller)");
            return ExitCode.DONE;
        }
    }

    @Command(name = "ls", description = "List snapshots, of one volume or of all.")
    static final class Ls extends Verb {
        @Parameters(paramLabel = "VOLUME", arity = "0..1")
        @Nullable String volume;

        @Override
        ExitCode run() throws Exception {
            var query = ListSnapshots.newBuilder();
            if (volume != null) {
                query.setVolume(SourceName.volumeName(volume));
            }
            var response = query(QueryRequest.newBuilder().setListSnapshots(query));
            List<SnapshotInfo> snapshots = new ArrayList<>(response.getSnapshotsList());
            snapshots.sort(
                    Comparator.comparing(SnapshotInfo::getVolume)
                            .thenComparing(SnapshotInfo::getId));
            output().print(Views.each(snapshots, Views::snapshot), () -> table(snapshots));
            return ExitCode.DONE;
        }

        private static String table(List<SnapshotInfo> snapshots) {
            Table table =
                    new Table(
                            "NAME", "SIZE", "CHUNKS", "GENERATION", "CREATED", "EXPIRES", "LABELS");
            snapshots.forEach(snapshot ->
                    table.row(
                            snapshot.getVolume() + "@" + snapshot.getName(),
                            Sizes.show(snapshot.getSize()),
                            snapshot.getMappedChunks(),
                            snapshot.getGeneration(),
                            Times.show(snapshot.getCreatedMillis()),
                            snapshot.getProtected()
                                    ? "protected"
                                    : Times.show(snapshot.getExpiresMillis()),
                            Labels.show(snapshot.getLabelsMap())));
            return table.toString();
        }
    }

    @Command(
            name = "rm",
            description = "Delete snapshots; always allowed, clones do not need them.")
    static final class Remove extends Verb {
        @Parameters(paramLabel = "VOLUME@SNAPSHOT", arity = "1..*")
        List<String> names = List.of();

        @Override
        ExitCode run() throws Exception {
            List<SourceName> sources = names.stream().map(SourceName::parseSnapshot).toList();
            List<Map<String, Object>> removed = new ArrayList<>();
            for (SourceName source : sources) {
                execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteSnapshot(
                                        DeleteSnapshot.newBuilder().setSnapshot(source.toProto())));
                removed.add(Map.of("name", source.toString(), "state", "deleted"));
            }
            output().done(removed, () -> "deleted " + String.join(", ", names));
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "rollback",
            description = "Make the volume what the snapshot is; later changes are dropped.")
    static final class Rollback extends Verb {
        @Parameters(paramLabel = "VOLUME@SNAPSHOT")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            SourceName source = SourceName.parseSnapshot(name);
            var command = RollbackVolume.newBuilder().setSnapshot(source.toProto());
            var response = execute(ExecuteRequest.newBuilder().setRollbackVolume(command));
            VolumeInfo volume = VolumeCommands.only(response.getVolumesList(), source.volume());
            output().done(
                            Views.changed(volume),
                            () -> source.volume() + " is again what " + source + " is");
            return ExitCode.DONE;
        }
    }
}
