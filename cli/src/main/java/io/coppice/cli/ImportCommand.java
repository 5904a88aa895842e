package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.image.Difference;
import io.coppice.cli.image.ZeroRuns;
import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.directory.ControlException;
import io.coppice.model.Blocks;
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

/// `import FILE|- NAME`: a raw image, or a stream of all of a source, becomes a new volume; with
/// `--from` a difference becomes a new volume that starts as the older source, which the difference
/// must name (or, when NAME is the volume of that snapshot and has not changed since, is applied to
/// it in place). When the import fails, a volume that was made here is deleted again, and one that
/// was changed in place is rolled back, unless it is to be resumed.
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

    @Option(
            names = "--resume",
            description =
                    "When it breaks off, keep what has arrived; given again, go on from there.")
    boolean resume;

    @Option(
            names = "--project",
            paramLabel = "PROJECT",
            description = "Where a new volume belongs (default, or that of SOURCE).")
    String project = "";

    @Option(
            names = "--encrypt",
            paramLabel = "KEY",
            description = "Encrypt the new volume, with a data key that KEY protects.")
    @Nullable String encrypt;

    @Option(names = "--label", paramLabel = "K=V", description = "A label; may be repeated.")
    List<String> labels = List.of();

    /// @param stored bytes of data
    record Copied(long size, long stored) {}

    @Override
    ExitCode run() throws Exception {
        SourceName.volumeName(name);
        if (encrypt != null && from != null) {
            throw new CliException(
                    ExitCode.USAGE,
                    "with --from the new volume has the data key of "
                            + from
                            + ": leave --encrypt out, and use 'volume rekey' afterwards");
        }
        Copied copied;
        try (InputStream in = open()) {
            copied = from != null || isDifference(in) ? importStream(in) : importRaw(in);
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

    private Copied importStream(InputStream in) throws IOException, ControlException {
        var base = Optional.ofNullable(from).map(SourceName::parse);
        return new StreamImport(this, file, name).run(in, base);
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
        if (resume) {
            throw new CliException(
                    ExitCode.USAGE,
                    "a raw image has no checksums: only what 'export' wrote with --stream or --from"
                            + " can be resumed");
        }
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

    // ---------------------------------------------------------------- the volume

    private void create(long size) throws IOException, ControlException {
        execute(
                ExecuteRequest.newBuilder()
                        .setCreateVolume(fresh(size).putAllLabels(Labels.parse(labels))));
    }

    /// A volume with nothing in it, as the options want it.
    final CreateVolume.Builder fresh(long size) throws IOException {
        var create = CreateVolume.newBuilder().setName(name).setSize(size).setProject(project);
        if (encrypt != null) {
            create.setKey(main().keys().newVolumeKey(encrypt));
        }
        return create;
    }

    interface Work {
        Copied run() throws IOException, ControlException;
    }

    /// Half an image is worth nothing: the new volume goes when its content does not come.
    final Copied orDelete(Work work) throws IOException, ControlException {
        return orUndo(
                work,
                ExecuteRequest.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setName(name).setNow(true)),
                "the incomplete volume " + name + " could not be deleted");
    }

    /// @param failed said when undoing it failed too
    final Copied orUndo(Work work, ExecuteRequest.Builder undo, String failed)
            throws IOException, ControlException {
        boolean done = false;
        try {
            Copied copied = work.run();
            done = true;
            return copied;
        } finally {
            if (!done) {
                try {
                    execute(undo);
                } catch (ControlException refused) {
                    output().remark("coppice: " + failed + ": " + refused.getMessage());
                }
            }
        }
    }
}
