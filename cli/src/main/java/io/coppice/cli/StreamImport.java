package io.coppice.cli;

import io.coppice.cli.ImportCommand.Copied;
import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.image.Difference.Change;
import io.coppice.cli.image.Difference.Header;
import io.coppice.cli.image.DifferenceReader;
import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.ChangeVolume;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RollbackVolume;
import io.coppice.wire.pb.ShowVolume;
import io.coppice.wire.pb.VolumeInfo;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Optional;

/// A difference becomes a volume. One that is to be resumed says in a label of its volume which
/// stream it is of and how much of it is durable there.
final class StreamImport {
    private static final String LABEL = "coppice.import";
    private static final long CHECKPOINT_BYTES = 256L << 20;

    private final ImportCommand command;
    private final String file;
    private final String name;

    StreamImport(ImportCommand command, String file, String name) {
        this.command = command;
        this.file = file;
        this.name = name;
    }

    /// @param base what it is a difference to
    Copied run(InputStream in, Optional<SourceName> base) throws IOException, ControlException {
        var reader = new DifferenceReader(in);
        Header header = reader.header();
        requireBase(header, base);
        if (!command.resume) {
            return fresh(reader, base);
        }
        if (!header.isRepeatable()) {
            throw new CliException(
                    ExitCode.USAGE,
                    file
                            + " was made of a live volume: only what is between snapshots can be resumed");
        }
        Optional<Long> reached = reached(header);
        if (reached.isEmpty()) {
            make(header, base, mark(header, 0));
        }
        try {
            Copied copied = apply(reader, reached.orElse(0L));
            label("");
            return copied;
        } catch (IOException broken) {
            throw new CliException(
                    ExitCode.FAILED,
                    Failures.describe(broken) + "; what has arrived stays: give --resume again",
                    broken);
        }
    }

