package io.coppice.chaos.disk;

import io.coppice.chaos.linux.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A disk with a file system that promises what ext4 and XFS promise, and no more: bytes of a file
/// last once it was synced; names and sizes change in one order, of which a sync makes durable all
/// up to the last change of what is synced. The rest may be lost with the power. Its bytes are in
/// files of a folder, its names in memory, so it lives as long as this object. Thread-safe;
/// requests must have ended before [#losePower] and [#wipe].
public final class ForgetfulDisk {
    static final long ROOT = 1;
    private static final int UNSYNCED_PAGES_MAX = 16_384;

    /// A change of names: how it is undone, and what no longer needs to be kept for that once it is
    /// durable.
    private record Change(long number, Runnable undo, @Nullable Inode dropped) {}

    private final Path folder;
    private final long capacity;
    private final DiskFaults faults = new DiskFaults();
    private final SplittableRandom chance;
    private final Map<Long, Inode> inodes = new HashMap<>();
    private final ArrayDeque<Change> unsynced = new ArrayDeque<>();
    private final Inode root = Inode.directory(ROOT, 0755);
    private long ids = ROOT;
    private long changes;

    /// @param folder an empty one, for the bytes
    /// @param capacity of all files
    public ForgetfulDisk(Path folder, long capacity, long seed) {
        this.folder = folder;
        this.capacity = capacity;
        chance = new SplittableRandom(seed);
        root.holders = 1;
        inodes.put(ROOT, root);
    }

    public DiskFaults faults() {
        return faults;
    }

    // ------------------------------------------------------------ names

    synchronized Inode get(long id) throws DiskException {
        Inode inode = inodes.get(id);
        if (inode == null) {
            throw new DiskException(Libc.ENOENT);
        }
        return inode;
    }

    synchronized Inode lookup(long parent, String name) throws DiskException {
        Inode found = children(parent).get(name);
        if (found == null) {
            throw new DiskException(Libc.ENOENT);
        }
        found.lookups++;
        return found;
    }

    synchronized Inode create(long parent, String name, int mode, boolean directory)
            throws DiskException {
        var names = children(parent);
        if (names.containsKey(name)) {
            throw new DiskException(Libc.EEXIST);
        }
        long id = ++ids;
        Inode made;
        try {
            made =
                    directory
                            ? Inode.directory(id, mode)
                            : Inode.file(id, mode, new DiskFile(folder.resolve(id + ".bytes")));
        } catch (IOException failed) {
            throw DiskFile.of(failed);
        }
        inodes.put(id, made);
        names.put(name, made);
        made.holders++;
        made.lookups++;
        changed(
                () -> {
                    names.remove(name);
                    made.holders--;
                },
                null,
                made,
                get(parent));
        return made;
    }

    synchronized void remove(long parent, String name, boolean directory) throws DiskException {
        var names = children(parent);
        Inode gone = names.get(name);
        if (gone == null) {
            throw new DiskException(Libc.ENOENT);
        }
        if (gone.isDirectory() != directory) {
            throw new DiskException(directory ? Libc.ENOTDIR : Libc.EISDIR);
        }
        requireEmpty(gone);
        names.remove(name);
        changed(() -> names.put(name, gone), gone, gone, get(parent));
    }

    /// @param touched whose syncs make it durable
    private void changed(Runnable undo, @Nullable Inode dropped, Inode... touched) {
        unsynced.add(new Change(++changes, undo, dropped));
        for (Inode each : touched) {
            each.changed = changes;
        }
    }

    private static void requireEmpty(Inode inode) throws DiskException {
        if (inode.children != null && !inode.children.isEmpty()) {
            throw new DiskException(Libc.ENOTEMPTY);
        }
    }

    synchronized void rename(long from, String name, long to, String newName) throws DiskException {
        var source = children(from);
        var target = children(to);
        Inode moved = source.get(name);
        if (moved == null) {
            throw new DiskException(Libc.ENOENT);
        }
        Inode replaced = target.get(newName);
        if (replaced == moved) {
            return;
        }
        if (replaced != null) {
            requireEmpty(replaced);
        }
        source.remove(name);
        target.put(newName, moved);
        changed(
                () -> {
                    if (replaced == null) {
                        target.remove(newName);
                    } else {
                        target.put(newName, replaced);
                    }
                    source.put(name, moved);
                },
                replaced,
                moved,
                get(from),
                get(to));
    }

    /// Names and what they stand for, in order.
    synchronized List<Map.Entry<String, Inode>> list(long directory) throws DiskException {
        var list = new ArrayList<Map.Entry<String, Inode>>();
        children(directory).forEach((name, inode) -> list.add(Map.entry(name, inode)));
        return list;
    }

    private TreeMap<String, Inode> children(long id) throws DiskException {
        var names = get(id).children;
        if (names == null) {
            throw new DiskException(Libc.ENOTDIR);
        }
        return names;
    }

    /// The kernel knows it no more, so many times.
    synchronized void forget(long id, long times) {
        Inode inode = inodes.get(id);
        if (inode != null) {
            inode.lookups -= times;
            collect(inode);
        }
    }

