package io.coppice.metadata.raft;

/// A command or read got no answer here. The caller asks the leader again with the same session and
/// sequence: whether a command was done is unknown, and doing it twice is impossible.
public final class QuorumException extends Exception {
    private static final long serialVersionUID = 1L;

    /// What to do about it.
    public enum Reason {
        /// Another server leads, or none does.
        NOT_LEADER,
        /// Too much is waiting already (R12): back off, then retry here.
        OVERLOADED,
        /// A change of the membership is under way, or made no progress: later.
        UNFINISHED,
        /// This server stops or has failed.
        STOPPED
    }

    private final Reason reason;

    public QuorumException(Reason reason, String message) {
        super(message, null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
