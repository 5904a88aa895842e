package io.coppice.nbd;

import io.coppice.nbd.frame.Protocol;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An export cannot be opened or described. The message is one line for the client's user.
final class ExportException extends Exception {
    private static final Logger log = LoggerFactory.getLogger(ExportException.class);
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

    /// What a future of [Exports] failed with; a fault of ours is logged and not told.
    static ExportException of(Throwable error) {
        var cause =
                error instanceof CompletionException && error.getCause() != null
                        ? error.getCause()
                        : error;
        if (cause instanceof ExportException known) {
            return known;
        }
        log.warn("opening an export failed in an unexpected way", cause);
        return new ExportException(Kind.FAILED, "the export cannot be opened now");
    }

    Kind kind() {
        return kind;
    }

    /// Type of the error reply.
    int replyType() {
        return switch (kind) {
            case UNKNOWN, FAILED -> Protocol.REP_ERR_UNKNOWN; // "not available"
            case NOT_ALLOWED -> Protocol.REP_ERR_POLICY;
            case CLOSING -> Protocol.REP_ERR_SHUTDOWN;
        };
    }
}
