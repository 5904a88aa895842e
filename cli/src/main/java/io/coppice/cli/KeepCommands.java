package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.ChangeSnapshot;
import io.coppice.wire.pb.ChangeVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ResetVolume;
import io.coppice.wire.pb.SnapshotInfo;
import io.coppice.wire.pb.SwapVolumes;
import io.coppice.wire.pb.VolumeInfo;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What is decided about volumes and snapshots, and what they become again.
final class KeepCommands {
    private static final String NONE = "none";

    private KeepCommands() {}

    /// `--this` and `--that` of something that is so or not; null: neither was given.
    private static @Nullable Boolean either(String yes, boolean isYes, String no, boolean isNo) {
        if (isYes && isNo) {
            throw new CliException(ExitCode.USAGE, "give " + yes + " or " + no + ", not both");
        }
        return isYes ? Boolean.TRUE : isNo ? Boolean.FALSE : null;
    }

    @Command(
            name = "set",
            description =
                    "Change how long volumes live, what they follow, who may do what with them.")
    static final class SetVolume extends Verb {
        @Parameters(paramLabel = "NAME", arity = "1..*")
        List<String> names = List.of();

        @Mixin Expiry expiry = new Expiry();

        @Option(names = "--protect", description = "They cannot be deleted and do not end.")
        boolean protect;

        @Option(names = "--unprotect", description = "They can be deleted again.")
        boolean unprotect;

        @Option(names = "--archive", description = "Nobody may attach them.")
        boolean archive;

        @Option(names = "--unarchive", description = "They may be attached again.")
        boolean unarchive;

        @Option(names = "--confine", description = "Clones of them stay in their project.")
        boolean confine;

        @Option(names = "--unconfine", description = "Clones may be made in other projects.")
        boolean unconfine;

        @Option(
                names = "--policy",
                paramLabel = "POLICY",
                description = "What they follow; 'none': what their project does.")
        @Nullable String policy;

        @Option(names = "--project", paramLabel = "PROJECT", description = "Where they belong.")
        @Nullable String project;

        @Option(names = "--label", paramLabel = "K=V", description = "A label; may be repeated.")
        List<String> labels = List.of();

        @Option(names = "--unlabel", paramLabel = "K", description = "Takes a label away.")
        List<String> unlabels = List.of();

        @Override
        ExitCode run() throws Exception {
            var change = change();
            names.forEach(SourceName::volumeName);
            var changed = new java.util.ArrayList<VolumeInfo>();
            for (String name : names) {
                change.setName(name);
                var response = execute(ExecuteRequest.newBuilder().setChangeVolume(change));
                changed.add(VolumeCommands.only(response.getVolumesList(), name));
            }
            output().done(
                            Views.each(changed, Views::changed),
                            () -> "changed " + String.join(", ", names));
            return ExitCode.DONE;
        }

        private ChangeVolume.Builder change() {
            var change = ChangeVolume.newBuilder();
            Boolean guarded = either("--protect", protect, "--unprotect", unprotect);
            Boolean archived = either("--archive", archive, "--unarchive", unarchive);
            Boolean confined = either("--confine", confine, "--unconfine", unconfine);
            Map<String, String> all = new HashMap<>(Labels.parse(labels));
            unlabels.forEach(key -> all.put(key, ""));
            if (expiry.isGiven()) {
                change.setTtlMillis(expiry.ttlMillis()).setExpiresMillis(expiry.expiresMillis());
            }
            if (guarded != null) {
                change.setProtected(guarded);
            }
            if (archived != null) {
                change.setArchived(archived);
            }
            if (confined != null) {
                change.setConfined(confined);
            }
            if (policy != null) {
                change.setPolicy(policy.equals(NONE) ? "" : policy);
            }
            if (project != null) {
                change.setProject(project);
            }
            change.putAllLabels(all);
            if (change.build().equals(ChangeVolume.getDefaultInstance())) {
                throw new CliException(ExitCode.USAGE, "say what to change (see --help)");
            }
            return change;
        }
    }

    @Command(name = "set", description = "Change how long snapshots live.")
    static final class SetSnapshot extends Verb {
        @Parameters(paramLabel = "VOLUME@SNAPSHOT", arity = "1..*")
        List<String> names = List.of();

        @Mixin Expiry expiry = new Expiry();

        @Option(names = "--protect", description = "They cannot be deleted and do not end.")
        boolean protect;

        @Option(names = "--unprotect", description = "They can be deleted again.")
        boolean unprotect;

        @Override
        ExitCode run() throws Exception {
            Boolean guarded = either("--protect", protect, "--unprotect", unprotect);
            if (!expiry.isGiven() && guarded == null) {
                throw new CliException(ExitCode.USAGE, "say what to change (see --help)");
            }
            List<SourceName> sources = names.stream().map(SourceName::parseSnapshot).toList();
            var changed = new java.util.ArrayList<SnapshotInfo>();
            for (SourceName source : sources) {
                var change = ChangeSnapshot.newBuilder().setSnapshot(source.toProto());
                if (expiry.isGiven()) {
                    change.setTtlMillis(expiry.ttlMillis())
                            .setExpiresMillis(expiry.expiresMillis());
                }
                if (guarded != null) {
                    change.setProtected(guarded);
                }
                changed.addAll(
                        execute(ExecuteRequest.newBuilder().setChangeSnapshot(change))
                                .getSnapshotsList());
            }
            output().done(
                            Views.each(changed, Views::snapshot),
                            () -> "changed " + String.join(", ", names));
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "reset",
            description =
                    "Make a volume what its origin is now, or what any relative is; its own changes"
                            + " are dropped.")
    static final class Reset extends Verb {
        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(
                names = "--to",
                paramLabel = "SOURCE",
                description = "VOLUME or VOLUME@SNAPSHOT of the same family; default: its origin.")
        @Nullable String to;

        @Option(
                names = "--keep",
                paramLabel = "SNAPSHOT",
                description = "First make a snapshot of what it is.")
        @Nullable String keep;

        @Override
        ExitCode run() throws Exception {
            var command = ResetVolume.newBuilder().setName(SourceName.volumeName(name));
            if (to != null) {
                command.setSource(SourceName.parse(to).toProto());
            }
            if (keep != null) {
                command.setKeep(keep);
            }
            var response = execute(ExecuteRequest.newBuilder().setResetVolume(command));
            VolumeInfo volume = VolumeCommands.only(response.getVolumesList(), name);
            output().done(
                            Views.changed(volume),
                            () ->
                                    name
                                            + " is now what "
                                            + (to == null ? "its origin" : to)
                                            + " is");
            return ExitCode.DONE;
        }
    }

    @Command(name = "swap", description = "Give two volumes each other's content.")
    static final class Swap extends Verb {
        @Parameters(paramLabel = "ONE", index = "0")
        String one = "";

        @Parameters(paramLabel = "OTHER", index = "1")
        String other = "";

        @Override
        ExitCode run() throws Exception {
            var command =
                    SwapVolumes.newBuilder()
                            .setOne(SourceName.volumeName(one))
                            .setOther(SourceName.volumeName(other));
            var response = execute(ExecuteRequest.newBuilder().setSwapVolumes(command));
            output().done(
                            Views.each(response.getVolumesList(), Views::changed),
                            () -> "swapped " + one + " and " + other);
            return ExitCode.DONE;
        }
    }
}
