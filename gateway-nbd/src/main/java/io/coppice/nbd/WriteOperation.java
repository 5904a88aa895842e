package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Protocol;
import io.coppice.nbd.frame.Request;
import io.netty.buffer.ByteBuf;

/// A write. Its payload goes to the device in pieces as they arrive, so that memory is needed for
/// what is here, not for what was announced, and the device works while the rest is on its way.
/// Pieces end at multiples of 1 MiB of the export: no 4 KiB block is ever split between two.
final class WriteOperation extends Operation {
    static final int PIECE_BYTES = 1 << 20;

    private final boolean fua;
    private long offset;
    private int left;
    private int underWay;
    private int pieces;

    WriteOperation(TransmissionHandler connection, Request request) {
        super(connection, request);
        this.fua = request.has(Protocol.CMD_FLAG_FUA);
        this.offset = request.offset();
        this.left = (int) request.length();
    }

    /// Bytes of the next piece; 0 when all were received.
    int nextBytes() {
        return (int) Math.min(left, PIECE_BYTES - (offset & (PIECE_BYTES - 1)));
    }

    /// Whether a piece of `bytes` is the last one.
    boolean isLast(int bytes) {
        return bytes == left;
    }

    /// Sends the next piece, which the connection acquired credit for, to the device.
    void submit(ByteBuf piece) {
        int bytes = piece.readableBytes();
        long at = offset;
        offset += bytes;
        left -= bytes;
        pieces++;
        underWay++;
        if (failed() || !connection.alive()) {
            piece.release();
            pieceEnded(bytes);
            return;
        }
        // Several pieces are made durable together, by one flush at the end.
        boolean durable = fua && left == 0 && pieces == 1;
        connection.metrics().written(bytes);
        connection.device().write(at, piece, durable, new Piece(bytes));
    }

    /// The rest of the payload will never come.
    void abandon(NbdError error, String why) {
        left = 0;
        fail(error, why);
        if (underWay == 0) {
            answer();
        }
    }

    private void pieceEnded(int bytes) {
        connection.credit().release(bytes);
        underWay--;
        if (left > 0 || underWay > 0) {
            connection.creditReturned();
        } else if (fua && pieces > 1 && !failed()) {
            connection.device().flush(new Flushed());
        } else {
            answer();
        }
    }

    private final class Piece implements Completion {
        private final int bytes;

        Piece(int bytes) {
            this.bytes = bytes;
        }

        @Override
        public void done() {
            connection.onLoop(() -> pieceEnded(bytes));
        }

        @Override
        public void failed(NbdError error, String why) {
            connection.onLoop(() -> {
                fail(error, why);
                pieceEnded(bytes);
            });
        }
    }

    private final class Flushed implements Completion {
        @Override
        public void done() {
            connection.onLoop(WriteOperation.this::answer);
        }

        @Override
        public void failed(NbdError error, String why) {
            connection.onLoop(() -> {
                fail(error, why);
                answer();
            });
        }
    }
}
