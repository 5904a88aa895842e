package io.coppice.sim;

import io.coppice.port.Disk;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A disk that outlives its host and knows what is durable. When the power fails, any of the writes
/// that were not synced may be there afterwards, whole, torn or not at all.
final class SimDisk implements Disk {
    private static final int SECTOR = 512;
    private static final int PAGE = 4096;
    private static final String SEGMENTS = "seg-";

    private record Write(int offset, byte[] bytes) {}

    private record NameChange(String name, @Nullable Content content) {}

    private static final class Content {
        byte[] now = {};
        int size;
        byte[] durable = {};
        int durableSize;
        final List<Write> pending = new ArrayList<>();

        void put(int offset, byte[] source, int from, int length) {
            if (now.length < offset + length) {
                now = Arrays.copyOf(now, Math.max(offset + length, now.length * 2));
            }
            System.arraycopy(source, from, now, offset, length);
            size = Math.max(size, offset + length);
        }

        /// Up to the zeros at its end.
        int written() {
            int end = size;
            while (end > 0 && now[end - 1] == 0) {
                end--;
            }
            return end;
        }

        void sync() {
            for (Write write : pending) {
                int end = write.offset + write.bytes.length;
                if (durable.length < end) {
                    durable = Arrays.copyOf(durable, Math.max(end, durable.length * 2));
                }
                System.arraycopy(write.bytes, 0, durable, write.offset, write.bytes.length);
                durableSize = Math.max(durableSize, end);
            }
            pending.clear();
        }

        void setDurable() {
            durable = Arrays.copyOf(now, size);
            durableSize = size;
            pending.clear();
        }
    }

    private final long capacity;
    private final Map<String, Content> names = new TreeMap<>();
    private final Map<String, Content> durableNames = new TreeMap<>();
    private final List<NameChange> pendingNames = new ArrayList<>();
    private final DiskFaults faults = new DiskFaults();
    private @Nullable Chance strays;

    SimDisk(long capacity) {
        this.capacity = capacity;
    }

    // ------------------------------------------------------------ faults

    /// The power fails. `allLost`: nothing of what was not synced survives.
    void powerFails(Chance chance, boolean allLost) {
        for (NameChange change : pendingNames) {
            if (!allLost && chance.percent(50)) {
                apply(durableNames, change);
            }
        }
        pendingNames.clear();
        names.clear();
        names.putAll(durableNames);
        for (Content content : names.values()) {
            var late = new ArrayList<>(content.pending);
            content.now = Arrays.copyOf(content.durable, content.durableSize);
            content.size = content.durableSize;
            for (Write write : late) {
                if (!allLost) {
                    keepSome(content, write, chance);
                }
            }
            content.setDurable();
        }
    }

    private static void keepSome(Content content, Write write, Chance chance) {
        if (chance.percent(50)) {
            content.put(write.offset, write.bytes, 0, write.bytes.length);
        } else if (chance.percent(50)) {
            int sectors = Math.max(1, write.bytes.length / SECTOR);
            int kept = Math.min(write.bytes.length, chance.below(sectors) * SECTOR);
            content.put(write.offset, write.bytes, 0, kept);
        }
    }

    /// Flips one bit of a file whose name starts with `prefix`; false: there is none.
    boolean rot(String prefix, Chance chance) {
        var files = filled(prefix);
        if (files.isEmpty()) {
            return false;
        }
        Content content = chance.of(files);
        int at = 64 + chance.below(content.written() - 64);
        byte flip = (byte) (1 << chance.below(8));
        content.now[at] ^= flip;
        if (at < content.durableSize) {
            content.durable[at] ^= flip;
        }
        return true;
    }

    private List<Content> filled(String prefix) {
        return names.entrySet().stream()
                .filter(e -> e.getKey().startsWith(prefix) && e.getValue().written() > PAGE)
                .map(Map.Entry::getValue)
                .toList();
    }

    DiskFaults faults() {
        return faults;
    }

    /// Some of a segment cannot be read any more.
    void punch(Chance chance) {
        var files = filled(SEGMENTS);
        if (!files.isEmpty()) {
            Content content = chance.of(files);
            long from = (long) chance.below(content.written() / PAGE) * PAGE;
            faults.punch(content, from, from + (1 + chance.below(3)) * (long) PAGE);
        }
    }