    private void collect(Inode inode) {
        if (inode.holders > 0 || inode.lookups > 0) {
            return;
        }
        inodes.remove(inode.id);
        if (inode.file != null) {
            try {
                inode.file.delete();
            } catch (IOException stays) {
                // The folder goes with the run.
            }
        }
    }

    // ------------------------------------------------------------ bytes

    int read(long id, long offset, ByteBuffer into) throws DiskException {
        faults.beforeRead();
        try {
            return file(id).read(offset, into);
        } catch (IOException failed) {
            throw DiskFile.of(failed);
        }
    }

    void write(long id, long offset, ByteBuffer from) throws DiskException {
        faults.beforeWrite();
        DiskFile file = file(id);
        long more = offset + from.remaining() - file.size();
        if (more > 0) {
            if (faults.isFull() || more > capacity - used()) {
                throw new DiskException(Libc.ENOSPC);
            }
            resized(id);
        }
        try {
            file.write(offset, from);
            if (file.unsyncedPages() > UNSYNCED_PAGES_MAX) {
                file.writeBack(fork(), UNSYNCED_PAGES_MAX / 2);
            }
        } catch (IOException failed) {
            throw DiskFile.of(failed);
        }
    }

    void truncate(long id, long length) throws DiskException {
        faults.beforeWrite();
        try {
            DiskFile file = file(id);
            resized(id);
            if (length < file.size()) {
                syncNames(Long.MAX_VALUE);
            }
            file.truncate(length);
        } catch (IOException failed) {
            throw DiskFile.of(failed);
        }
    }

    /// With its size all changes of names so far become durable.
    private synchronized void resized(long id) throws DiskException {
        get(id).changed = changes;
    }

    /// Of a file or a directory.
    void sync(long id) throws DiskException {
        boolean fails = faults.beforeSync();
        Inode inode = get(id);
        DiskFile file = inode.file;
        if (fails) {
            if (file != null) {
                file.failSync();
            }
            throw new DiskException(Libc.EIO);
        }
        if (file != null) {
            file.sync();
        }
        syncNames(inode.changed);
    }

    private synchronized void syncNames(long upTo) {
        while (!unsynced.isEmpty() && unsynced.element().number() <= upTo) {
            Inode dropped = unsynced.remove().dropped();
            if (dropped != null) {
                dropped.holders--;
                collect(dropped);
            }
        }
    }

    private DiskFile file(long id) throws DiskException {
        DiskFile file = get(id).file;
        if (file == null) {
            throw new DiskException(Libc.EISDIR);
        }
        return file;
    }

    long capacity() {
        return capacity;
    }

    /// Bytes that can still be stored.
    long free() {
        return faults.looksFull() ? 0 : Math.max(0, capacity - used());
    }

    private synchronized long used() {
        long used = 0;
        for (Inode inode : inodes.values()) {
            used += inode.size();
        }
        return used;
    }

    private synchronized SplittableRandom fork() {
        return chance.split();
    }

    // ------------------------------------------------------------ what happens to disks

    /// Forgets a random part of what was not synced. Nobody has it mounted.
    public synchronized void losePower() throws IOException {
        int kept = chance.nextInt(unsynced.size() + 1);
        while (unsynced.size() > kept) {
            unsynced.removeLast().undo().run();
        }
        syncNames(Long.MAX_VALUE);
        released();
        for (Inode inode : inodes.values()) {
            if (inode.file != null) {
                inode.file.losePower(chance);
            }
        }
    }

    /// An empty disk in its place. Nobody has it mounted.
    public synchronized void wipe() {
        unsynced.clear();
        inodes.values().forEach(inode -> inode.holders = 0);
        root.holders = 1;
        if (root.children != null) {
            root.children.clear();
        }
        released();
    }

    /// The kernel knows nothing of it any more.
    synchronized void released() {
        for (Inode inode : List.copyOf(inodes.values())) {
            inode.lookups = 0;
            collect(inode);
        }
    }

    /// Turns `bits` bits of files round whose path, from the root, fits.
    ///
    /// @return how many; fewer when no file fits
    public int flipBits(Predicate<String> fits, int bits) throws IOException {
        var files = new ArrayList<DiskFile>();
        synchronized (this) {
            walk(
                    "",
                    root,
                    (path, inode) -> {
                        if (inode.file != null && inode.size() > 0 && fits.test(path)) {
                            files.add(inode.file);
                        }
                    });
        }
        SplittableRandom random = fork();
        for (int i = 0; i < bits && !files.isEmpty(); i++) {
            DiskFile file = files.get(random.nextInt(files.size()));
            file.flipBit(random.nextLong(Math.max(1, file.size() * 8)));
        }
        return files.isEmpty() ? 0 : bits;
    }

    /// Whether there is a file whose path, from the root, fits.
    public synchronized boolean holds(Predicate<String> fits) {
        var found = new ArrayList<String>();
        walk(
                "",
                root,
                (path, inode) -> {
                    if (fits.test(path)) {
                        found.add(path);
                    }
                });
        return !found.isEmpty();
    }

    private static void walk(String path, Inode inode, BiConsumer<String, Inode> visit) {
        visit.accept(path, inode);
        if (inode.children != null) {
            inode.children.forEach((name, child) -> walk(path + "/" + name, child, visit));
        }
    }
}
