package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.ClusterFile;
import io.coppice.client.KeyRing;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.EraseKey;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListTrash;
import io.coppice.wire.pb.ListVolumes;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RekeyVolume;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.VolumeInfo;
import io.coppice.wire.pb.VolumeKey;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `key ...`, and what is done with keys of volumes.
@Command(
        name = "key",
        description =
                "Keys of encrypted volumes, in a directory of this machine; the cluster's access"
                        + " keys.",
        subcommands = {KeyCommands.Create.class, KeyCommands.Ls.class, RotateAccessCommand.class})
final class KeyCommands extends Noun {
    private static final String VARIABLE = "COPPICE_KEYS";

    /// The key directory: what the options say, else that of the cluster of this directory, else
    /// the one that the environment names, else the user's own.
    static KeyRing ring(@Nullable String option, Optional<String> configured) {
        String variable = System.getenv(VARIABLE);
        if (option != null || configured.isPresent()) {
            return new KeyRing(Path.of(option != null ? option : configured.orElseThrow()));
        }
        if (ClusterFile.find(Path.of(".coppice")).isPresent()) {
            return new KeyRing(Path.of(".coppice", "keys"));
        }
        return new KeyRing(
                variable != null && !variable.isBlank()
                        ? Path.of(variable)
                        : Path.of(System.getProperty("user.home", "."), ".config/coppice/keys"));
    }

    private static Map<String, Object> view(KeyRing.Key key) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("name", key.name());
        view.put("id", key.id());
        return view;
    }

    @Command(name = "create", description = "Make a key. Keep a copy of its file in a safe place.")
    static final class Create extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            KeyRing ring = main().keys();
            try {
                KeyRing.Key key = ring.create(name);
                output().done(
                                view(key),
                                () ->
                                        "created key "
                                                + name
                                                + " "
                                                + key.id()
                                                + " in "
                                                + ring.dir()
                                                + "; without it what it protects is lost");
            } catch (FileAlreadyExistsException exists) {
                throw new CliException(
                        ExitCode.CONFLICT,
                        "there is a key '" + name + "' in " + ring.dir() + " already",
                        exists);
            }
            return ExitCode.DONE;
        }
    }

    @Command(name = "ls", description = "List the keys of this machine.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<KeyRing.Key> keys = main().keys().list();
            output().print(
                            Views.each(keys, KeyCommands::view),
                            () -> {
                                Table table = new Table("NAME", "ID");
                                keys.forEach(key -> table.row(key.name(), key.id()));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    /// `volume rekey`
    @Command(
            name = "rekey",
            description =
                    "Wrap a volume's data key with another key; its data stays as it is. Both keys"
                            + " must be here.")
    static final class Rekey extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(names = "--key", required = true, paramLabel = "KEY", description = "The new key.")
        String key = "";

        @Override
        ExitCode run() throws Exception {
            var source = SnapshotName.newBuilder().setVolume(SourceName.volumeName(name));
            var opened =
                    query(
                                    QueryRequest.newBuilder()
                                            .setOpenSource(
                                                    OpenSource.newBuilder().setSource(source)))
                            .getOpened();
            if (!opened.hasKey()) {
                throw new CliException(ExitCode.USAGE, "volume " + name + " is not encrypted");
            }
            VolumeKey wrapped = main().keys().rewrap("volume " + name, opened.getKey(), key);
            var command = RekeyVolume.newBuilder().setName(name).setKey(wrapped);
            var response = execute(ExecuteRequest.newBuilder().setRekeyVolume(command));
            VolumeInfo volume = VolumeCommands.only(response.getVolumesList(), name);
            output().done(
                            Views.changed(volume),
                            () ->
                                    "the data key of "
                                            + name
                                            + " is now wrapped with key "
                                            + key
                                            + " "
                                            + wrapped.getWrappedBy());
            return ExitCode.DONE;
        }
    }

    /// `volume erase-key`
    @Command(
            name = "erase-key",
            description =
                    "Drop a volume's data key for good: nobody can read the volume and its"
                            + " snapshots any more.")
    static final class Erase extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            var command = EraseKey.newBuilder().setName(SourceName.volumeName(name));
            var response = execute(ExecuteRequest.newBuilder().setEraseKey(command));
            VolumeInfo volume = VolumeCommands.only(response.getVolumesList(), name);
            List<String> held = holders(volume.getDataKey());
            Map<String, Object> view = new LinkedHashMap<>();
            view.put("name", volume.getName());
            view.put("data_key", volume.getDataKey());
            view.put("still_held_by", held);
            output().done(
                            view,
                            () ->
                                    "erased the key of "
                                            + name
                                            + (held.isEmpty()
                                                    ? "; no other volume has it"
                                                    : "; still held by "
                                                            + String.join(", ", held)));
            return ExitCode.DONE;
        }

        /// Relatives that can still read what they share with the volume.
        private List<String> holders(String dataKey) throws ControlException {
            var volumes =
                    query(
                            QueryRequest.newBuilder()
                                    .setListVolumes(ListVolumes.getDefaultInstance()));
            var trash =
                    query(QueryRequest.newBuilder().setListTrash(ListTrash.getDefaultInstance()));
            List<String> held = new ArrayList<>();
            volumes.getVolumesList().stream()
                    .filter(volume -> holds(volume, dataKey))
                    .forEach(volume -> held.add(volume.getName()));
            trash.getVolumesList().stream()
                    .filter(volume -> holds(volume, dataKey))
                    .forEach(volume -> held.add(volume.getName() + " (in the trash)"));
            held.sort(null);
            return held.stream().distinct().toList();
        }

        private static boolean holds(VolumeInfo volume, String dataKey) {
            return volume.getDataKey().equals(dataKey) && !volume.getKeyErased();
        }
    }
}
