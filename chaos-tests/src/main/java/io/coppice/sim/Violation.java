package io.coppice.sim;

/// A promise was broken. The message says which, and how it was seen.
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Violation(String what) {
        super(what);
    }
}
