package io.coppice.metadata.server;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// One administrative operation at a time per volume name: cuts, attachments and their barriers
/// must not overlap on one volume. Thread-safe; for virtual threads, which may block here.
final class VolumeGates {
    /// A gate and how many hold it or wait for it. A semaphore, not a lock: the holder may pass it
    /// on to another thread.
    private static final class Gate {
        private final Semaphore free = new Semaphore(1, true);
        private int users;
    }

    /// Open gates; closing lets the next ones in.
    final class Passage implements AutoCloseable {
        private final List<String> names;
        private boolean closed;

        private Passage(List<String> names) {
            this.names = names;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                names.forEach(name -> leave(name, true));
            }
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Gate> gates = new HashMap<>();

    /// Enters the gates of all volumes, in the order of their names so that nobody waits in a
    /// circle.
    Passage enter(Collection<String> volumes, long timeoutMillis) throws ControlFailure {
        var passed = new ArrayList<String>();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        for (String volume : new TreeSet<>(volumes)) {
            Gate gate = join(volume);
            boolean entered = false;
            try {
                entered =
                        gate.free.tryAcquire(
                                Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (InterruptedException stopping) {
                Thread.currentThread().interrupt();
            }
            if (!entered) {
                leave(volume, false);
                new Passage(passed).close();
                throw ControlFailure.unavailable(
                        "another operation on volume '" + volume + "' is under way; retry later");
            }
            passed.add(volume);
        }
        return new Passage(passed);
    }

    private Gate join(String volume) {
        lock.lock();
        try {
            Gate gate = gates.computeIfAbsent(volume, name -> new Gate());
            gate.users++;
            return gate;
        } finally {
            lock.unlock();
        }
    }

    private void leave(String volume, boolean entered) {
        lock.lock();
        try {
            Gate gate = gates.get(volume);
            if (gate == null) {
                return;
            }
            if (entered) {
                gate.free.release();
            }
            if (--gate.users == 0) {
                gates.remove(volume);
            }
        } finally {
            lock.unlock();
        }
    }
}
