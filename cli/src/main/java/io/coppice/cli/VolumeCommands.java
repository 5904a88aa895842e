package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListTrash;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RenameVolume;
import io.coppice.wire.pb.RestoreVolume;
import io.coppice.wire.pb.ShowVolume;
import io.coppice.wire.pb.VolumeInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `volume ...`
@Command(
        name = "volume",
        description = "Create, list, change and delete volumes.",
        subcommands = {
            VolumeCommands.Create.class,
            VolumeCommands.Ls.class,
            VolumeCommands.Show.class,
            VolumeCommands.Remove.class,
            VolumeCommands.Resize.class,
            VolumeCommands.Rename.class,
            KeepCommands.SetVolume.class,
            KeepCommands.Reset.class,
            KeepCommands.Swap.class,
            KeyCommands.Rekey.class,
            KeyCommands.Erase.class,
            VolumeCommands.Trash.class
        })
final class VolumeCommands extends Noun {

    /// What the quorum answered to a command that makes or changes one volume.
    static VolumeInfo only(List<VolumeInfo> volumes, String name) {
        if (volumes.isEmpty()) {
            throw new CliException(ExitCode.NOT_FOUND, "no volume is called '" + name + "'");
        }
        return volumes.getFirst();
    }

    static String table(List<VolumeInfo> volumes) {
        Table table =
                new Table(
                        "NAME", "SIZE", "MAPPED", "OWN", "SHARED", "ORIGIN", "CREATED", "EXPIRES",
                        "LABELS");
        volumes.stream()
                .sorted(Comparator.comparing(VolumeInfo::getName))
                .forEach(volume ->
                        table.row(
                                volume.getName(),
                                Sizes.show(volume.getSize()),
                                Sizes.show(volume.getMappedBytes()),
                                Sizes.show(volume.getOwnBytes()),
                                Sizes.show(volume.getSharedBytes()),
                                volume.getOrigin().isEmpty() ? "-" : volume.getOrigin(),
                                Times.show(volume.getCreatedMillis()),
                                Times.show(volume.getExpiresMillis()),
                                Labels.show(volume.getLabelsMap())));
        return table.toString();
    }

    private static List<Map<String, Object>> byName(List<VolumeInfo> volumes) {
        List<VolumeInfo> sorted = new ArrayList<>(volumes);
        sorted.sort(Comparator.comparing(VolumeInfo::getName));
        return Views.each(sorted, Views::volume);
    }

    @Command(name = "create", description = "Make an empty volume.")
    static final class Create extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(
                names = "--size",
                required = true,
                paramLabel = "SIZE",
                description = "Such as 10G; whole 4 KiB.")
        String size = "";

        @Option(names = "--label", paramLabel = "K=V", description = "A label; may be repeated.")
        List<String> labels = List.of();

        @Option(
                names = "--project",
                paramLabel = "PROJECT",
                description = "Where it belongs (default).")
        String project = "";

        @Option(
                names = "--encrypt",
                paramLabel = "KEY",
                description = "What it holds is encrypted here, with a data key that KEY protects.")
        @Nullable String encrypt;

        @Mixin Expiry expiry = new Expiry();

