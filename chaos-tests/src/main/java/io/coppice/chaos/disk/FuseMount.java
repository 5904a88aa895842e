package io.coppice.chaos.disk;

import io.coppice.chaos.linux.Libc;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A [ForgetfulDisk] where the kernel shows it, by FUSE (protocol 7.31). Nothing is cached: each
/// read and write of a process arrives here.
public final class FuseMount implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FuseMount.class);
    private static final int THREADS = 4;
    private static final int MAJOR = 7;
    private static final int MINOR = 31;
    private static final int ASYNC_READ = 1;
    private static final int BIG_WRITES = 1 << 5;
    private static final int PARALLEL_DIROPS = 1 << 18;
    private static final int MAX_PAGES = 1 << 22;
    private static final int BACKGROUND = 16;
    private static final int FOPEN_DIRECT_IO = 1;
    private static final int SET_MODE = 1;
    private static final int SET_SIZE = 1 << 3;
    private static final int RENAME_NOREPLACE_OR_EXCHANGE = 3;
    private static final int WRITE_HEADER_BYTES = 40;
    private static final int NAME_BYTES_MAX = 255;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final ForgetfulDisk disk;
    private final Path at;
    private final int fd;
    private final List<Thread> servants = new ArrayList<>();

    private FuseMount(ForgetfulDisk disk, Path at, int fd) {
        this.disk = disk;
        this.at = at;
        this.fd = fd;
    }

    /// @param at an empty folder; must be able to mount, as root in a namespace of its own
    public static FuseMount mount(ForgetfulDisk disk, Path at) throws IOException {
        int fd = Libc.open("/dev/fuse");
        try {
            Libc.mount(
                    "coppice-disk",
                    at.toString(),
                    "fuse",
                    "fd="
                            + fd
                            + ",rootmode=40000,user_id=0,group_id=0,allow_other,max_read="
                            + FuseReply.DATA_BYTES_MAX);
        } catch (IOException failed) {
            Libc.close(fd);
            throw failed;
        }
        var mount = new FuseMount(disk, at, fd);
        for (int i = 0; i < THREADS; i++) {
            mount.servants.add(
                    Thread.ofPlatform()
                            .name("disk-" + at.getFileName())
                            .daemon()
                            .start(mount::serve));
        }
        return mount;
    }

    /// Takes it away; every process that used it has ended.
    @Override
    public void close() throws IOException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            try {
                Libc.unmount(at.toString());
                break;
            } catch (IOException stillInUse) {
                if (System.nanoTime() > end) {
                    throw stillInUse;
                }
                pause();
            }
        }
        for (Thread servant : servants) {
            while (servant.isAlive()) {
                if (System.nanoTime() > end) {
                    throw new IOException(at + " is unmounted, but its requests go on");
                }
                pause();
            }
        }
        Libc.close(fd);
        disk.released();
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(10);
        } catch (InterruptedException nobodyAsks) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve() {
        var request = new FuseRequest();
        var reply = new FuseReply();
        while (true) {
            long length = Libc.read(fd, request.bytes());
            if (length == -Libc.EINTR || length == -Libc.EAGAIN || length == -Libc.ENOENT) {
                continue; // also of a request that was given up
            }
            if (length < 0) {
                return; // unmounted
            }
            reply.clear();
            int error = 0;
            try {
                if (!answer(request, reply)) {
                    continue;
                }
            } catch (DiskException refused) {
                error = refused.error();
            } catch (RuntimeException bug) {
                LOG.error("a request of {} failed", at, bug);
                error = Libc.EIO;
            }
            var bytes = reply.finish(request.unique(), error);
            Libc.write(fd, bytes, bytes.byteSize());
        }
    }

    /// @return whether the kernel waits for an answer
    private boolean answer(FuseRequest request, FuseReply reply) throws DiskException {
        long node = request.node();
        switch (request.opcode()) {
            case FuseRequest.INIT -> init(reply);
            case FuseRequest.LOOKUP -> reply.entry(disk.lookup(node, request.nameAt(0)));
            case FuseRequest.GETATTR -> attributes(disk.get(node), reply);
            case FuseRequest.SETATTR -> change(request, reply);
            case FuseRequest.OPEN, FuseRequest.OPENDIR -> opened(reply);
            case FuseRequest.READ -> read(request, reply);
            case FuseRequest.WRITE -> write(request, reply);
            case FuseRequest.FSYNC, FuseRequest.FSYNCDIR -> disk.sync(node);
            case FuseRequest.CREATE -> {
                reply.entry(disk.create(node, request.nameAt(16), request.intAt(4), false));
                opened(reply);
            }
            case FuseRequest.MKDIR ->
                    reply.entry(disk.create(node, request.nameAt(8), request.intAt(0), true));
            case FuseRequest.UNLINK -> disk.remove(node, request.nameAt(0), false);
            case FuseRequest.RMDIR -> disk.remove(node, request.nameAt(0), true);
            case FuseRequest.RENAME -> rename(request, 8);
            case FuseRequest.RENAME2 -> {
                if ((request.intAt(8) & RENAME_NOREPLACE_OR_EXCHANGE) != 0) {
                    throw new DiskException(Libc.EINVAL);
                }
                rename(request, 16);
            }
            case FuseRequest.READDIR -> readDirectory(request, reply);
            case FuseRequest.STATFS -> space(reply);
            case FuseRequest.RELEASE,
                    FuseRequest.RELEASEDIR,
                    FuseRequest.FLUSH,
                    FuseRequest.ACCESS,
                    FuseRequest.DESTROY -> {}
            case FuseRequest.FORGET -> {
                disk.forget(node, request.longAt(0));
                return false;
            }
            case FuseRequest.BATCH_FORGET -> {
                for (int i = 0; i < request.intAt(0); i++) {
                    disk.forget(request.longAt(8 + 16 * i), request.longAt(16 + 16 * i));
                }
                return false;
            }
            case FuseRequest.INTERRUPT -> {
                return false;
            }
            default -> throw new DiskException(Libc.ENOSYS);
        }
        return true;
    }

    private static void init(FuseReply reply) {
        reply.putInt(MAJOR).putInt(MINOR).putInt(0);
        reply.putInt(ASYNC_READ | BIG_WRITES | PARALLEL_DIROPS | MAX_PAGES);
        reply.putShort(BACKGROUND).putShort(BACKGROUND);
        reply.putInt(FuseReply.DATA_BYTES_MAX).putInt(1);
        reply.putShort(FuseReply.DATA_BYTES_MAX / DiskFile.PAGE_BYTES).putShort(0);
        reply.zeros(8 * Integer.BYTES);
    }

    private static void opened(FuseReply reply) {
        reply.putLong(0).putInt(FOPEN_DIRECT_IO).putInt(0);
    }

    private static void attributes(Inode inode, FuseReply reply) {
        reply.putLong(0).putInt(0).putInt(0).attributes(inode);
    }

    private void change(FuseRequest request, FuseReply reply) throws DiskException {
        int what = request.intAt(0);
        Inode inode = disk.get(request.node());
        if ((what & SET_SIZE) != 0) {
            disk.truncate(inode.id, request.longAt(16));
        }
        if ((what & SET_MODE) != 0) {
            inode.mode = request.intAt(68);
        }
        attributes(inode, reply);
    }

    private void read(FuseRequest request, FuseReply reply) throws DiskException {
        int length = Math.min(request.intAt(16), FuseReply.DATA_BYTES_MAX);
        reply.filled(disk.read(request.node(), request.longAt(8), reply.room(length)));
    }

    private void write(FuseRequest request, FuseReply reply) throws DiskException {
        int length = request.intAt(16);
        disk.write(request.node(), request.longAt(8), request.dataAt(WRITE_HEADER_BYTES, length));
        reply.putInt(length).putInt(0);
    }

    private void rename(FuseRequest request, int namesAt) throws DiskException {
        String name = request.nameAt(namesAt);
        int after = namesAt + name.getBytes(StandardCharsets.UTF_8).length + 1;
        disk.rename(request.node(), name, request.longAt(0), request.nameAt(after));
    }

    private void readDirectory(FuseRequest request, FuseReply reply) throws DiskException {
        List<Map.Entry<String, Inode>> names = disk.list(request.node());
        int limit = Math.min(request.intAt(16), FuseReply.DATA_BYTES_MAX);
        for (int i = (int) request.longAt(8); i < names.size(); i++) {
            var name = names.get(i);
            if (!reply.dirent(name.getKey(), name.getValue(), i + 1L, limit)) {
                return;
            }
        }
    }

    private void space(FuseReply reply) {
        long free = disk.free() / DiskFile.PAGE_BYTES;
        reply.putLong(disk.capacity() / DiskFile.PAGE_BYTES).putLong(free).putLong(free);
        reply.putLong(1 << 20).putLong(1 << 20);
        reply.putInt(DiskFile.PAGE_BYTES).putInt(NAME_BYTES_MAX).putInt(DiskFile.PAGE_BYTES);
        reply.zeros(7 * Integer.BYTES);
    }
}
