package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Protocol;
import io.coppice.nbd.frame.Request;

/// FLUSH, TRIM and WRITE_ZEROES: one call of the device, one answer without data.
final class RangeOperation extends Operation implements Completion {
    RangeOperation(TransmissionHandler connection, Request request) {
        super(connection, request);
    }

    void start() {
        var device = connection.device();
        boolean fua = request.has(Protocol.CMD_FLAG_FUA);
        boolean mayUnmap = !request.has(Protocol.CMD_FLAG_NO_HOLE);
        if (request.command() == Protocol.CMD_FLUSH) {
            device.flush(this);
        } else if (request.command() == Protocol.CMD_TRIM) {
            device.discard(request.offset(), request.length(), fua, this);
        } else {
            device.writeZeroes(request.offset(), request.length(), mayUnmap, fua, this);
        }
    }

    @Override
    public void done() {
        connection.onLoop(this::answer);
    }

    @Override
    public void failed(NbdError error, String why) {
        connection.onLoop(() -> {
            fail(error, why);
            answer();
        });
    }
}
