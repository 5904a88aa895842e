package io.coppice.check;

/// A promise was broken. The message says which, and how it was seen.
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Violation(String what) {
        super(what);
    }
}
