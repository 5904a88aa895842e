package io.coppice.nbd.frame;

import io.netty.buffer.ByteBuf;

/// One request's header.
///
/// @param flags command flags
/// @param command number of the command, known or not
/// @param cookie the client's name for the request, repeated in answers
/// @param offset first byte; as it came, so an offset beyond 2^63 is negative
/// @param length bytes meant, or of payload when that flag is set; may be "negative" too
public record Request(int flags, int command, long cookie, long offset, long length) {

    /// Decodes the header that `in` starts with; the caller made sure that it is whole.
    ///
    /// @throws ProtocolViolation when it does not start with the magic
    public static Request decode(ByteBuf in, ReplyStyle style) throws ProtocolViolation {
        boolean extended = style == ReplyStyle.EXTENDED;
        int magic = in.readInt();
        if (magic != (extended ? Protocol.EXTENDED_REQUEST_MAGIC : Protocol.REQUEST_MAGIC)) {
            throw new ProtocolViolation(
                    "wrong magic 0x"
                            + Integer.toHexString(magic)
                            + " where a request should start");
        }
        int flags = in.readUnsignedShort();
        int command = in.readUnsignedShort();
        long cookie = in.readLong();
        long offset = in.readLong();
        long length = extended ? in.readLong() : in.readUnsignedInt();
        return new Request(flags, command, cookie, offset, length);
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /// Bytes that follow the header on the wire, unsigned.
    public long payloadBytes(ReplyStyle style) {
        boolean follows =
                style == ReplyStyle.EXTENDED
                        ? has(Protocol.CMD_FLAG_PAYLOAD_LEN)
                        : command == Protocol.CMD_WRITE;
        return follows ? length : 0;
    }
}
