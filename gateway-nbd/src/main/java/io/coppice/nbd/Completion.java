package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;

/// Hears how an operation of an [ExportDevice] ended: exactly one of the two, exactly once, on any
/// thread.
interface Completion {
    void done();

    /// @param why one line for a person
    void failed(NbdError error, String why);
}
