package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.image.DifferenceWriter;
import io.coppice.cli.image.ZeroRuns;
import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.client.Extent;
import io.coppice.client.OpenOption;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.DiffExtent;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `export SOURCE FILE|-`: a raw image, or with `--from` a difference. A live volume is exported as
/// it is at one moment: a snapshot is taken for it and deleted afterwards.
@Command(
        name = "export",
        description = "Write a raw image of SOURCE to a file, or with --from a difference.")
final class ExportCommand extends DataVerb {
    private static final int BUFFER_BYTES = 1 << 20;

    @Parameters(paramLabel = "SOURCE", index = "0", description = "VOLUME or VOLUME@SNAPSHOT.")
    String source = "";

    @Parameters(paramLabel = "FILE|-", index = "1", description = "- is stdout.")
    String file = "";

    @Option(
            names = "--from",
            paramLabel = "SOURCE",
            description = "Only what differs from this older source.")
    @Nullable String from;

    @Override
    ExitCode run() throws Exception {
        SourceName to = SourceName.parse(source);
        try (Frozen frozen = freeze(to);
                CoppiceClient client = connect();
                BlockDevice device =
                        client.open(frozen.source().toString(), OpenOption.READ_ONLY)) {
            long stored =
                    from == null ? exportRaw(device) : exportDifference(client, frozen, device, to);
            report(to, device.size(), stored);
        }
        return ExitCode.DONE;
    }

    private void report(SourceName to, long size, long stored) {
        if (file.equals("-")) {
            return;
        }
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("source", to.toString());
        view.put("file", file);
        view.put("size", size);
        view.put("data_bytes", stored);
        output().done(
                        view,
                        () ->
                                "exported "
                                        + to
                                        + " to "
                                        + file
                                        + ": "
                                        + Sizes.show(stored)
                                        + " of data in "
                                        + Sizes.show(size));
    }

    // ---------------------------------------------------------------- raw

    private long exportRaw(BlockDevice device) throws IOException {
        try (RawSink sink = RawSink.open(file);
                Progress progress = new Progress(output(), Progress.Unit.BYTES)) {
            ReadAhead reads =
                    new ReadAhead(
                            device,
                            (offset, bytes) -> {
                                ZeroRuns.split(
                                        bytes,
                                        bytes.length,
                                        (start, length, zero) -> {
                                            if (!zero) {
                                                sink.write(offset + start, bytes, start, length);
                                            }
                                        });
                                progress.reach(offset, device.size());
                            });
            long at = 0;
            while (at < device.size()) {
                for (Extent extent : Waiting.on(device.extents(at, device.size() - at))) {
                    if (extent.mapped()) {
                        reads.add(extent.offset(), extent.length());
                    }
                    at = extent.offset() + extent.length();
                }
            }
            reads.drain();
            sink.end(device.size());
            return sink.written();
        }
    }

    // ---------------------------------------------------------------- difference

    private long exportDifference(
            CoppiceClient client, Frozen to, BlockDevice newer, SourceName named)
            throws IOException, ControlException {
        SourceName older = SourceName.parse(String.valueOf(from));
        try (Frozen frozen = freeze(older);
                BlockDevice base = client.open(frozen.source().toString(), OpenOption.READ_ONLY);
                DifferenceWriter writer =
                        new DifferenceWriter(
                                openStream(), newer.size(), older.toString(), named.toString())) {
            List<DiffExtent> extents = DiffCommand.extents(control(), frozen.source(), to.source());
            long total = extents.stream().mapToLong(DiffExtent::getLength).sum();
            Comparison comparison = new Comparison(base, writer);
            try (Progress progress = new Progress(output(), Progress.Unit.BYTES)) {
                long done = 0;
                for (DiffExtent extent : extents) {
                    long length = Math.min(extent.getLength(), newer.size() - extent.getOffset());
                    if (length > 0 && extent.getZero()) {
                        writer.zero(extent.getOffset(), length);
                    } else if (length > 0) {
                        comparison.compare(newer, extent.getOffset(), length);
                    }
                    done += extent.getLength();
                    progress.reach(done, total);
                }
            }
            writer.end();
            return comparison.written;
        }
    }

    private OutputStream openStream() throws IOException {
        OutputStream stream = file.equals("-") ? System.out : Files.newOutputStream(Path.of(file));
        return new BufferedOutputStream(stream, BUFFER_BYTES);
    }

    /// Maps differ in whole chunks; blocks that are equal nevertheless are left out here.
    private static final class Comparison {
        private final BlockDevice base;
        private final DifferenceWriter writer;
        private long written;

        private Comparison(BlockDevice base, DifferenceWriter writer) {
            this.base = base;
            this.writer = writer;
        }

        private void compare(BlockDevice newer, long offset, long length) throws IOException {
            java.util.ArrayDeque<byte[]> before = new java.util.ArrayDeque<>();
            for (long at = offset;
                    at < offset + length;
                    at += ReadAhead.PIECE_BYTES * (long) ReadAhead.IN_FLIGHT_MAX) {
                long part =
                        Math.min(
                                ReadAhead.PIECE_BYTES * (long) ReadAhead.IN_FLIGHT_MAX,
                                offset + length - at);
                readBase(at, part, before);
                ReadAhead reads =
                        new ReadAhead(newer, (start, bytes) -> emit(start, bytes, before.remove()));
                reads.add(at, part);
                reads.drain();
            }
        }

        /// What is beyond the end of the older source was zeros.
        private void readBase(long offset, long length, java.util.Queue<byte[]> before)
                throws IOException {
            long inside = Math.max(0, Math.min(length, base.size() - offset));
            ReadAhead reads = new ReadAhead(base, (start, bytes) -> before.add(bytes));
            if (inside > 0) {
                reads.add(offset, inside);
                reads.drain();
            }
            for (long at = inside; at < length; at += ReadAhead.PIECE_BYTES) {
                before.add(new byte[0]);
            }
        }

        private void emit(long offset, byte[] bytes, byte[] older) throws IOException {
            byte[] before = Arrays.copyOf(older, bytes.length);
            int start = 0;
            while (start < bytes.length) {
                boolean equal = blocksEqual(bytes, before, start);
                int end = start + ZeroRuns.BLOCK_BYTES;
                while (end < bytes.length && blocksEqual(bytes, before, end) == equal) {
                    end += ZeroRuns.BLOCK_BYTES;
                }
                if (!equal) {
                    emitChanged(offset, bytes, start, end);
                }
                start = end;
            }
        }

        private void emitChanged(long offset, byte[] bytes, int start, int end) throws IOException {
            byte[] changed = Arrays.copyOfRange(bytes, start, end);
            ZeroRuns.split(
                    changed,
                    changed.length,
                    (runStart, length, zero) -> {
                        if (zero) {
                            writer.zero(offset + start + runStart, length);
                        } else {
                            writer.data(offset + start + runStart, changed, runStart, length);
                            written += length;
                        }
                    });
        }

        private static boolean blocksEqual(byte[] left, byte[] right, int start) {
            int end = start + ZeroRuns.BLOCK_BYTES;
            return Arrays.equals(left, start, end, right, start, end);
        }
    }

    static CliException unwritable(String file, IOException why) {
        return new CliException(
                ExitCode.FAILED, "cannot write " + file + ": " + Failures.describe(why), why);
    }
}