        @Override
        ExitCode run() throws Exception {
            var command =
                    CreateVolume.newBuilder()
                            .setName(SourceName.volumeName(name))
                            .setSize(Sizes.parseVolume(size))
                            .putAllLabels(Labels.parse(labels))
                            .setProject(project)
                            .setTtlMillis(expiry.ttlMillis())
                            .setExpiresMillis(expiry.expiresMillis());
            if (encrypt != null) {
                command.setKey(main().keys().newVolumeKey(encrypt));
            }
            var response = execute(ExecuteRequest.newBuilder().setCreateVolume(command));
            VolumeInfo made = only(response.getVolumesList(), name);
            output().done(
                            Views.changed(made),
                            () -> "created " + name + ", " + Sizes.show(made.getSize()));
            return ExitCode.DONE;
        }
    }

    @Command(name = "ls", description = "List volumes.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            var response =
                    query(
                            QueryRequest.newBuilder()
                                    .setListVolumes(ListVolumes.getDefaultInstance()));
            output().print(
                            byName(response.getVolumesList()),
                            () -> table(response.getVolumesList()));
            return ExitCode.DONE;
        }
    }

    @Command(name = "show", description = "Show one volume.")
    static final class Show extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            var query = ShowVolume.newBuilder().setName(SourceName.volumeName(name));
            var response = query(QueryRequest.newBuilder().setShowVolume(query));
            VolumeInfo volume = only(response.getVolumesList(), name);
            output().print(Views.volume(volume), () -> details(volume));
            return ExitCode.DONE;
        }

        private static String divergence(VolumeInfo volume) {
            long since = volume.getDivergedMillis();
            return Views.percent(volume.getDivergence())
                    + " %"
                    + (since == 0 ? "" : ", told of since " + Times.show(since));
        }

        private static String key(VolumeInfo volume) {
            if (volume.getDataKey().isEmpty()) {
                return "-";
            }
            return (volume.getKeyErased() ? "erased, was " : "")
                    + volume.getKey()
                    + " "
                    + volume.getKeyWrappedBy()
                    + ", data key "
                    + volume.getDataKey();
        }

        private static String details(VolumeInfo volume) {
            return new Details()
                    .line("name", volume.getName())
                    .line("id", volume.getId())
                    .line(
                            "size",
                            Sizes.show(volume.getSize()) + " (" + volume.getSize() + " bytes)")
                    .line("generation", volume.getGeneration())
                    .line(
                            "mapped",
                            Sizes.show(volume.getMappedBytes())
                                    + " in "
                                    + volume.getMappedChunks()
                                    + " chunks")
                    .line(
                            "own",
                            Sizes.show(volume.getOwnBytes())
                                    + " in "
                                    + volume.getOwnChunks()
                                    + " chunks")
                    .line("shared", Sizes.show(volume.getSharedBytes()))
                    .line("origin", volume.getOrigin().isEmpty() ? "-" : volume.getOrigin())
                    .line("divergence", divergence(volume))
                    .line("created", Times.show(volume.getCreatedMillis()))
                    .line("expires", Times.show(volume.getExpiresMillis()))
                    .line("project", volume.getProject())
                    .line("owner", volume.getOwner().isEmpty() ? "-" : volume.getOwner())
                    .line("policy", volume.getPolicy().isEmpty() ? "-" : volume.getPolicy())
                    .line("protected", volume.getProtected() ? "yes" : "no")
                    .line("confined", volume.getConfined() ? "yes" : "no")
                    .line("archived", Times.show(volume.getArchivedMillis()))
                    .line("last used", Times.show(volume.getUsedMillis()))
                    .line("warned", Times.show(volume.getWarnedMillis()))
                    .line("key", key(volume))
                    .line("labels", Labels.show(volume.getLabelsMap()))
                    .toString();
        }
    }

    @Command(
            name = "rm",
            description = "Delete volumes; the trash keeps them for the retention time.")
    static final class Remove extends Verb {
        @Parameters(paramLabel = "NAME", arity = "1..*")
        List<String> names = List.of();

        @Option(names = "--now", description = "Past the trash: for good.")
        boolean now;

        @Override
        ExitCode run() throws Exception {
            names.forEach(SourceName::volumeName);
            List<Map<String, Object>> removed = new ArrayList<>();
            for (String name : names) {
                execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteVolume(
                                        DeleteVolume.newBuilder().setName(name).setNow(now)));
                removed.add(Map.of("name", name, "state", now ? "deleted" : "trash"));
            }
            output().done(
                            removed,
                            () ->
                                    now
                                            ? "deleted " + String.join(", ", names)
                                            : "moved to the trash: " + String.join(", ", names));
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "resize",
            description = "Give a volume another size; what is beyond a smaller one is dropped.")
    static final class Resize extends DataVerb {
        @Parameters(paramLabel = "NAME", index = "0")
        String name = "";

        @Parameters(paramLabel = "SIZE", index = "1")
        String size = "";

        @Override
        ExitCode run() throws Exception {
            String checked = SourceName.volumeName(name);
            long bytes = Sizes.parseVolume(size);
            VolumeInfo volume;
            try (var client = connect()) {
                volume = only(client.resize(checked, bytes).getVolumesList(), name);
            }
            output().done(
                            Views.changed(volume),
                            () -> name + " has " + Sizes.show(volume.getSize()));
            return ExitCode.DONE;
        }
    }

    @Command(name = "rename", description = "Give a volume another name.")
    static final class Rename extends Verb {
        @Parameters(paramLabel = "NAME", index = "0")
        String name = "";

        @Parameters(paramLabel = "NEW-NAME", index = "1")
        String newName = "";

        @Override
        ExitCode run() throws Exception {
            var command =
                    RenameVolume.newBuilder()
                            .setName(SourceName.volumeName(name))
                            .setNewName(SourceName.volumeName(newName));
            var response = execute(ExecuteRequest.newBuilder().setRenameVolume(command));
            VolumeInfo volume = only(response.getVolumesList(), newName);
            output().done(Views.changed(volume), () -> name + " is now " + newName);
            return ExitCode.DONE;
        }
    }

    /// `volume trash ...`
    @Command(
            name = "trash",
            description = "Volumes that were deleted and can still be restored.",
            subcommands = {TrashList.class, TrashRestore.class})
    static final class Trash extends Noun {}

    @Command(name = "ls", description = "List the trash.")
    static final class TrashList extends Verb {
        @Override
        ExitCode run() throws Exception {
            var response =
                    query(QueryRequest.newBuilder().setListTrash(ListTrash.getDefaultInstance()));
            output().print(
                            byName(response.getVolumesList()),
                            () -> {
                                Table table =
                                        new Table(
                                                "NAME",
                                                "ID",
                                                "SIZE",
                                                "OWN",
                                                "DELETED",
                                                "GONE AFTER");
                                response.getVolumesList()
                                        .forEach(volume ->
                                                table.row(
                                                        volume.getName(),
                                                        volume.getId(),
                                                        Sizes.show(volume.getSize()),
                                                        Sizes.show(volume.getOwnBytes()),
                                                        Times.show(volume.getDeletedMillis()),
                                                        Times.show(volume.getExpiresMillis())));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(name = "restore", description = "Bring a deleted volume back.")
    static final class TrashRestore extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(names = "--as", paramLabel = "NEW-NAME", description = "Under another name.")
        @Nullable String as;

        @Override
        ExitCode run() throws Exception {
            var command = RestoreVolume.newBuilder().setName(SourceName.volumeName(name));
            if (as != null) {
                command.setAs(SourceName.volumeName(as));
            }
            var response = execute(ExecuteRequest.newBuilder().setRestoreVolume(command));
            VolumeInfo volume = only(response.getVolumesList(), name);
            output().done(Views.changed(volume), () -> "restored " + volume.getName());
            return ExitCode.DONE;
        }
    }
}
