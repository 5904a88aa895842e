package io.coppice.port;

/// Runs something later, on monotonic time. Thread-safe.
public interface Timer {
    /// Runs `task` once, not before `nanos` have passed, on a thread where it may do as much as any
    /// event handler of its owner. The answer cancels it, as long as it has not begun.
    Runnable after(long nanos, Runnable task);
}
