package io.coppice.chaos.run;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// The runs that are under way. They end with this process: `unshare` keeps signals from them.
final class SandboxProcess {
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final Set<Process> UNDER_WAY = new HashSet<>();

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
            UNDER_WAY.add(process);
        } finally {
            LOCK.unlock();
        }
        int exit = process.waitFor();
        LOCK.lock();
        try {
            UNDER_WAY.remove(process);
        } finally {
            LOCK.unlock();
        }
        return exit;
    }

    /// Keeps the lock: nothing is started, and nothing is said of what ended, after this.
    private static void abandon() {
        LOCK.lock();
        UNDER_WAY.forEach(Process::destroyForcibly);
    }
}
