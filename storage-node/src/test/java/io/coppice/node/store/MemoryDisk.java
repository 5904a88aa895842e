package io.coppice.node.store;

import io.coppice.port.Disk;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/// A disk in memory that knows what is durable. [#crash] forgets what was not synced, except for a
/// prefix of the writes in the order in which they were made, the last of them torn at any byte.
final class MemoryDisk implements Disk {
    private record Write(long order, int offset, byte[] bytes) {}

    private record NameChange(long order, String name, @Nullable File fileOrNull) {}

    /// Bytes that grow.
    static final class Content {
        byte[] bytes = {};
        int size;

        void put(int offset, byte[] source, int length) {
            if (bytes.length < offset + length) {
                bytes = Arrays.copyOf(bytes, Math.max(offset + length, bytes.length * 2));
            }
            System.arraycopy(source, 0, bytes, offset, length);
            size = Math.max(size, offset + length);
        }

        void set(byte[] source) {
            bytes = source.clone();
            size = bytes.length;
        }

        byte[] toArray() {
            return Arrays.copyOf(bytes, size);
        }
    }

    static final class File {
        final Content data = new Content();
        final Content durable = new Content();
        final List<Write> pending = new ArrayList<>();
    }

    private Map<String, File> names = new TreeMap<>();
    private final Map<String, File> durableNames = new TreeMap<>();
    private final List<NameChange> pendingNames = new ArrayList<>();
    private long order;
    long capacity = 1L << 40;
    boolean failSync;
    long writtenBytes;

    /// Operations so far; each write, creation, deletion, rename counts.
    long order() {
        return order;
    }

    /// The oldest operation that is not durable; [#order] if all are.
    long firstPending() {
        long first = order;
        for (NameChange change : pendingNames) {
            first = Math.min(first, change.order);
        }
        for (File file : names.values()) {
            for (Write write : file.pending) {
                first = Math.min(first, write.order);
            }
        }
        return first;
    }

    byte[] bytes(String name) {
        return file(name).data.toArray();
    }

    private File file(String name) {
        File found = names.get(name);
        if (found == null) {
            throw new IllegalArgumentException(name);
        }
        return found;
    }

    /// Puts other bytes there, durably.
    void replace(String name, byte[] bytes) {
        File file = file(name);
        file.data.set(bytes);
        file.durable.set(bytes);
        file.pending.clear();
    }

    void flipBit(String name, int offset, int bit) {
        File file = file(name);
        file.data.bytes[offset] ^= (byte) (1 << bit);
        if (offset < file.durable.size) {
            file.durable.bytes[offset] ^= (byte) (1 << bit);
        }
    }

    /// The machine goes down: of what is not durable, operations below `keep` survive, and the
    /// first `torn` bytes of operation `keep`.
    void crash(long keep, int torn) {
        crash(at -> at < keep, keep, torn);
    }

    /// As above, with any choice of survivors.
    void crash(LongPredicate survives, long tornOrder, int torn) {
        for (NameChange change : pendingNames) {
            if (survives.test(change.order)) {
                applyName(durableNames, change);
            }
        }
        pendingNames.clear();
        names = new TreeMap<>(durableNames);
        for (File file : names.values()) {
            file.data.set(file.durable.toArray());
            for (Write write : file.pending) {
                if (survives.test(write.order)) {
                    file.data.put(write.offset, write.bytes, write.bytes.length);
                } else if (write.order == tornOrder) {
                    file.data.put(write.offset, write.bytes, Math.min(torn, write.bytes.length));
                }
            }
            file.pending.clear();
            file.durable.set(file.data.toArray());
        }
    }

    private static void applyName(Map<String, File> names, NameChange change) {
        if (change.fileOrNull == null) {
            names.remove(change.name);
        } else {
            names.put(change.name, change.fileOrNull);
        }
    }

    private void change(String name, @Nullable File fileOrNull) {
        var change = new NameChange(order++, name, fileOrNull);
        applyName(names, change);
        pendingNames.add(change);
    }

    @Override
    public List<String> list() {
        return List.copyOf(names.keySet());
    }

    @Override
    public DiskFile create(String name) throws IOException {
        if (names.containsKey(name)) {
            throw new IOException("exists: " + name);
        }
        change(name, new File());
        return open(name);
    }

    @Override
    public DiskFile open(String name) throws IOException {
        if (!names.containsKey(name)) {
            throw new FileNotFoundException(name);
        }
        return new Handle(file(name));
    }

    @Override
    public void delete(String name) throws IOException {
        if (!names.containsKey(name)) {
            throw new FileNotFoundException(name);
        }
        change(name, null);
    }

    @Override
    public void rename(String from, String to) {
        File file = file(from);
        // one operation: both names change or neither
        var leaves = new NameChange(order, from, null);
        var comes = new NameChange(order++, to, file);
        applyName(names, leaves);
        applyName(names, comes);
        pendingNames.add(leaves);
        pendingNames.add(comes);
    }

    @Override
    public void syncDirectory() {
        for (NameChange change : pendingNames) {
            applyName(durableNames, change);
        }
        pendingNames.clear();
    }

    @Override
    public long usableBytes() {
        return capacity - names.values().stream().mapToLong(file -> file.data.size).sum();
    }

    @Override
    public long totalBytes() {
        return capacity;
    }

    @Override
    public String toString() {
        return "memory";
    }

    private final class Handle implements DiskFile {
        private final File file;

        Handle(File file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long offset) {
            int count = (int) Math.max(0, Math.min(target.remaining(), file.data.size - offset));
            if (count > 0) {
                target.put(file.data.bytes, (int) offset, count);
            }
            return count;
        }

        @Override
        public void write(ByteBuffer[] sources, int count, long offset) {
            int at = (int) offset;
            for (int i = 0; i < count; i++) {
                var bytes = new byte[sources[i].remaining()];
                sources[i].get(bytes);
                file.data.put(at, bytes, bytes.length);
                file.pending.add(new Write(order++, at, bytes));
                at += bytes.length;
                writtenBytes += bytes.length;
            }
        }

        @Override
        public void sync() throws IOException {
            if (failSync) {
                throw new IOException("Input/output error");
            }
            for (Write write : file.pending) {
                file.durable.put(write.offset, write.bytes, write.bytes.length);
            }
            file.pending.clear();
        }

        @Override
        public long size() {
            return file.data.size;
        }

        @Override
        public void truncate(long size) {
            file.data.set(Arrays.copyOf(file.data.bytes, (int) size));
            file.durable.set(file.data.toArray()); // good enough: only recovery truncates
            file.pending.clear();
        }

        @Override
        public void close() {}
    }
}
