package io.coppice.node.store;

import io.coppice.port.Disk;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.function.LongToIntFunction;
import org.jspecify.annotations.Nullable;

/// A disk in memory that knows what is durable. [#crash] forgets what was not synced, except for a
/// prefix of the writes in the order in which they were made, the last of them torn at any byte.
final class MemoryDisk implements Disk {
    /// The power fails: not an IOException, so that nothing under test handles it.
    static final class PowerLoss extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /// An operation that is not durable; `bytes` can survive in part, 0: wholly or not at all.
    record Pending(long order, int bytes) {}

    /// Without bytes: the file is cut off at `offset`.
    private record Write(long order, int offset, byte @Nullable [] bytes) {
        int length() {
            return bytes == null ? 0 : bytes.length;
        }

        void apply(Content content, int most) {
            if (bytes == null) {
                content.cut(offset);
            } else {
                content.put(offset, bytes, Math.min(most, bytes.length));
            }
        }
    }

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

        void cut(int length) {
            if (length < size) {
                Arrays.fill(bytes, length, size, (byte) 0);
            }
            size = Math.min(size, length);
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

        File copy() {
            var copy = new File();
            copy.data.set(data.toArray());
            copy.durable.set(durable.toArray());
            copy.pending.addAll(pending);
            return copy;
        }
    }

    private Map<String, File> names = new TreeMap<>();
    private final Map<String, File> durableNames = new TreeMap<>();
    private final List<NameChange> pendingNames = new ArrayList<>();
    private long order;
    long capacity = 1L << 40;
    boolean failSync;

    /// Writes fail with this message.
    @Nullable String failWrite;

    /// Reads of this file fail.
    @Nullable String failRead;

    /// Of that file, from here on.
    long failReadFrom;

    long writtenBytes;

    /// Steps of the device so far: writes, changes of names and syncs.
    long ticks;

    /// The power fails before this step.
    long ticksMax = Long.MAX_VALUE;

    /// Operations so far; each write, creation, deletion, rename counts.
    long order() {
        return order;
    }

    private void tick() {
        if (ticks >= ticksMax) {
            throw new PowerLoss();
        }
        ticks++;
    }

    /// Another disk with the same content and the same operations not durable.
    MemoryDisk copy() {
        var copy = new MemoryDisk();
        var files = new IdentityHashMap<File, File>();
        names.forEach(
                (name, file) -> copy.names.put(name, files.computeIfAbsent(file, File::copy)));
        durableNames.forEach((name, file) ->
                copy.durableNames.put(name, files.computeIfAbsent(file, File::copy)));
        for (NameChange change : pendingNames) {
            File file = change.fileOrNull;
            copy.pendingNames.add(
                    new NameChange(
                            change.order,
                            change.name,
                            file == null ? null : files.computeIfAbsent(file, File::copy)));
        }
        copy.order = order;
        copy.capacity = capacity;
        return copy;
    }

    /// What is not durable, in the order in which it was done.
    List<Pending> pending() {
        var found = new TreeMap<Long, Pending>();
        var files = Collections.newSetFromMap(new IdentityHashMap<File, Boolean>());
        files.addAll(names.values());
        files.addAll(durableNames.values());
        for (NameChange change : pendingNames) {
            found.put(change.order, new Pending(change.order, 0));
        }
        for (File file : files) {
            for (Write write : file.pending) {
                found.put(write.order, new Pending(write.order, write.length()));
            }
        }
        return List.copyOf(found.values());
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
        crash(order -> survives.test(order) ? Integer.MAX_VALUE : order == tornOrder ? torn : 0);
    }

    /// As above; `survives` says how many bytes of each operation do, of one without bytes it does
    /// if that is not 0.
    void crash(LongToIntFunction survives) {
        ticksMax = Long.MAX_VALUE;
        for (NameChange change : pendingNames) {
            if (survives.applyAsInt(change.order) > 0) {
                applyName(durableNames, change);
            }
        }
        pendingNames.clear();
        names = new TreeMap<>(durableNames);
        for (File file : names.values()) {
            file.data.set(file.durable.toArray());
            for (Write write : file.pending) {
                int most = survives.applyAsInt(write.order);
                if (most > 0) {
                    write.apply(file.data, most);
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
        tick();
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
        tick();
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
        tick();
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
        public int read(ByteBuffer target, long offset) throws IOException {
            if (failRead != null
                    && file == names.get(failRead)
                    && offset + target.remaining() > failReadFrom) {
                throw new IOException("Input/output error");
            }
            int count = (int) Math.max(0, Math.min(target.remaining(), file.data.size - offset));
            if (count > 0) {
                target.put(file.data.bytes, (int) offset, count);
            }
            return count;
        }

        @Override
        public void write(ByteBuffer[] sources, int count, long offset) throws IOException {
            int at = (int) offset;
            for (int i = 0; i < count; i++) {
                if (failWrite != null) {
                    throw new IOException(failWrite);
                }
                if (sources[i].remaining() > usableBytes()) {
                    throw new IOException("No space left on device");
                }
                tick();
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
            tick();
            for (Write write : file.pending) {
                write.apply(file.durable, Integer.MAX_VALUE);
            }
            file.pending.clear();
        }

        @Override
        public long size() {
            return file.data.size;
        }

        @Override
        public void truncate(long size) {
            tick();
            file.data.cut((int) size);
            file.pending.add(new Write(order++, (int) size, null));
        }

        @Override
        public void close() {}
    }
}
