package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.image.Difference.Header;
import io.coppice.cli.image.Difference.Reached;
import io.coppice.cli.image.DifferenceReader;
import io.coppice.cli.image.DifferenceWriter;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// Where a difference is written to: stdout, a new file, or a file that an earlier call left torn.
final class StreamFile implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Optional<FileChannel> channel;
    private final DifferenceWriter writer;
    private final long reached;

    private StreamFile(Optional<FileChannel> channel, DifferenceWriter writer, long reached) {
        this.channel = channel;
        this.writer = writer;
        this.reached = reached;
    }

    /// @param file `-` is stdout
    /// @param resume go on with what is there, if anything is; empty when that is whole already
    static Optional<StreamFile> open(String file, Header header, boolean resume)
            throws IOException {
        if (file.equals("-")) {
            return Optional.of(fresh(Optional.empty(), System.out, header));
        }
        Path path = Path.of(file);
        try {
            if (resume && Files.exists(path) && Files.size(path) > 0) {
                return resumed(path, header);
            }
            var channel =
                    FileChannel.open(
                            path,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING);
            return Optional.of(
                    fresh(Optional.of(channel), Channels.newOutputStream(channel), header));
        } catch (java.nio.file.FileSystemException refused) {
            throw ExportCommand.unwritable(file, refused);
        }
    }

    private static StreamFile fresh(Optional<FileChannel> channel, OutputStream out, Header header)
            throws IOException {
        var buffered = new BufferedOutputStream(out, BUFFER_BYTES);
        return new StreamFile(channel, new DifferenceWriter(buffered, header), 0);
    }

    private static Optional<StreamFile> resumed(Path path, Header header) throws IOException {
        Optional<Reached> reached = reached(path, header);
        if (reached.isEmpty()) {
            return Optional.empty();
        }
        var channel = FileChannel.open(path, StandardOpenOption.WRITE);
        channel.truncate(reached.get().position());
        channel.position(reached.get().position());
        var out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES);
        return Optional.of(
                new StreamFile(
                        Optional.of(channel),
                        new DifferenceWriter(out, reached.get()),
                        reached.get().offset()));
    }

    /// Empty: the file is whole.
    private static Optional<Reached> reached(Path path, Header header) throws IOException {
        try (var in = new BufferedInputStream(Files.newInputStream(path), BUFFER_BYTES)) {
            var reader = new DifferenceReader(in);
            if (!reader.header().equals(header)) {
                throw new CliException(
                        ExitCode.CONFLICT,
                        path
                                + " is another difference, of "
                                + reader.header().to()
                                + ": remove it, or write to another file");
            }
            try {
                while (reader.next().isPresent()) {
                    // Each record counts for its checksum alone.
                }
            } catch (IOException torn) {
                // What follows the last whole record is written again.
            }
            return reader.isWhole() ? Optional.empty() : Optional.of(reader.reached());
        }
    }

    DifferenceWriter writer() {
        return writer;
    }

    /// Where in the volume what is missing begins.
    long reached() {
        return reached;
    }

    /// It is whole, and on the disk.
    void end() throws IOException {
        writer.end();
        if (channel.isPresent()) {
            channel.get().force(true);
        }
    }

    @Override
    public void close() throws IOException {
        if (channel.isPresent()) {
            writer.close();
        }
    }
}
