package io.coppice.client.plan;

/// Why an operation failed: what kind of failure, and one line for a person.
public record Fault(Reason reason, String message) {
    /// Kinds of failure, by what a caller can do about them.
    public enum Reason {
        /// The range is outside the device.
        OUT_OF_RANGE,
        /// The device is a snapshot, or was opened for reading only.
        READ_ONLY,
        /// The device was closed.
        CLOSED,
        /// The attachment was taken over or ended: nothing works until the volume is opened again.
        LOST,
        /// The cluster has no room left.
        NO_SPACE,
        /// No answer within the deadline; a write may or may not have happened.
        TIMED_OUT,
        /// Too much is queued already.
        OVERLOADED,
        /// No replica could serve the data, or the request was refused as malformed.
        IO_ERROR
    }
}