    private void requireBase(Header header, Optional<SourceName> base) {
        if (header.from().isEmpty() && base.isPresent()) {
            throw new CliException(
                    ExitCode.USAGE, file + " is all of " + header.to() + ": leave out --from");
        }
        if (!header.from().isEmpty() && base.isEmpty()) {
            throw new CliException(
                    ExitCode.USAGE,
                    file + " is a difference: say with --from SOURCE what it applies to");
        }
        if (base.isPresent() && !header.from().equals(base.get().toString())) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    file
                            + " is the difference to "
                            + header.from()
                            + ", not to "
                            + base.get()
                            + ": name that one with --from");
        }
    }

    // ---------------------------------------------------------------- once

    private Copied fresh(DifferenceReader reader, Optional<SourceName> base)
            throws IOException, ControlException {
        make(reader.header(), base, "");
        if (isInPlace(base)) {
            var undo = RollbackVolume.newBuilder().setSnapshot(base.get().toProto());
            return command.orUndo(
                    () -> apply(reader, 0),
                    ExecuteRequest.newBuilder().setRollbackVolume(undo),
                    name + " is incomplete and could not be rolled back to " + base.get());
        }
        return command.orDelete(() -> apply(reader, 0));
    }

    private boolean isInPlace(Optional<SourceName> base) {
        return base.filter(source -> source.volume().equals(name)).isPresent();
    }

    /// The volume as it is before the first change.
    ///
    /// @param mark of it; empty: none
    private void make(Header header, Optional<SourceName> base, String mark)
            throws IOException, ControlException {
        var all = new HashMap<>(Labels.parse(command.labels));
        if (!mark.isEmpty()) {
            all.put(LABEL, mark);
        }
        if (isInPlace(base)) {
            refuseChanged(base.orElseThrow());
            if (!mark.isEmpty()) {
                label(mark);
            }
        } else if (base.isPresent()) {
            var clone =
                    CreateClones.newBuilder()
                            .setVolume(base.get().volume())
                            .setSnapshot(base.get().snapshot().orElse(""))
                            .addNames(name)
                            .setProject(command.project)
                            .putAllLabels(all);
            command.execute(ExecuteRequest.newBuilder().setCreateClones(clone));
        } else {
            var create = command.fresh(header.sizeBytes()).putAllLabels(all);
            command.execute(ExecuteRequest.newBuilder().setCreateVolume(create));
        }
    }

    /// Applied to anything but what it was made from, a difference gives what never was.
    private void refuseChanged(SourceName base) throws ControlException {
        if (!base.isSnapshot()) {
            throw new CliException(
                    ExitCode.USAGE,
                    "nobody can tell whether "
                            + name
                            + " has changed since: apply a difference to a snapshot in place");
        }
        if (!DiffCommand.extents(command.control(), base, SourceName.parse(name)).isEmpty()) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    name
                            + " has changed since "
                            + base
                            + ": roll it back, or import under another name");
        }
    }

    // ---------------------------------------------------------------- what is kept for the next
    // try

    private static String mark(Header header, long reached) {
        return header.fromId() + " " + header.toId() + " " + reached;
    }

    private void label(String mark) throws ControlException {
        var change = ChangeVolume.newBuilder().setName(name).putLabels(LABEL, mark);
        command.execute(ExecuteRequest.newBuilder().setChangeVolume(change));
    }

    /// What is left would be written as the volume was begun, whatever the options say now.
    private void refuseOtherKey(VolumeInfo volume) {
        String wanted = command.encrypt;
        if (wanted != null && !volume.getKey().equals(wanted)) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    name
                            + (volume.getKey().isEmpty()
                                    ? " is not encrypted"
                                    : " is encrypted with key " + volume.getKey())
                            + ": leave out --encrypt, or delete the volume and import anew");
        }
    }

    /// Where in the volume what is missing of this stream begins; empty: nothing of it is here.
    private Optional<Long> reached(Header header) throws ControlException {
        String mark;
        try {
            VolumeInfo volume =
                    VolumeCommands.only(
                            command.query(
                                            QueryRequest.newBuilder()
                                                    .setShowVolume(
                                                            ShowVolume.newBuilder().setName(name)))
                                    .getVolumesList(),
                            name);
            mark = volume.getLabelsOrDefault(LABEL, "");
            refuseOtherKey(volume);
        } catch (ControlException failed) {
            if (failed.code() == Code.CODE_NOT_FOUND) {
                return Optional.empty();
            }
            throw failed;
        }
        String stream = mark(header, 0);
        String start = stream.substring(0, stream.length() - 1);
        String rest = mark.startsWith(start) ? mark.substring(start.length()) : "";
        return rest.matches("[0-9]{1,19}") ? Optional.of(Long.parseLong(rest)) : Optional.empty();
    }

    // ---------------------------------------------------------------- the blocks

    private Copied apply(DifferenceReader reader, long reached)
            throws IOException, ControlException {
        try (CoppiceClient client = command.connect()) {
            if (reached == 0) {
                client.resize(name, reader.header().sizeBytes());
            }
            return apply(client, reader, reached);
        }
    }

    private Copied apply(CoppiceClient client, DifferenceReader reader, long reached)
            throws IOException, ControlException {
        long size = reader.header().sizeBytes();
        long stored = 0;
        long unmarked = 0;
        try (BlockDevice device = client.open(name);
                Progress progress = new Progress(command.output(), Progress.Unit.BYTES)) {
            WriteBehind writes = new WriteBehind(device);
            Optional<Change> change = reader.next();
            while (change.isPresent()) {
                Change next = change.get();
                if (next.offset() >= reached) {
                    stored += apply(writes, next);
                    unmarked += next.length();
                }
                if (command.resume && unmarked >= CHECKPOINT_BYTES) {
                    writes.flush();
                    label(mark(reader.header(), reader.reached().offset()));
                    unmarked = 0;
                }
                progress.reach(next.offset(), size);
                change = reader.next();
            }
            writes.flush();
        }
        return new Copied(size, stored);
    }

    /// @return bytes of data
    private static long apply(WriteBehind writes, Change change) throws IOException {
        return switch (change) {
            case Change.Data data -> {
                writes.write(data.offset(), data.bytes(), 0, data.bytes().length);
                yield data.bytes().length;
            }
            case Change.Zero zero -> {
                writes.zero(zero.offset(), zero.length());
                yield 0;
            }
        };
    }
}
