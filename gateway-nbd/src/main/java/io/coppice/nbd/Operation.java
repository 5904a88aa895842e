package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Request;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/// A request under way. Everything in it happens on its connection's event loop.
abstract sealed class Operation
        permits ReadOperation, WriteOperation, StatusOperation, RangeOperation {
    final TransmissionHandler connection;
    final Request request;
    private final long startNanos;
    private @Nullable NbdError error;
    private String why = "";

    Operation(TransmissionHandler connection, Request request) {
        this.connection = connection;
        this.request = request;
        this.startNanos = connection.metrics().nanos();
    }

    /// Remembers the first failure; the answer will tell it.
    final void fail(NbdError first, String reason) {
        if (error == null) {
            error = first;
            why = reason;
        }
    }

    final boolean failed() {
        return error != null;
    }

    /// Writes the answer that a failure or a success without data gets, and leaves the connection.
    final void answer() {
        if (connection.alive()) {
            ByteBuf batch = connection.replies().batch();
            if (error == null) {
                connection.replies().encoder().done(batch, request);
            } else {
                connection.replies().encoder().error(batch, request, error, why);
            }
        }
        end();
    }

    /// Leaves the connection; the answer is written.
    final void end() {
        if (error != null) {
            connection.metrics().requestFailed();
        }
        connection.metrics().requestEnded(request.command(), startNanos);
        connection.operationEnded();
    }
}
