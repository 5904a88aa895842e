package io.coppice.nbd.frame;

/// How answers look, as the handshake settled it.
public enum ReplyStyle {
    SIMPLE(Protocol.REQUEST_BYTES, Protocol.SIMPLE_REPLY_BYTES),
    STRUCTURED(Protocol.REQUEST_BYTES, Protocol.STRUCTURED_REPLY_BYTES),
    EXTENDED(Protocol.EXTENDED_REQUEST_BYTES, Protocol.EXTENDED_REPLY_BYTES);

    private final int requestBytes;
    private final int replyBytes;

    ReplyStyle(int requestBytes, int replyBytes) {
        this.requestBytes = requestBytes;
        this.replyBytes = replyBytes;
    }

    /// Length of a request's header.
    public int requestBytes() {
        return requestBytes;
    }

    /// Length of a reply's (or chunk's) header.
    public int replyBytes() {
        return replyBytes;
    }

    /// Whether answers come as chunks.
    public boolean chunked() {
        return this != SIMPLE;
    }

    /// Transmission flags of an export under this style.
    public int exportFlags(boolean readOnly, boolean metaContexts) {
        int flags =
                Protocol.EXPORT_HAS_FLAGS
                        | Protocol.EXPORT_SEND_FLUSH
                        | Protocol.EXPORT_SEND_FUA
                        | Protocol.EXPORT_CAN_MULTI_CONN
                        | Protocol.EXPORT_SEND_CACHE;
        flags |=
                readOnly
                        ? Protocol.EXPORT_READ_ONLY
                        : Protocol.EXPORT_SEND_TRIM
                                | Protocol.EXPORT_SEND_WRITE_ZEROES
                                | Protocol.EXPORT_SEND_FAST_ZERO;
        if (chunked()) {
            flags |= Protocol.EXPORT_SEND_DF;
        }
        if (this == EXTENDED && metaContexts) {
            flags |= Protocol.EXPORT_BLOCK_STATUS_PAYLOAD;
        }
        return flags;
    }
}
