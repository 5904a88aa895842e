package io.coppice.nbd;

/// An export cannot be opened or described. The message is one line for the client's user.
final class ExportException extends Exception {
    private static final long serialVersionUID = 1L;

    /// What the client is told besides the message.
    enum Kind {
        UNKNOWN,
        NOT_ALLOWED,
        CLOSING,
        FAILED
    }

    private final Kind kind;

    ExportException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }
}
