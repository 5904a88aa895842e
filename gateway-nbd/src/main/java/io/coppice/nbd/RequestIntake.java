package io.coppice.nbd;

import io.coppice.nbd.frame.NbdError;
import io.coppice.nbd.frame.Protocol;
import io.coppice.nbd.frame.ProtocolViolation;
import io.coppice.nbd.frame.ReplyStyle;
import io.coppice.nbd.frame.Request;
import io.coppice.nbd.frame.RequestRules;
import io.coppice.nbd.frame.StatusQuery;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// Turns a connection's bytes into operations, one step at a time. Between two steps it stands at
/// one of these places: before a header; in the payload of a write; in a payload that is thrown
/// away; in the payload of a status query; in a read whose pieces are not all asked for.
final class RequestIntake {
    /// A request whose payload is thrown away; then it gets its error.
    private record Refused(Request request, RequestRules.Refusal refusal) {}

    private final TransmissionHandler connection;
    private final Negotiated negotiated;
    private final ReplyStyle style;
    private final PayloadBuffers buffers;
    private final ArrayDeque<ByteBuf> input = new ArrayDeque<>();

    private @Nullable ByteBuf partial;
    private @Nullable WriteOperation receiving;
    private @Nullable ReadOperation issuing;
    private @Nullable Refused draining;
    private @Nullable Request asking;

    /// The piece of `receiving` that is being filled; its credit is taken.
    private @Nullable ByteBuf piece;

    private long drainBytes;

    /// @param rest first bytes; taken over
    RequestIntake(
            TransmissionHandler connection,
            Negotiated negotiated,
            PayloadBuffers buffers,
            ByteBuf rest) {
        this.connection = connection;
        this.negotiated = negotiated;
        this.style = negotiated.style();
        this.buffers = buffers;
        add(rest);
    }

    /// Takes what the socket gave: bytes to parse, or `piece`, which the receive went into.
    void received(ByteBuf bytes) {
        if (bytes == piece) {
            bytes.release(); // the reference that the receive added
            if (!bytes.isWritable()) {
                submitPiece();
            }
        } else {
            add(bytes);
        }
    }

    /// Whether received bytes wait to be parsed: then there is no point in receiving more.
    boolean hasInput() {
        return !input.isEmpty();
    }

    /// False when there is nothing to do before more bytes, or credit, come.
    boolean step() throws ProtocolViolation {
        if (issuing != null) {
            return issue(issuing);
        }
        if (receiving != null && piece == null) {
            return startPiece(receiving);
        }
        var in = input.peek();
        if (in == null) {
            return false;
        }
        if (piece != null) {
            fill(piece, in);
        } else if (draining != null) {
            drain(draining, in);
        } else if (asking != null) {
            gatherQuery(asking, in);
        } else if (connection.mayStart()) {
            gatherHeader(in);
        } else {
            return false;
        }
        if (!in.isReadable()) {
            input.remove();
            in.release();
        }
        return true;
    }

    /// Drops what is here and fails what is not here completely.
    void abandon(NbdError error, String why) {
        buffers.receiveAnywhere();
        input.forEach(ByteBuf::release);
        input.clear();
        if (partial != null) {
            partial.release();
            partial = null;
        }
        if (piece != null) {
            connection.credit().release(piece.capacity());
            piece.release();
            piece = null;
        }
        var write = receiving;
        var read = issuing;
        receiving = null;
        issuing = null;
        if (write != null) {
            write.abandon(error, why);
        }
        if (read != null) {
            read.abandon(error, why);
        }
    }

    private void add(ByteBuf bytes) {
        if (bytes.isReadable()) {
            input.add(bytes);
        } else {
            bytes.release();
        }
    }

    // Headers.

    private void gatherHeader(ByteBuf in) throws ProtocolViolation {
        int needed = style.requestBytes();
        if (partial == null && in.readableBytes() >= needed) {
            begin(Request.decode(in, style));
            return;
        }
        var header = gather(in, needed);
        if (header != null) {
            try {
                begin(Request.decode(header, style));
            } finally {
                header.release();
            }
        }
    }

    /// Collects `needed` bytes that are spread over receive buffers; null when some are missing.
    private @Nullable ByteBuf gather(ByteBuf in, int needed) {
        var gathered = partial != null ? partial : connection.channel().alloc().buffer(needed);
        gathered.writeBytes(in, Math.min(in.readableBytes(), needed - gathered.readableBytes()));
        boolean whole = gathered.readableBytes() == needed;
        partial = whole ? null : gathered;
        return whole ? gathered : null;
    }

