package io.coppice.chaos.disk;

/// An operation of the file system is refused.
final class DiskException extends Exception {
    private static final long serialVersionUID = 1L;

    /// As in `errno.h`.
    private final int error;

    DiskException(int error) {
        super("error " + error, null, false, false);
        this.error = error;
    }

    int error() {
        return error;
    }
}
