package io.coppice.chaos.disk;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A file or a directory of a [ForgetfulDisk], whose lock guards all but the bytes of the file.
final class Inode {
    final long id;
    final @Nullable DiskFile file;
    final @Nullable TreeMap<String, Inode> children;
    int mode;

    /// How often the kernel knows it.
    long lookups;

    /// In how many directories it is, now or if changes of names that are not synced are undone.
    int holders;

    /// The last change of names or of its size that came with it.
    volatile long changed;

    private Inode(long id, int mode, @Nullable DiskFile file) {
        this.id = id;
        this.mode = mode;
        this.file = file;
        children = file == null ? new TreeMap<>() : null;
    }

    static Inode directory(long id, int mode) {
        return new Inode(id, mode, null);
    }

    static Inode file(long id, int mode, DiskFile file) {
        return new Inode(id, mode, file);
    }

    boolean isDirectory() {
        return children != null;
    }

    long size() {
        return file == null ? DiskFile.PAGE_BYTES : file.size();
    }
}
