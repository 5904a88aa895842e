package io.coppice.metadata.raft;

/// Why a metadata server cannot start: one line for a person that says what is wrong and what to
/// do. It is an answer, not a bug, so it carries no stack trace.
public final class StartupException extends Exception {
    private static final long serialVersionUID = 1L;

    public StartupException(String message) {
        super(message, null, false, false);
    }
}
