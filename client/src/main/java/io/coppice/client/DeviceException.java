package io.coppice.client;

import io.coppice.client.plan.Fault;
import java.io.IOException;

/// An operation on a device failed. The message is one line for a person; [#reason] is for
/// programs.
public final class DeviceException extends IOException {
    private static final long serialVersionUID = 1L;

    /// Kinds of failure, by what a caller can do about them.
    public enum Reason {
        /// The range is outside the device: a mistake of the caller.
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
        /// Too much is queued already: slow down.
        OVERLOADED,
        /// No replica could serve the data.
        IO_ERROR,
        /// Writes that were acknowledged but not flushed are lost, since all replicas lost their
        /// power. A flush says so once; what was lost can be written again.
        WRITES_LOST,
        /// No such volume or snapshot.
        NOT_FOUND,
        /// Another client uses the volume.
        IN_USE,
        /// Who runs this client has no right to that.
        NOT_ALLOWED,
        /// The volume is encrypted, and its key is not here, or was erased.
        NO_KEY
    }

    private final Reason reason;

    public DeviceException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public DeviceException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    static DeviceException of(Fault fault) {
        Reason reason =
                switch (fault.reason()) {
                    case OUT_OF_RANGE -> Reason.OUT_OF_RANGE;
                    case READ_ONLY -> Reason.READ_ONLY;
                    case CLOSED -> Reason.CLOSED;
                    case LOST -> Reason.LOST;
                    case NO_SPACE -> Reason.NO_SPACE;
                    case TIMED_OUT -> Reason.TIMED_OUT;
                    case OVERLOADED -> Reason.OVERLOADED;
                    case IO_ERROR -> Reason.IO_ERROR;
                };
        return new DeviceException(reason, fault.message());
    }

    public Reason reason() {
        return reason;
    }
}
