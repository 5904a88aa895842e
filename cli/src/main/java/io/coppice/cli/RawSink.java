package io.coppice.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Where a raw image goes: offsets only grow, what is never written reads as zeros. Files get
/// holes; pipes and devices get zeros.
abstract class RawSink implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;
    private long written;

    /// @param file `-` is stdout
    static RawSink open(String file) throws IOException {
        if (file.equals("-")) {
            return new Sequential(new BufferedOutputStream(System.out, BUFFER_BYTES));
        }
        Path path = Path.of(file);
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            return new Sequential(
                    new BufferedOutputStream(Files.newOutputStream(path), BUFFER_BYTES));
        }
        try {
            return new Sparse(
                    FileChannel.open(
                            path,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING));
        } catch (IOException refused) {
            throw ExportCommand.unwritable(file, refused);
        }
    }

    final void write(long offset, byte[] bytes, int start, int length) throws IOException {
        put(offset, bytes, start, length);
        written += length;
    }

    /// Bytes that were written, holes not counted.
    final long written() {
        return written;
    }

    abstract void put(long offset, byte[] bytes, int start, int length) throws IOException;

    /// Completes an image of `size` bytes.
    abstract void end(long size) throws IOException;

    @Override
    public abstract void close() throws IOException;

    private static final class Sparse extends RawSink {
        private final FileChannel channel;

        private Sparse(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        void put(long offset, byte[] bytes, int start, int length) throws IOException {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, start, length);
            long at = offset;
            while (buffer.hasRemaining()) {
                at += channel.write(buffer, at);
            }
        }

        /// A file grows without storing anything when its last byte is written.
        @Override
        void end(long size) throws IOException {
            if (channel.size() < size) {
                channel.write(ByteBuffer.allocate(1), size - 1);
            }
            channel.force(true);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private static final class Sequential extends RawSink {
        private final OutputStream out;
        private final byte[] zeros = new byte[64 << 10];
        private long position;

        private Sequential(OutputStream out) {
            this.out = out;
        }

        @Override
        void put(long offset, byte[] bytes, int start, int length) throws IOException {
            fillTo(offset);
            out.write(bytes, start, length);
            position += length;
        }

        private void fillTo(long offset) throws IOException {
            while (position < offset) {
                int length = (int) Math.min(zeros.length, offset - position);
                out.write(zeros, 0, length);
                position += length;
            }
        }

        @Override
        void end(long size) throws IOException {
            fillTo(size);
            out.flush();
        }

        @Override
        public void close() throws IOException {
            out.flush();
            if (out != System.out) {
                out.close();
            }
        }
    }
}
