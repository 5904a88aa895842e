package io.coppice.directory;

import io.coppice.wire.pb.Code;

/// The metadata service refused or could not be reached. The message is one line for a person:
/// what, why, what to do.
public final class ControlException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Code code;

    public ControlException(Code code, String message) {
        super(message);
        this.code = code;
    }

    /// What kind of failure it is; the CLI's exit code follows from it.
    public Code code() {
        return code;
    }
}
