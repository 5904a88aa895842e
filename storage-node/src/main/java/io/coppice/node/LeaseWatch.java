package io.coppice.node;

import java.util.concurrent.TimeUnit;

/// What becomes of a node's lease, seen by who looks at it regularly. No clock, no thread.
final class LeaseWatch {
    /// So long after the node saw that it holds no lease the connection itself is not trusted any
    /// more. Not after the lease's end: a node that was stopped itself has not listened since.
    static final long SILENCE_NANOS_MAX = TimeUnit.SECONDS.toNanos(4);

    /// Since the look before.
    enum Change {
        NONE,
        GAINED,
        LOST,
        /// A leader that had welcomed the node has not answered for long, and again for as long.
        SILENT
    }

    private boolean held;
    private boolean welcomed;
    private long quietSinceNanos;

    Change look(boolean holds, boolean registered, long nowNanos) {
        boolean before = held;
        boolean listened = welcomed && !before;
        held = holds;
        welcomed = registered;
        if (holds || !registered || !listened) {
            quietSinceNanos = nowNanos;
        } else if (nowNanos - quietSinceNanos > SILENCE_NANOS_MAX) {
            quietSinceNanos = nowNanos;
            return Change.SILENT;
        }
        return before == holds ? Change.NONE : holds ? Change.GAINED : Change.LOST;
    }
}
