package io.coppice.chaos.run;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The run that is under way. It ends with this process: `unshare` keeps signals from it.
final class SandboxProcess {
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static @Nullable Process current;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(SandboxProcess::abandon, "abandon"));
    }

    private SandboxProcess() {}

    /// Returns its exit code; does not return any more once this process is being ended.
    static int run(ProcessBuilder what) throws IOException, InterruptedException {
        Process process;
        LOCK.lock();
        try {
            process = what.start();
            current = process;
        } finally {
            LOCK.unlock();
        }
        int exit = process.waitFor();
        LOCK.lock();
        try {
            current = null;
        } finally {
            LOCK.unlock();
        }
        return exit;
    }

    /// Keeps the lock: nothing is started, and nothing is said of what ended, after this.
    private static void abandon() {
        LOCK.lock();
        if (current != null) {
            current.destroyForcibly();
        }
    }
}
