package io.coppice.sim;

import io.coppice.check.Violation;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// Virtual time and the order of everything that happens. What happens at the same time happens in
/// the order in which it was asked for. Not thread-safe.
final class Scheduler {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000_000_000L;

    /// More than any run needs that ends.
    private static final long EVENTS_MAX = 3_000_000;

    /// Something that will happen on a host.
    static final class Event implements Comparable<Event> {
        long at;
        final long number;
        final Host host;
        final Runnable task;
        boolean cancelled;

        private Event(long at, long number, Host host, Runnable task) {
            this.at = at;
            this.number = number;
            this.host = host;
            this.task = task;
        }

        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private long now;
    private long numbers;
    private long events;
    private long trace = 0xCBF29CE484222325L;
    private @Nullable Host running;
    private java.util.function.@Nullable Consumer<Host> told;

    long now() {
        return now;
    }

    /// Before each event, for who wants to watch.
    void tell(java.util.function.Consumer<Host> watcher) {
        told = watcher;
    }

    long events() {
        return events;
    }

    /// Differs when anything happened otherwise: FNV-1a over time and place of every event.
    long traceHash() {
        return trace;
    }

    /// The host whose event is being handled.
    @Nullable Host running() {
        return running;
    }

    Event after(long nanos, Host host, Runnable task) {
        var event = new Event(now + Math.max(0, nanos), ++numbers, host, task);
        queue.add(event);
        return event;
    }

    /// Puts an event that was held back into the queue again, for now.
    void again(Event event) {
        var later = new Event(now, ++numbers, event.host, event.task);
        later.cancelled = event.cancelled;
        queue.add(later);
    }

    /// Handles the next event; false: there is none until `end`.
    boolean step(long end) {
        Event next = queue.peek();
        if (next == null || next.at > end) {
            now = Math.max(now, end);
            return false;
        }
        queue.poll();
        now = next.at;
        if (next.cancelled || !next.host.takes(next)) {
            return true;
        }
        if (++events > EVENTS_MAX) {
            throw new Violation("no end: more than " + EVENTS_MAX + " events");
        }
        note(now);
        note(next.host.number());
        running = next.host;
        if (told != null) {
            told.accept(next.host);
        }
        try {
            next.task.run();
        } finally {
            running = null;
        }
        return true;
    }

    /// Makes something part of the trace.
    void note(long value) {
        trace = (trace ^ value) * 0x100000001B3L;
    }
}
