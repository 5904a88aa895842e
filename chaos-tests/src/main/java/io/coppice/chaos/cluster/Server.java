package io.coppice.chaos.cluster;

import io.coppice.chaos.disk.ForgetfulDisk;
import io.coppice.chaos.disk.FuseMount;
import io.coppice.chaos.linux.Libc;
import io.coppice.port.Entropy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A process on a host, and its disk if it has one. Thread-safe.
public final class Server {
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;
    private static final long STOP_SECONDS = 60;
    private static final long DIE_SECONDS = 30;

    /// Runs a command on a machine with the boot id of the file `$0`.
    private static final String BOOTED =
            "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"";

    private final Host host;
    private final List<String> command;
    private final Path log;
    private final Path bootId;
    private final @Nullable ForgetfulDisk disk;
    private final @Nullable Path mountPoint;
    private @Nullable FuseMount mount;
    private @Nullable Process process;
    private boolean paused;

    /// @param disk null: it keeps nothing
    /// @param mountPoint where its configuration says that the disk is
    Server(
            Host host,
            List<String> command,
            Path log,
            Path bootId,
            @Nullable ForgetfulDisk disk,
            @Nullable Path mountPoint) {
        this.host = host;
        this.command = List.copyOf(command);
        this.log = log;
        this.bootId = bootId;
        this.disk = disk;
        this.mountPoint = mountPoint;
    }

    public Host host() {
        return host;
    }

    public String name() {
        return host.name();
    }

    public ForgetfulDisk disk() {
        if (disk == null) {
            throw new IllegalStateException(name() + " has no disk");
        }
        return disk;
    }

    public boolean hasDisk() {
        return disk != null;
    }

    public synchronized boolean isRunning() {
        return process != null && process.isAlive();
    }

    public synchronized void start() throws IOException {
        if (isRunning()) {
            return;
        }
        if (disk != null && mountPoint != null && mount == null) {
            mount = FuseMount.mount(disk, mountPoint);
        }
        if (!Files.exists(bootId)) {
            boot();
        }
        var all = new ArrayList<>(Hosts.enter(host));
        all.addAll(List.of("sh", "-c", BOOTED, bootId.toString()));
        all.addAll(command);
        var builder =
                new ProcessBuilder(all)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
        process = builder.start();
        paused = false;
    }

    /// Whether it ends by itself within so long; else it goes on.
    public boolean endsWithin(long seconds) {
        Process running;
        synchronized (this) {
            running = process;
        }
        return running == null || await(running, seconds);
    }

    /// As `kill -9`: what it wrote is with its system.
    public synchronized void kill() {
        if (process != null) {
            if (disk != null) {
                disk.faults().heal(); // the system waits for requests that hang
            }
            process.destroyForcibly();
            if (!await(process, DIE_SECONDS)) {
                throw new IllegalStateException(name() + " does not die");
            }
            process = null;
        }
    }

    /// As its system asks it to.
    public synchronized void stop() {
        if (process != null) {
            resume();
            process.destroy();
            if (!await(process, STOP_SECONDS)) {
                throw new IllegalStateException(
                        name() + " did not stop within " + STOP_SECONDS + " s");
            }
            process = null;
        }
    }

    public synchronized void pause() {
        if (process != null && !paused) {
            Libc.kill(process.pid(), SIGSTOP);
            paused = true;
        }
    }

    public synchronized void resume() {
        if (process != null && paused) {
            Libc.kill(process.pid(), SIGCONT);
            paused = false;
        }
    }

    /// For good.
    synchronized void close() throws IOException {
        kill();
        unmount();
    }

    /// Its machine goes out: the process, and what its disk has not synced.
    public synchronized void losePower() throws IOException {
        kill();
        unmount();
        disk().losePower();
        boot();
    }

    /// A machine knows by this that it has been off.
    private void boot() throws IOException {
        var entropy = Entropy.system();
        Files.writeString(bootId, new UUID(entropy.nextLong(), entropy.nextLong()) + "\n");
    }

    /// Its disk is replaced by an empty one.
    public synchronized void loseDisk() throws IOException {
        kill();
        unmount();
        disk().wipe();
    }

    private void unmount() throws IOException {
        if (mount != null) {
            mount.close();
            mount = null;
        }
    }

    private static boolean await(Process process, long seconds) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return process.waitFor(seconds, TimeUnit.SECONDS);
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
