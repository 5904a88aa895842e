package io.coppice.node;

import io.coppice.port.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// A disk that fails when it is told to. Thread-safe.
final class FaultyDisk implements Disk {
    private final Disk disk;
    volatile boolean failWrites;
    volatile boolean failSyncs;
    volatile boolean failReads;
    volatile long syncsTried;

    FaultyDisk(Disk disk) {
        this.disk = disk;
    }

    private static void fail(boolean now) throws IOException {
        if (now) {
            throw new IOException("Input/output error");
        }
    }

    @Override
    public List<String> list() throws IOException {
        return disk.list();
    }

    @Override
    public DiskFile create(String name) throws IOException {
        return new Handle(disk.create(name));
    }

    @Override
    public DiskFile open(String name) throws IOException {
        return new Handle(disk.open(name));
    }

    @Override
    public void delete(String name) throws IOException {
        disk.delete(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void syncDirectory() throws IOException {
        disk.syncDirectory();
    }

    @Override
    public long usableBytes() throws IOException {
        return disk.usableBytes();
    }

    @Override
    public long totalBytes() throws IOException {
        return disk.totalBytes();
    }

    private final class Handle implements DiskFile {
        private final DiskFile file;

        Handle(DiskFile file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long offset) throws IOException {
            fail(failReads);
            return file.read(target, offset);
        }

        @Override
        public void write(ByteBuffer[] sources, int count, long offset) throws IOException {
            fail(failWrites);
            file.write(sources, count, offset);
        }

        @Override
        public void sync() throws IOException {
            syncsTried++;
            fail(failSyncs);
            file.sync();
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
