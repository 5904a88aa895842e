package io.coppice.nbd.frame;

/// Errors that an answer may carry.
public enum NbdError {
    EPERM(1, "the export is read-only"),
    EIO(5, "the device could not do it"),
    ENOMEM(12, "out of memory"),
    EINVAL(22, "wrong request"),
    ENOSPC(28, "no space"),
    EOVERFLOW(75, "the request is too long"),
    ENOTSUP(95, "not supported"),
    ESHUTDOWN(108, "the server or the export is going away");

    private final int code;
    private final String text;

    NbdError(int code, String text) {
        this.code = code;
        this.text = text;
    }

    public int code() {
        return code;
    }

    /// What to tell a person when there is nothing more exact.
    public String text() {
        return text;
    }
}
