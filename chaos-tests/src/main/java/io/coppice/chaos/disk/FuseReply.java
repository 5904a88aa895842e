package io.coppice.chaos.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// An answer to the kernel, as `linux/fuse.h` lays it out (protocol 7.31). One thread; used again
/// for each request.
final class FuseReply {
    static final int DATA_BYTES_MAX = 1 << 20;
    private static final int HEADER_BYTES = 16;
    private static final int NAME_ALIGN = 8;
    private static final int DIRENT_BYTES = 24;
    private static final int DIRECTORY_TYPE = 4;
    private static final int FILE_TYPE = 8;
    private static final int S_IFDIR = 0040000;
    private static final int S_IFREG = 0100000;
    private static final int STAT_BLOCK = 512;
    private static final long NAMES_CACHED_SECONDS = 3600;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final MemorySegment bytes = Arena.ofAuto().allocate(HEADER_BYTES + DATA_BYTES_MAX);
    private long at = HEADER_BYTES;

    void clear() {
        at = HEADER_BYTES;
    }

    FuseReply putInt(int value) {
        bytes.set(INT, at, value);
        at += Integer.BYTES;
        return this;
    }

    FuseReply putLong(long value) {
        bytes.set(LONG, at, value);
        at += Long.BYTES;
        return this;
    }

    FuseReply putShort(int value) {
        bytes.set(SHORT, at, (short) value);
        at += Short.BYTES;
        return this;
    }

    FuseReply zeros(int count) {
        bytes.asSlice(at, count).fill((byte) 0);
        at += count;
        return this;
    }

    /// `struct fuse_entry_out`: names change through the kernel only, sizes are asked for each
    /// time.
    FuseReply entry(Inode inode) {
        return putLong(inode.id)
                .putLong(0)
                .putLong(NAMES_CACHED_SECONDS)
                .putLong(0)
                .putInt(0)
                .putInt(0)
                .attributes(inode);
    }

    /// `struct fuse_attr`.
    FuseReply attributes(Inode inode) {
        long size = inode.size();
        putLong(inode.id).putLong(size).putLong((size + STAT_BLOCK - 1) / STAT_BLOCK);
        zeros(3 * Long.BYTES + 3 * Integer.BYTES);
        putInt((inode.isDirectory() ? S_IFDIR : S_IFREG) | inode.mode & 07777);
        return putInt(1).zeros(3 * Integer.BYTES).putInt(DiskFile.PAGE_BYTES).putInt(0);
    }

    /// `struct fuse_dirent`; false: there is no more room.
    boolean dirent(String name, Inode inode, long next, int limit) {
        byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
        int length = DIRENT_BYTES + encoded.length;
        int padded = (length + NAME_ALIGN - 1) / NAME_ALIGN * NAME_ALIGN;
        if (at - HEADER_BYTES + padded > limit) {
            return false;
        }
        putLong(inode.id).putLong(next).putInt(encoded.length);
        putInt(inode.isDirectory() ? DIRECTORY_TYPE : FILE_TYPE);
        MemorySegment.copy(encoded, 0, bytes, ValueLayout.JAVA_BYTE, at, encoded.length);
        at += encoded.length;
        zeros(padded - length);
        return true;
    }

    /// Room for data, to be filled and then counted by [#filled].
    ByteBuffer room(int length) {
        return bytes.asSlice(at, length).asByteBuffer();
    }

    void filled(int length) {
        at += length;
    }

    /// @param error as in `errno.h`; 0: none
    MemorySegment finish(long unique, int error) {
        if (error != 0) {
            clear();
        }
        bytes.set(INT, 0, (int) at);
        bytes.set(INT, Integer.BYTES, -error);
        bytes.set(LONG, 2 * Integer.BYTES, unique);
        return bytes.asSlice(0, at);
    }
}
