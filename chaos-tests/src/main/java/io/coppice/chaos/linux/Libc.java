package io.coppice.chaos.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// System calls by way of libc. Thread-safe. Those on the path of packets and disk requests
/// ([#read], [#write]) allocate nothing and give `-errno` instead of throwing.
@SuppressWarnings("restricted")
public final class Libc {
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EAGAIN = 11;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int ENOSYS = 38;
    public static final int ENOTEMPTY = 39;

    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final long MS_NOSUID = 2;
    private static final long MS_NODEV = 4;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout POINTER = ValueLayout.ADDRESS;

    private static final MethodHandle OPEN =
            handle("open", FunctionDescriptor.of(INT, POINTER, INT), 2);
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(INT, INT), -1);
    private static final MethodHandle READ =
            handle("read", FunctionDescriptor.of(LONG, INT, POINTER, LONG), -1);
    private static final MethodHandle WRITE =
            handle("write", FunctionDescriptor.of(LONG, INT, POINTER, LONG), -1);
    private static final MethodHandle IOCTL =
            handle("ioctl", FunctionDescriptor.of(INT, INT, LONG, POINTER), 2);
    private static final MethodHandle MOUNT =
            handle(
                    "mount",
                    FunctionDescriptor.of(INT, POINTER, POINTER, POINTER, LONG, POINTER),
                    -1);
    private static final MethodHandle UMOUNT =
            handle("umount2", FunctionDescriptor.of(INT, POINTER, INT), -1);

    private static final MethodHandle KILL =
            handle("kill", FunctionDescriptor.of(INT, INT, INT), -1);

    /// Where the last call of each thread left its error.
    private static final ThreadLocal<MemorySegment> ERROR =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE));

    private Libc() {}

    /// @param fixed arguments before the variable ones; negative: none are variable
    private static MethodHandle handle(String name, FunctionDescriptor descriptor, int fixed) {
        var capture = Linker.Option.captureCallState("errno");
        MemorySegment symbol = LINKER.defaultLookup().findOrThrow(name);
        return fixed < 0
                ? LINKER.downcallHandle(symbol, descriptor, capture)
                : LINKER.downcallHandle(
                        symbol, descriptor, capture, Linker.Option.firstVariadicArg(fixed));
    }

    private static int errno() {
        return (int) ERRNO.get(ERROR.get(), 0L);
    }

    /// A file descriptor for reading and writing; processes that are started do not inherit it.
    public static int open(String path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int fd =
                    (int)
                            OPEN.invokeExact(
                                    ERROR.get(), arena.allocateFrom(path), O_RDWR | O_CLOEXEC);
            if (fd < 0) {
                throw failed("open " + path);
            }
            return fd;
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    public static void close(int fd) {
        try {
            int ignored = (int) CLOSE.invokeExact(ERROR.get(), fd);
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Bytes read, or `-errno`.
    public static long read(int fd, MemorySegment into) {
        try {
            long got = (long) READ.invokeExact(ERROR.get(), fd, into, into.byteSize());
            return got < 0 ? -errno() : got;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Bytes written, or `-errno`.
    public static long write(int fd, MemorySegment from, long length) {
        try {
            long put = (long) WRITE.invokeExact(ERROR.get(), fd, from, length);
            return put < 0 ? -errno() : put;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    public static void ioctl(int fd, long request, MemorySegment argument) throws IOException {
        int result;
        try {
            result = (int) IOCTL.invokeExact(ERROR.get(), fd, request, argument);
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
        if (result < 0) {
            throw failed("ioctl");
        }
    }

    /// Sends a signal; nothing happens when the process is gone.
    public static void kill(long pid, int signal) {
        try {
            int ignored = (int) KILL.invokeExact(ERROR.get(), (int) pid, signal);
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// Mounts a file system of the kind `type`.
    public static void mount(String source, String target, String type, String options)
            throws IOException {
        int result;
        try (Arena arena = Arena.ofConfined()) {
            result =
                    (int)
                            MOUNT.invokeExact(
                                    ERROR.get(),
                                    arena.allocateFrom(source),
                                    arena.allocateFrom(target),
                                    arena.allocateFrom(type),
                                    MS_NOSUID | MS_NODEV,
                                    arena.allocateFrom(options));
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
        if (result < 0) {
            throw failed("mount on " + target);
        }
    }

    public static void unmount(String target) throws IOException {
        int result;
        try (Arena arena = Arena.ofConfined()) {
            result = (int) UMOUNT.invokeExact(ERROR.get(), arena.allocateFrom(target), 0);
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
        if (result < 0) {
            throw failed("unmount " + target);
        }
    }

    private static IOException failed(String what) {
        return new IOException(what + ": error " + errno());
    }
}
