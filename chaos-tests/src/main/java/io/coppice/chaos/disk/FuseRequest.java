package io.coppice.chaos.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// What the kernel asks, as `linux/fuse.h` lays it out. One thread; used again for each request.
final class FuseRequest {
    static final int LOOKUP = 1;
    static final int FORGET = 2;
    static final int GETATTR = 3;
    static final int SETATTR = 4;
    static final int MKDIR = 9;
    static final int UNLINK = 10;
    static final int RMDIR = 11;
    static final int RENAME = 12;
    static final int OPEN = 14;
    static final int READ = 15;
    static final int WRITE = 16;
    static final int STATFS = 17;
    static final int RELEASE = 18;
    static final int FSYNC = 20;
    static final int FLUSH = 25;
    static final int INIT = 26;
    static final int OPENDIR = 27;
    static final int READDIR = 28;
    static final int RELEASEDIR = 29;
    static final int FSYNCDIR = 30;
    static final int ACCESS = 34;
    static final int CREATE = 35;
    static final int INTERRUPT = 36;
    static final int DESTROY = 38;
    static final int BATCH_FORGET = 42;
    static final int RENAME2 = 45;

    private static final int HEADER_BYTES = 40;
    private static final int OPCODE_AT = 4;
    private static final int UNIQUE_AT = 8;
    private static final int NODE_AT = 16;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private final MemorySegment bytes =
            Arena.ofAuto().allocate(FuseReply.DATA_BYTES_MAX + 2 * DiskFile.PAGE_BYTES);

    /// Filled by a read of the device.
    MemorySegment bytes() {
        return bytes;
    }

    int opcode() {
        return bytes.get(INT, OPCODE_AT);
    }

    long unique() {
        return bytes.get(LONG, UNIQUE_AT);
    }

    long node() {
        return bytes.get(LONG, NODE_AT);
    }

    /// @param at after the header
    int intAt(int at) {
        return bytes.get(INT, HEADER_BYTES + at);
    }

    long longAt(int at) {
        return bytes.get(LONG, HEADER_BYTES + at);
    }

    /// A name that ends with a zero.
    String nameAt(int at) {
        return bytes.getString(HEADER_BYTES + at, StandardCharsets.UTF_8);
    }

    ByteBuffer dataAt(int at, int length) {
        return bytes.asSlice(HEADER_BYTES + at, length).asByteBuffer();
    }
}
