package io.coppice.nbd;

import io.coppice.model.Invariant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// Bytes that all connections together may hold beyond their own allowances. First come, first
/// served, so that a large request is not overtaken for ever by small ones. Thread-safe.
final class ByteBudget {
    /// Somebody who waits for bytes.
    static final class Waiter {
        private final long bytes;
        private final Runnable granted;
        private boolean cancelled;

        private Waiter(long bytes, Runnable granted) {
            this.bytes = bytes;
            this.granted = granted;
        }
    }

    private final long total;
    private final ArrayDeque<Waiter> waiting = new ArrayDeque<>();
    private long free;

    ByteBudget(long total) {
        this.total = total;
        this.free = total;
    }

    /// Takes `bytes` if they are free and nobody waits for any.
    synchronized boolean tryAcquire(long bytes) {
        Invariant.check(bytes <= total, "more than the whole budget", bytes, total);
        if (!waiting.isEmpty() || free < bytes) {
            return false;
        }
        free -= bytes;
        return true;
    }

    /// Queues for `bytes`, which [#tryAcquire] just refused. `granted` is called once they belong
    /// to the caller, on any thread, perhaps before this returns.
    Waiter await(long bytes, Runnable granted) {
        var waiter = new Waiter(bytes, granted);
        synchronized (this) {
            waiting.add(waiter);
        }
        release(0);
        return waiter;
    }

    /// Leaves the queue. True when the grant will never come; false when it came already.
    boolean cancel(Waiter waiter) {
        boolean removed;
        synchronized (this) {
            removed = waiting.remove(waiter);
            waiter.cancelled = removed;
        }
        if (removed) {
            release(0); // it may have been in the way of smaller ones
        }
        return removed;
    }

    void release(long bytes) {
        List<Waiter> served = new ArrayList<>(0);
        synchronized (this) {
            free += bytes;
            Invariant.check(free <= total, "more bytes released than taken", free, total);
            for (var head = waiting.peek(); head != null && head.bytes <= free; ) {
                free -= head.bytes;
                waiting.remove();
                served.add(head);
                head = waiting.peek();
            }
        }
        for (var waiter : served) {
            Invariant.check(!waiter.cancelled, "granted to one who left");
            waiter.granted.run();
        }
    }

    synchronized long free() {
        return free;
    }
}
