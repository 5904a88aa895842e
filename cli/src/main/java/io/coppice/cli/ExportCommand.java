package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.image.Difference.Header;
import io.coppice.cli.image.ZeroRuns;
import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.client.Extent;
import io.coppice.client.OpenOption;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.DiffExtent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `export SOURCE FILE|-`: a raw image, or with `--from` or `--stream` a difference. A live volume
/// is exported as it is at one moment: a snapshot is taken for it and deleted afterwards.
@Command(
        name = "export",
        description = "Write a raw image of SOURCE to a file, or with --from a difference.")
final class ExportCommand extends DataVerb {
    @Parameters(paramLabel = "SOURCE", index = "0", description = "VOLUME or VOLUME@SNAPSHOT.")
    String source = "";

    @Parameters(paramLabel = "FILE|-", index = "1", description = "- is stdout.")
    String file = "";

    @Option(
            names = "--from",
            paramLabel = "SOURCE",
            description = "Only what differs from this older source.")
    @Nullable String from;

    @Option(
            names = "--stream",
            description = "All of it, in the format of differences, which has checksums.")
    boolean stream;

    @Option(
            names = "--resume",
            description = "Go on with a difference that an earlier call has left unfinished.")
    boolean resume;

    @Override
    ExitCode run() throws Exception {
        SourceName to = SourceName.parse(source);
        if (stream && from != null) {
            throw new CliException(ExitCode.USAGE, "--stream is all of it: leave out --from");
        }
        if (resume && (file.equals("-") || (!stream && from == null))) {
            throw new CliException(
                    ExitCode.USAGE, "--resume goes on with a file, of --stream or --from");
        }
        try (Frozen frozen = freeze(to);
                CoppiceClient client = connect();
                BlockDevice device =
                        client.open(frozen.source().toString(), OpenOption.READ_ONLY)) {
            long stored =
                    from != null
                            ? exportDifference(client, frozen, device, to)
                            : stream ? exportWhole(device, to) : exportRaw(device);
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
                BlockDevice base = client.open(frozen.source().toString(), OpenOption.READ_ONLY)) {
            var header =
                    new Header(
                            newer.size(),
                            older.toString(),
                            identity(older),
                            named.toString(),
                            identity(named));
            var extents = DiffCommand.extents(control(), frozen.source(), to.source());
            return write(header, newer, Optional.of(base), extents);
        }
    }

    private long exportWhole(BlockDevice newer, SourceName named)
            throws IOException, ControlException {
        var header = new Header(newer.size(), "", "", named.toString(), identity(named));
        var extents = new ArrayList<DiffExtent>();
        long at = 0;
        while (at < newer.size()) {
            for (Extent extent : Waiting.on(newer.extents(at, newer.size() - at))) {
                at = extent.offset() + extent.length();
                if (extent.mapped()) {
                    extents.add(
                            DiffExtent.newBuilder()
                                    .setOffset(extent.offset())
                                    .setLength(extent.length())
                                    .build());
                }
            }
        }
        return write(header, newer, Optional.empty(), extents);
    }

    private long write(
            Header header, BlockDevice newer, Optional<BlockDevice> older, List<DiffExtent> extents)
            throws IOException {
        if (resume && !header.isRepeatable()) {
            throw new CliException(
                    ExitCode.USAGE,
                    "a volume changes from call to call: only what is between snapshots can be"
                            + " resumed");
        }
        var opened = StreamFile.open(file, header, resume);
        if (opened.isEmpty()) {
            return 0; // an earlier call has written all of it
        }
        long total = extents.stream().mapToLong(DiffExtent::getLength).sum();
        try (StreamFile stream = opened.get();
                Progress progress = new Progress(output(), Progress.Unit.BYTES)) {
            var comparison = new Comparison(newer, older, stream.writer());
            long done = 0;
            for (DiffExtent extent : extents) {
                long start = Math.max(extent.getOffset(), stream.reached());
                long end = Math.min(extent.getOffset() + extent.getLength(), newer.size());
                if (start < end && extent.getZero()) {
                    stream.writer().zero(start, end - start);
                } else if (start < end) {
                    comparison.compare(start, end - start);
                }
                done += extent.getLength();
                progress.reach(done, total);
            }
            stream.end();
            return comparison.written();
        }
    }

    static CliException unwritable(String file, IOException why) {
        return new CliException(
                ExitCode.FAILED, "cannot write " + file + ": " + Failures.describe(why), why);
    }
}
