package io.coppice.model;

/// Checks that stay on in production. A failed check is a bug of ours, never of a caller: it throws
/// an [Error], which nobody below a process' root catches.
public final class Invariant {
    private Invariant() {}

    /// Thrown when something that must always be true is not.
    public static final class Violation extends AssertionError {
        private static final long serialVersionUID = 1L;

        Violation(String message) {
            super(message);
        }
    }

    public static void check(boolean holds, String what) {
        if (!holds) {
            throw new Violation(what);
        }
    }

    /// As above; the message is built only when the check fails.
    public static void check(boolean holds, String what, long actual) {
        if (!holds) {
            throw new Violation(what + ": " + actual);
        }
    }

    public static void check(boolean holds, String what, long actual, long expected) {
        if (!holds) {
            throw new Violation(what + ": " + actual + ", expected " + expected);
        }
    }
}