    private void begin(Request request) throws ProtocolViolation {
        long payload = request.payloadBytes(style);
        if (payload < 0 || payload > Protocol.PAYLOAD_BYTES_DRAINED_MAX) {
            throw new ProtocolViolation(
                    "a request with a payload of " + Long.toUnsignedString(payload) + " bytes");
        }
        if (request.command() == Protocol.CMD_DISC) {
            connection.clientLeaves();
            return;
        }
        var device = connection.device();
        var refusal =
                RequestRules.check(
                        request, style, device.size(), device.readOnly(), negotiated.contexts());
        if (refusal != null) {
            refuse(request, refusal, payload);
            return;
        }
        switch (request.command()) {
            case Protocol.CMD_READ -> read(request);
            case Protocol.CMD_WRITE -> write(request);
            case Protocol.CMD_BLOCK_STATUS -> status(request, payload);
            case Protocol.CMD_CACHE -> answerDone(request);
            default -> range(request);
        }
    }

    private void read(Request request) {
        if (request.length() == 0) {
            answerDone(request);
            return;
        }
        connection.operationStarted();
        issuing = new ReadOperation(connection, request, style);
    }

    private void write(Request request) {
        if (request.length() == 0) {
            answerDone(request);
            return;
        }
        connection.operationStarted();
        receiving = new WriteOperation(connection, request);
    }

    private void range(Request request) {
        if (request.length() == 0 && request.command() != Protocol.CMD_FLUSH) {
            answerDone(request);
            return;
        }
        connection.operationStarted();
        new RangeOperation(connection, request).start();
    }

    private void status(Request request, long payload) throws ProtocolViolation {
        if (payload == 0) {
            if (request.has(Protocol.CMD_FLAG_PAYLOAD_LEN)) {
                refuse(request, wrongQuery(), 0);
                return;
            }
            ask(request, StatusQuery.of(request, negotiated.contexts()));
        } else if (payload > StatusQuery.PAYLOAD_BYTES_MAX) {
            refuse(request, wrongQuery(), payload);
        } else {
            asking = request;
        }
    }

    private void gatherQuery(Request request, ByteBuf in) {
        var payload = gather(in, (int) request.length());
        if (payload == null) {
            return;
        }
        asking = null;
        try {
            long size = connection.device().size();
            var query = StatusQuery.decode(request, payload, negotiated.contexts(), size);
            if (query == null) {
                refuse(request, wrongQuery(), 0);
            } else {
                ask(request, query);
            }
        } finally {
            payload.release();
        }
    }

    private void ask(Request request, StatusQuery query) {
        connection.operationStarted();
        new StatusOperation(connection, request, query).start();
    }

    private static RequestRules.Refusal wrongQuery() {
        return new RequestRules.Refusal(NbdError.EINVAL, "a status query that makes no sense");
    }

    // Refusals.

    private void answerDone(Request request) {
        var replies = connection.replies();
        replies.encoder().done(replies.batch(), request);
    }

    private void refuse(Request request, RequestRules.Refusal refusal, long payload) {
        if (payload == 0) {
            answerRefused(request, refusal);
        } else {
            draining = new Refused(request, refusal);
            drainBytes = payload;
        }
    }

    private void drain(Refused refused, ByteBuf in) {
        int dropped = (int) Math.min(drainBytes, in.readableBytes());
        in.skipBytes(dropped);
        drainBytes -= dropped;
        if (drainBytes == 0) {
            draining = null;
            answerRefused(refused.request(), refused.refusal());
        }
    }

    private void answerRefused(Request request, RequestRules.Refusal refusal) {
        connection.metrics().requestRefused();
        var replies = connection.replies();
        replies.encoder().error(replies.batch(), request, refusal.error(), refusal.message());
    }

    // Payloads and pieces.

    private boolean startPiece(WriteOperation write) {
        int bytes = write.nextBytes();
        if (!connection.acquire(bytes)) {
            return false;
        }
        var in = input.peek();
        if (in != null && in.readableBytes() >= bytes) {
            var slice = in.readRetainedSlice(bytes);
            if (!in.isReadable()) {
                input.remove();
                in.release();
            }
            submit(write, slice);
        } else {
            piece = connection.channel().alloc().directBuffer(bytes, bytes);
            buffers.receiveInto(piece);
        }
        return true;
    }

    private void fill(ByteBuf target, ByteBuf in) {
        target.writeBytes(in, Math.min(in.readableBytes(), target.writableBytes()));
        if (!target.isWritable()) {
            submitPiece();
        }
    }

    private void submitPiece() {
        var full = piece;
        var write = receiving;
        if (full != null && write != null) {
            piece = null;
            buffers.receiveAnywhere();
            submit(write, full);
        }
    }

    private void submit(WriteOperation write, ByteBuf full) {
        if (write.isLast(full.readableBytes())) {
            receiving = null;
        }
        write.submit(full);
    }

    private boolean issue(ReadOperation read) {
        int bytes = read.nextBytes();
        if (bytes > 0 && !connection.acquire(bytes)) {
            return false;
        }
        if (bytes > 0) {
            if (read.isLast(bytes)) {
                issuing = null;
            }
            read.issue();
        } else {
            issuing = null;
        }
        return true;
    }
}
