package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.image.Difference;
import io.coppice.cli.image.DifferenceReader;
import io.coppice.cli.image.ZeroRuns;
import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.directory.ControlException;
import io.coppice.model.Blocks;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `import FILE|- NAME`: a raw image becomes a new volume; with `--from` a difference becomes a new
/// volume that starts as the older source, which the difference must name (or, when NAME is the
/// volume of that snapshot and has not changed since, is applied to it in place). A volume that was
/// made here is deleted again when the import fails.
@Command(
        name = "import",
        description = "Make a volume from a raw image, or with --from from a difference.")
final class ImportCommand extends DataVerb {
    private static final int PIECE_BYTES = 1 << 20;

    /// Size of a volume whose image comes through a pipe, until its end is known; thin, so it costs
    /// nothing.
    private static final long UNKNOWN_SIZE = 64L << 40;

    @Parameters(paramLabel = "FILE|-", index = "0", description = "- is stdin.")
    String file = "";

    @Parameters(paramLabel = "NAME", index = "1", description = "The volume to make.")
    String name = "";

    @Option(
            names = "--from",
            paramLabel = "SOURCE",
            description = "FILE is a difference: apply it to this source.")
    @Nullable String from;

    @Option(names = "--label", paramLabel = "K=V", description = "A label; may be repeated.")
    List<String> labels = List.of();

    private record Copied(long size, long stored) {}

    @Override
    ExitCode run() throws Exception {
        SourceName.volumeName(name);
        Copied copied;
        try (InputStream in = open()) {
            boolean difference = isDifference(in);
            if (difference && from == null) {
                throw new CliException(
                        ExitCode.USAGE,
                        file + " is a difference: say with --from SOURCE what it applies to");
            }
            copied = from == null ? importRaw(in) : importDifference(in, SourceName.parse(from));
        }
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("name", name);
        view.put("size", copied.size());
        view.put("data_bytes", copied.stored());
        output().done(
                        view,
                        () ->
                                "imported "
                                        + file
                                        + " as "
                                        + name
                                        + ": "
                                        + Sizes.show(copied.stored())
                                        + " of data in "
                                        + Sizes.show(copied.size()));
        return ExitCode.DONE;
    }

    private InputStream open() throws IOException {
        if (file.equals("-")) {
            return new BufferedInputStream(System.in, PIECE_BYTES);
        }
        Path path = Path.of(file);
        if (Files.isDirectory(path)) {
            throw new CliException(ExitCode.FAILED, "cannot read " + file + ": it is a directory");
        }
        try {
            return new BufferedInputStream(Files.newInputStream(path), PIECE_BYTES);
        } catch (IOException unreadable) {
            throw new CliException(
                    ExitCode.FAILED,
                    "cannot read " + file + ": " + Failures.describe(unreadable),
                    unreadable);
        }
    }

    private static boolean isDifference(InputStream in) throws IOException {
        in.mark(Difference.MAGIC_BYTES);
        byte[] start = in.readNBytes(Difference.MAGIC_BYTES);
        in.reset();
        return Difference.isAtStartOf(start);
    }

    // ---------------------------------------------------------------- raw

    private Copied importRaw(InputStream in) throws IOException, ControlException {
        Optional<Long> known = fileBytes();
        if (known.isPresent() && known.get() == 0) {
            throw new CliException(
                    ExitCode.USAGE,
                    file + " is empty: a volume has at least one block of 4096 bytes");
        }
        create(known.map(bytes -> Blocks.count(bytes) * Blocks.BLOCK_BYTES).orElse(UNKNOWN_SIZE));
        return orDelete(() -> {
            try (CoppiceClient client = connect()) {
                Copied copied = copyRaw(client, in, known.orElse(0L));
                if (known.isEmpty()) {
                    client.resize(name, copied.size());
                }
                return copied;
            }
        });
    }

    private Copied copyRaw(CoppiceClient client, InputStream in, long total) throws IOException {
        long at = 0;
        long[] stored = {0};
        try (BlockDevice device = client.open(name);
                Progress progress = new Progress(output(), Progress.Unit.BYTES)) {
            WriteBehind writes = new WriteBehind(device);
            byte[] piece = in.readNBytes(PIECE_BYTES);
            while (piece.length > 0) {
                byte[] blocks = wholeBlocks(piece);
                long offset = at;
                ZeroRuns.split(
                        blocks,
                        blocks.length,
                        (start, length, zero) -> {
                            if (!zero) {
                                writes.write(offset + start, blocks, start, length);
                                stored[0] += length;
                            }
                        });
                at += blocks.length;
                progress.reach(at, total);
                piece = in.readNBytes(PIECE_BYTES);
            }
            writes.flush();
        }
        if (at == 0) {
            throw new CliException(
                    ExitCode.USAGE, "the image is empty: a volume has at least one block");
        }
        return new Copied(at, stored[0]);
    }

