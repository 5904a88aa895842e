package io.coppice.node.lane;

import java.util.concurrent.atomic.AtomicLong;

/// What a node keeps of a connection that it accepted. Thread-safe.
///
/// @param number larger than those of all that this process accepted before
public record Accepted(long number, AnswersOwed owed) {
    private static final AtomicLong LAST = new AtomicLong();

    public static Accepted next() {
        return new Accepted(LAST.incrementAndGet(), new AnswersOwed());
    }
}
