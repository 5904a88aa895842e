package io.coppice.chaos.history;

import org.jspecify.annotations.Nullable;

/// A line of a history: a process asks for something, or is told what became of it. A process does
/// one thing at a time; one that was not told (`INFO`) does nothing more.
///
/// @param nanos monotonic, the same clock in all processes of one machine
/// @param process who
/// @param f what: `read`, `write`, `flush`, ...
/// @param key of what; empty: of everything that the process uses
/// @param value what was written or read; 0 in an invocation that has none
/// @param values the same of many, in place of `value`; null: none
/// @param error why it failed, or why nobody knows; null otherwise
public record Event(
        long nanos,
        int process,
        Type type,
        String f,
        String key,
        long value,
        long @Nullable [] values,
        @Nullable String error) {
    /// As Jepsen calls them.
    public enum Type {
        /// It begins.
        INVOKE,
        /// It has happened.
        OK,
        /// It has not happened and never will.
        FAIL,
        /// It may have happened, may yet happen, or never.
        INFO
    }

    public static Event invoke(long nanos, int process, String f, String key, long value) {
        return new Event(nanos, process, Type.INVOKE, f, key, value, null, null);
    }

    /// This operation has ended.
    public Event ended(long at, Type how, long result, @Nullable String why) {
        return new Event(at, process, how, f, key, result, null, why);
    }

    /// This operation has ended well, with many values.
    public Event ended(long at, long[] results) {
        return new Event(at, process, Type.OK, f, key, value, results, null);
    }
}