    /// Only the last piece of a file can end within a block.
    private static byte[] wholeBlocks(byte[] piece) {
        int whole = Math.toIntExact(Blocks.count(piece.length) * Blocks.BLOCK_BYTES);
        return whole == piece.length ? piece : Arrays.copyOf(piece, whole);
    }

    /// Block devices have a size as well, which only their channel tells.
    private Optional<Long> fileBytes() throws IOException {
        if (file.equals("-")) {
            return Optional.empty();
        }
        Path path = Path.of(file);
        if (Files.isRegularFile(path)) {
            return Optional.of(Files.size(path));
        }
        try (FileChannel channel = FileChannel.open(path)) {
            return Optional.of(channel.size()).filter(bytes -> bytes > 0);
        }
    }

    // ---------------------------------------------------------------- difference

    private Copied importDifference(InputStream in, SourceName base)
            throws IOException, ControlException {
        DifferenceReader reader = new DifferenceReader(in);
        String start = reader.header().from();
        if (!start.equals(base.toString())) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    file
                            + " is the difference to "
                            + start
                            + ", not to "
                            + base
                            + ": name that one with --from");
        }
        if (base.volume().equals(name)) {
            refuseChanged(base);
            return apply(reader);
        }
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateClones(
                                CreateClones.newBuilder()
                                        .setVolume(base.volume())
                                        .setSnapshot(base.snapshot().orElse(""))
                                        .addNames(name)
                                        .putAllLabels(Labels.parse(labels))));
        return orDelete(() -> apply(reader));
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
        if (!DiffCommand.extents(control(), base, SourceName.parse(name)).isEmpty()) {
            throw new CliException(
                    ExitCode.CONFLICT,
                    name
                            + " has changed since "
                            + base
                            + ": roll it back, or import under another name");
        }
    }

    private Copied apply(DifferenceReader reader) throws IOException, ControlException {
        try (CoppiceClient client = connect()) {
            client.resize(name, reader.header().sizeBytes());
            return apply(client, reader);
        }
    }

    private Copied apply(CoppiceClient client, DifferenceReader reader) throws IOException {
        long size = reader.header().sizeBytes();
        long stored = 0;
        try (BlockDevice device = client.open(name);
                Progress progress = new Progress(output(), Progress.Unit.BYTES)) {
            WriteBehind writes = new WriteBehind(device);
            Optional<Difference.Change> change = reader.next();
            while (change.isPresent()) {
                switch (change.get()) {
                    case Difference.Change.Data data -> {
                        writes.write(data.offset(), data.bytes(), 0, data.bytes().length);
                        stored += data.bytes().length;
                    }
                    case Difference.Change.Zero zero -> writes.zero(zero.offset(), zero.length());
                }
                progress.reach(change.get().offset(), size);
                change = reader.next();
            }
            writes.flush();
        }
        return new Copied(size, stored);
    }

    // ---------------------------------------------------------------- the volume

    private void create(long size) throws ControlException {
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateVolume(
                                CreateVolume.newBuilder()
                                        .setName(name)
                                        .setSize(size)
                                        .putAllLabels(Labels.parse(labels))));
    }

    private interface Work {
        Copied run() throws IOException, ControlException;
    }

    /// Half an image is worth nothing: the new volume goes when its content does not come.
    private Copied orDelete(Work work) throws IOException, ControlException {
        boolean done = false;
        try {
            Copied copied = work.run();
            done = true;
            return copied;
        } finally {
            if (!done) {
                try {
                    execute(
                            ExecuteRequest.newBuilder()
                                    .setDeleteVolume(
                                            DeleteVolume.newBuilder().setName(name).setNow(true)));
                } catch (ControlException failed) {
                    output().remark(
                                    "coppice: the incomplete volume "
                                            + name
                                            + " could not be deleted: "
                                            + failed.getMessage());
                }
            }
        }
    }
}
