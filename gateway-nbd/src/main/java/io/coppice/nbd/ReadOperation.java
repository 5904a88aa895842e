package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Protocol;
import io.coppice.nbd.frame.ReplyStyle;
import io.coppice.nbd.frame.Request;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A read. With chunked replies a large one is cut at multiples of 1 MiB of the export; each piece
/// leaves as soon as it is there. A simple reply, and one that must not be fragmented, is one
/// piece: its error must be known before its first byte leaves.
final class ReadOperation extends Operation {
    private final boolean whole;
    private long offset;
    private int left;
    private int underWay;

    ReadOperation(TransmissionHandler connection, Request request, ReplyStyle style) {
        super(connection, request);
        this.whole = !style.chunked() || request.has(Protocol.CMD_FLAG_DF);
        this.offset = request.offset();
        this.left = (int) request.length();
    }

    /// Bytes of the next piece; 0 when all were asked for.
    int nextBytes() {
        int toBoundary =
                WriteOperation.PIECE_BYTES - (int) (offset & (WriteOperation.PIECE_BYTES - 1));
        return whole ? left : Math.min(left, toBoundary);
    }

    /// Whether a piece of `bytes` is the last one.
    boolean isLast(int bytes) {
        return bytes == left;
    }

    /// Asks the device for the next piece, which the connection acquired credit for.
    void issue() {
        int bytes = nextBytes();
        long at = offset;
        offset += bytes;
        left -= bytes;
        underWay++;
        connection.device().read(at, bytes, new Piece(at, bytes));
    }

    /// The pieces not asked for yet are not wanted any more.
    void abandon(NbdError error, String why) {
        if (left == 0) {
            return; // a piece failed: the answer is on its way or gone
        }
        left = 0;
        fail(error, why);
        if (underWay == 0) {
            answer();
        }
    }

    private boolean isLast() {
        return left == 0 && underWay == 0;
    }

    /// A run of data or, without a buffer, of zeros.
    private record Part(@Nullable ByteBuf data, int length) {}

    private final class Piece implements ReadReply, ChannelFutureListener {
        private final long at;
        private final int bytes;
        private final List<Part> parts = new ArrayList<>(1);
        private int told;

        Piece(long at, int bytes) {
            this.at = at;
            this.bytes = bytes;
        }

        @Override
        public void data(ByteBuf data) {
            told += data.readableBytes();
            parts.add(new Part(data, data.readableBytes()));
        }

        @Override
        public void hole(int length) {
            told += length;
            parts.add(new Part(null, length));
        }

        @Override
        public void done() {
            connection.onLoop(this::ended);
        }

        @Override
        public void failed(NbdError error, String why) {
            connection.onLoop(() -> {
                fail(error, why);
                ended();
            });
        }

        /// The data left the socket, or never will.
        @Override
        public void operationComplete(ChannelFuture future) {
            connection.credit().release(bytes);
            connection.creditReturned();
        }

        private void ended() {
            underWay--;
            if (!ReadOperation.this.failed() && told != bytes) {
                fail(NbdError.EIO, "the device told " + told + " of " + bytes + " bytes");
            }
            if (ReadOperation.this.failed() || !connection.alive()) {
                left = 0; // nothing more is asked for
                drop();
                if (isLast()) {
                    answer();
                }
                return;
            }
            connection.metrics().read(bytes);
            if (whole) {
                sendWhole();
            } else {
                sendChunks();
            }
            if (isLast()) {
                end();
            }
        }

        private void drop() {
            for (var part : parts) {
                if (part.data() != null) {
                    part.data().release();
                }
            }
            connection.credit().release(bytes);
            connection.creditReturned();
        }

        private void sendWhole() {
            var replies = connection.replies();
            replies.encoder().data(replies.batch(), request, true, at, bytes);
            for (int i = 0; i < parts.size(); i++) {
                send(parts.get(i), i == parts.size() - 1 ? this : null);
            }
        }

        private void sendChunks() {
            var replies = connection.replies();
            long place = at;
            boolean dataSent = false;
            for (int from = 0; from < parts.size(); ) {
                int to = endOfRun(from);
                int length = 0;
                for (int i = from; i < to; i++) {
                    length += parts.get(i).length();
                }
                boolean last = isLast() && to == parts.size();
                if (parts.get(from).data() == null) {
                    replies.encoder().hole(replies.batch(), request, last, place, length);
                } else {
                    replies.encoder().data(replies.batch(), request, last, place, length);
                    boolean lastData = onlyHolesFrom(to);
                    dataSent |= lastData;
                    for (int i = from; i < to; i++) {
                        send(parts.get(i), lastData && i == to - 1 ? this : null);
                    }
                }
                place += length;
                from = to;
            }
            if (!dataSent) {
                connection.credit().release(bytes);
                connection.creditReturned();
            }
        }

        private void send(Part part, @Nullable ChannelFutureListener whenGone) {
            if (part.data() != null) {
                connection.replies().data(part.data(), whenGone);
            } else {
                connection.replies().zeroes(part.length(), whenGone);
            }
        }

        private int endOfRun(int from) {
            boolean data = parts.get(from).data() != null;
            int to = from + 1;
            while (to < parts.size() && (parts.get(to).data() != null) == data) {
                to++;
            }
            return to;
        }

        private boolean onlyHolesFrom(int index) {
            for (int i = index; i < parts.size(); i++) {
                if (parts.get(i).data() != null) {
                    return false;
                }
            }
            return true;
        }
    }
}