    /// The next write to a segment goes wrong, and says that it succeeded.
    void stray(Chance chance) {
        strays = chance;
    }

    // ------------------------------------------------------------ the disk

    private static void apply(Map<String, Content> names, NameChange change) {
        if (change.content == null) {
            names.remove(change.name);
        } else {
            names.put(change.name, change.content);
        }
    }

    private void change(String name, @Nullable Content content) {
        var change = new NameChange(name, content);
        apply(names, change);
        pendingNames.add(change);
    }

    private Content content(String name) throws IOException {
        Content found = names.get(name);
        if (found == null) {
            throw new FileNotFoundException(name);
        }
        return found;
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
        change(name, new Content());
        return open(name);
    }

    @Override
    public DiskFile open(String name) throws IOException {
        return new Handle(name, content(name));
    }

    @Override
    public void delete(String name) throws IOException {
        content(name);
        change(name, null);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Content content = content(from);
        change(to, content);
        change(from, null);
    }

    @Override
    public void syncDirectory() {
        pendingNames.forEach(change -> apply(durableNames, change));
        pendingNames.clear();
    }

    @Override
    public long usableBytes() {
        return Math.max(0, Math.min(capacity, faults.room()) - usedBytes());
    }

    long usedBytes() {
        return names.values().stream().mapToLong(content -> content.size).sum();
    }

    @Override
    public long totalBytes() {
        return capacity;
    }

    @Override
    public String toString() {
        return "a simulated disk";
    }

    private final class Handle implements DiskFile {
        private final String name;
        private final Content content;

        Handle(String name, Content content) {
            this.name = name;
            this.content = content;
        }

        @Override
        public int read(ByteBuffer target, long offset) throws IOException {
            faults.reads(content, offset, offset + target.remaining());
            int count = (int) Math.max(0, Math.min(target.remaining(), content.size - offset));
            if (count > 0) {
                target.put(content.now, (int) offset, count);
            }
            return count;
        }

        @Override
        public void write(ByteBuffer[] sources, int count, long offset) throws IOException {
            faults.uses(DiskFaults.Kind.WRITE);
            int at = (int) offset;
            long length = 0;
            for (int i = 0; i < count; i++) {
                length += sources[i].remaining();
            }
            if (offset + length - content.size > usableBytes()) {
                throw new IOException("No space left on device");
            }
            Chance wrong = strays;
            if (wrong != null && name.startsWith(SEGMENTS) && content.size > 2 * PAGE) {
                strays = null;
                goWrong(sources, count, at, (int) length, wrong);
                return;
            }
            for (int i = 0; i < count; i++) {
                var bytes = new byte[sources[i].remaining()];
                sources[i].get(bytes);
                write(at, bytes);
                at += bytes.length;
            }
        }

        private void write(int at, byte[] bytes) {
            content.put(at, bytes, 0, bytes.length);
            content.pending.add(new Write(at, bytes));
        }

        /// Only the first part of it is there, or all of it, but elsewhere; its place has zeros.
        private void goWrong(ByteBuffer[] sources, int count, int at, int length, Chance chance) {
            ByteBuffer all = ByteBuffer.allocate(length);
            for (int i = 0; i < count; i++) {
                all.put(sources[i]);
            }
            write(at, new byte[length]);
            int pages = (content.size - length) / PAGE;
            if (pages > 1 && chance.percent(50)) {
                write((1 + chance.below(pages - 1)) * PAGE, all.array());
            } else {
                int kept = chance.below(Math.max(1, length / SECTOR)) * SECTOR;
                write(at, Arrays.copyOf(all.array(), kept));
            }
        }

        @Override
        public void sync() throws IOException {
            try {
                faults.uses(DiskFaults.Kind.SYNC);
            } catch (IOException e) {
                // The system tells of it once, and forgets what it could not write.
                content.pending.clear();
                throw e;
            }
            content.sync();
        }

        @Override
        public long size() {
            return content.size;
        }

        @Override
        public void truncate(long size) {
            content.now = Arrays.copyOf(content.now, (int) size);
            content.size = (int) size;
            content.setDurable();
        }

        @Override
        public void close() {
            // Nothing is held open.
        }
    }
}
