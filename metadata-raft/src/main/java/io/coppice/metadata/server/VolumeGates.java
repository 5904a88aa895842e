package io.coppice.metadata.server;

import io.coppice.port.Timer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One administrative operation at a time per volume name: cuts, attachments and their barriers
/// must not overlap on one volume. Nobody blocks here: who has to wait is called. Thread-safe.
final class VolumeGates {
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
                leave(names);
            }
        }
    }

    /// Somebody on the way through all gates, in the order of their names so that nobody waits in a
    /// circle.
    private static final class Entry {
        final List<String> names;
        final CompletableFuture<Passage> entered = new CompletableFuture<>();

        /// Under the lock: gates passed so far.
        int passed;

        boolean over;

        Entry(Collection<String> volumes) {
            names = List.copyOf(new TreeSet<>(volumes));
        }
    }

    private static final class Gate {
        @Nullable Entry holder;
        final ArrayDeque<Entry> waiting = new ArrayDeque<>();
    }

    private final Timer timer;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Gate> gates = new HashMap<>();

    VolumeGates(Timer timer) {
        this.timer = timer;
    }

    /// Enters the gates of all volumes; fails with [ControlFailure] when that takes too long.
    CompletableFuture<Passage> enter(Collection<String> volumes, long timeoutNanos) {
        var entry = new Entry(volumes);
        advance(entry);
        if (!entry.entered.isDone()) {
            Runnable cancel = timer.after(timeoutNanos, () -> giveUp(entry));
            entry.entered.whenComplete((passage, failed) -> cancel.run());
        }
        return entry.entered;
    }

    private void advance(Entry entry) {
        lock.lock();
        try {
            while (entry.passed < entry.names.size()) {
                String name = entry.names.get(entry.passed);
                Gate gate = gates.computeIfAbsent(name, _ -> new Gate());
                if (gate.holder != null) {
                    gate.waiting.add(entry);
                    return;
                }
                gate.holder = entry;
                entry.passed++;
            }
            entry.over = true;
        } finally {
            lock.unlock();
        }
        entry.entered.complete(new Passage(entry.names));
    }

    private void giveUp(Entry entry) {
        String closed;
        lock.lock();
        try {
            if (entry.over) {
                return;
            }
            entry.over = true;
            closed = entry.names.get(entry.passed);
            Gate gate = gates.get(closed);
            if (gate != null) {
                gate.waiting.remove(entry);
            }
        } finally {
            lock.unlock();
        }
        leave(entry.names.subList(0, entry.passed));
        entry.entered.completeExceptionally(
                ControlFailure.unavailable(
                        "another operation on volume '" + closed + "' is under way; retry later"));
    }

    private void leave(List<String> names) {
        var next = new ArrayList<Entry>();
        lock.lock();
        try {
            for (String name : names) {
                Gate gate = gates.get(name);
                if (gate == null) {
                    continue;
                }
                gate.holder = gate.waiting.poll();
                if (gate.holder == null) {
                    gates.remove(name);
                } else {
                    gate.holder.passed++;
                    next.add(gate.holder);
                }
            }
        } finally {
            lock.unlock();
        }
        next.forEach(this::advance);
    }
}
