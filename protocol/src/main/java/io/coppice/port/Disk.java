package io.coppice.port;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// One directory of a storage device. Names are plain file names without separators. The directory
/// may be used by any thread; a file by one thread at a time, except for [DiskFile#sync] and
/// [DiskFile#read], which any thread may call.
public interface Disk {
    /// Names of the files, in natural order.
    List<String> list() throws IOException;

    /// Creates an empty file; it must not exist.
    DiskFile create(String name) throws IOException;

    /// Opens an existing file for reading and writing.
    DiskFile open(String name) throws IOException;

    void delete(String name) throws IOException;

    /// Replaces `to` atomically if it exists.
    void rename(String from, String to) throws IOException;

    /// Makes creations, deletions and renames durable.
    void syncDirectory() throws IOException;

    /// Bytes that may still be written here.
    long usableBytes() throws IOException;

    /// Size of the device.
    long totalBytes() throws IOException;

    /// An open file.
    interface DiskFile extends AutoCloseable {
        /// Reads into `target` from `offset` until it is full or the file ends; the bytes read, 0
        /// at the end.
        int read(ByteBuffer target, long offset) throws IOException;

        /// Writes all buffers, one after the other, from `offset` on. When this returns the bytes
        /// are with the operating system: they survive this process, not the machine.
        void write(ByteBuffer[] sources, int count, long offset) throws IOException;

        /// Makes everything written so far durable (fdatasync). An exception is fatal to the store
        /// (R11).
        void sync() throws IOException;

        long size() throws IOException;

        void truncate(long size) throws IOException;

        @Override
        void close() throws IOException;
    }
}
