package io.coppice.port;

/// Monotonic time, for leases, deadlines and timers; wall-clock time, for names and records only.
/// Thread-safe.
public interface Time {
    /// Monotonic nanoseconds from an arbitrary start.
    long nanos();

    /// Milliseconds since 1970; may jump. Never decides anything about safety.
    long wallMillis();

    static Time system() {
        return new Time() {
            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public long wallMillis() {
                return System.currentTimeMillis();
            }
        };
    }
}
