package io.coppice.nbd.frame;

import io.coppice.model.Invariant;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes answers of the transmission phase in the style that the handshake settled. Data of reads
/// do not pass through here: the caller sends them right behind the header.
///
/// One per connection; not thread-safe, holds no state but the style.
public final class ReplyEncoder {
    /// Messages of errors are for people; longer ones are cut.
    private static final int MESSAGE_BYTES_MAX = 1024;

    private final ReplyStyle style;

    public ReplyEncoder(ReplyStyle style) {
        this.style = style;
    }

    /// The answer to a request that worked and has nothing to tell.
    public void done(ByteBuf out, Request request) {
        if (style.chunked()) {
            chunk(out, request, true, Protocol.REPLY_NONE, 0);
        } else {
            simple(out, request, 0);
        }
    }

    /// The answer to a request that failed. For a chunked read it may follow data.
    public void error(ByteBuf out, Request request, NbdError error, String message) {
        if (!style.chunked()) {
            simple(out, request, error.code());
            return;
        }
        byte[] text = message.getBytes(StandardCharsets.UTF_8);
        if (text.length > MESSAGE_BYTES_MAX) {
            text = Arrays.copyOf(text, MESSAGE_BYTES_MAX);
        }
        chunk(out, request, true, Protocol.REPLY_ERROR, 4 + 2 + text.length);
        out.writeInt(error.code());
        out.writeShort(text.length);
        out.writeBytes(text);
    }

    /// What precedes `length` bytes of a read's data: in the simple style all data of the read, in
    /// the others one chunk. `offset` is the data's place in the export.
    public void data(ByteBuf out, Request request, boolean last, long offset, int length) {
        Invariant.check(length > 0, "empty data chunk");
        if (style.chunked()) {
            chunk(out, request, last, Protocol.REPLY_OFFSET_DATA, Long.BYTES + length);
            out.writeLong(offset);
        } else {
            Invariant.check(last && length == request.length(), "simple reply in pieces", length);
            simple(out, request, 0);
        }
    }

    /// A chunk that says that `length` bytes from `offset` on read as zeros.
    public void hole(ByteBuf out, Request request, boolean last, long offset, int length) {
        Invariant.check(style.chunked() && length > 0, "hole", length);
        chunk(out, request, last, Protocol.REPLY_OFFSET_HOLE, Long.BYTES + Integer.BYTES);
        out.writeLong(offset);
        out.writeInt(length);
    }

    /// One context's answer to BLOCK_STATUS.
    public void status(ByteBuf out, Request request, boolean last, StatusChunk status) {
        int count = status.count();
        Invariant.check(style.chunked() && count > 0, "status without an extent", count);
        if (style == ReplyStyle.EXTENDED) {
            chunk(out, request, last, Protocol.REPLY_BLOCK_STATUS_EXT, 8 + 16 * count);
            out.writeInt(status.context().id());
            out.writeInt(count);
            for (int i = 0; i < count; i++) {
                out.writeLong(status.length(i));
                out.writeLong(status.flags(i));
            }
        } else {
            chunk(out, request, last, Protocol.REPLY_BLOCK_STATUS, 4 + 8 * count);
            out.writeInt(status.context().id());
            for (int i = 0; i < count; i++) {
                out.writeInt((int) status.length(i)); // the asked length has 32 bits
                out.writeInt(status.flags(i));
            }
        }
    }

    private void simple(ByteBuf out, Request request, int error) {
        out.writeInt(Protocol.SIMPLE_REPLY_MAGIC);
        out.writeInt(error);
        out.writeLong(request.cookie());
    }

    private void chunk(ByteBuf out, Request request, boolean last, int type, int length) {
        boolean extended = style == ReplyStyle.EXTENDED;
        out.writeInt(extended ? Protocol.EXTENDED_REPLY_MAGIC : Protocol.STRUCTURED_REPLY_MAGIC);
        out.writeShort(last ? Protocol.REPLY_FLAG_DONE : 0);
        out.writeShort(type);
        out.writeLong(request.cookie());
        if (extended) {
            out.writeLong(request.offset());
            out.writeLong(length);
        } else {
            out.writeInt(length);
        }
    }
}
