package io.coppice.nbd.frame;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/// Writes the server's side of the handshake into a buffer that grows as needed.
public final class OptionReplies {
    private OptionReplies() {}

    public static void greeting(ByteBuf out) {
        out.writeLong(Protocol.SERVER_MAGIC);
        out.writeLong(Protocol.OPTION_MAGIC);
        out.writeShort(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES);
    }

    public static void ack(ByteBuf out, int option) {
        header(out, option, Protocol.REP_ACK, 0);
    }

    /// An error reply of type `type` with a line for a person.
    public static void error(ByteBuf out, int option, int type, String message) {
        byte[] text = bytes(message);
        header(out, option, type, text.length);
        out.writeBytes(text);
    }

    public static void server(ByteBuf out, String name) {
        byte[] text = bytes(name);
        header(out, Protocol.OPT_LIST, Protocol.REP_SERVER, Integer.BYTES + text.length);
        out.writeInt(text.length);
        out.writeBytes(text);
    }

    public static void infoExport(ByteBuf out, int option, long size, int flags) {
        info(out, option, Protocol.INFO_EXPORT, Long.BYTES + Short.BYTES);
        out.writeLong(size);
        out.writeShort(flags);
    }

    public static void infoName(ByteBuf out, int option, String name) {
        infoText(out, option, Protocol.INFO_NAME, name);
    }

    public static void infoDescription(ByteBuf out, int option, String description) {
        infoText(out, option, Protocol.INFO_DESCRIPTION, description);
    }

    public static void infoBlockSize(ByteBuf out, int option) {
        info(out, option, Protocol.INFO_BLOCK_SIZE, 3 * Integer.BYTES);
        out.writeInt(Protocol.BLOCK_BYTES_MIN);
        out.writeInt(Protocol.BLOCK_BYTES_PREFERRED);
        out.writeInt(Protocol.PAYLOAD_BYTES_MAX);
    }

    /// `id` is 0 when contexts are only listed.
    public static void metaContext(ByteBuf out, int option, int id, String name) {
        byte[] text = bytes(name);
        header(out, option, Protocol.REP_META_CONTEXT, Integer.BYTES + text.length);
        out.writeInt(id);
        out.writeBytes(text);
    }

    /// The answer to EXPORT_NAME, which ends the handshake.
    public static void exportName(ByteBuf out, long size, int flags, boolean withoutPadding) {
        out.writeLong(size);
        out.writeShort(flags);
        if (!withoutPadding) {
            out.writeZero(Protocol.EXPORT_NAME_PADDING_BYTES);
        }
    }

    private static void infoText(ByteBuf out, int option, int info, String value) {
        byte[] text = bytes(value);
        info(out, option, info, text.length);
        out.writeBytes(text);
    }

    private static void info(ByteBuf out, int option, int info, int length) {
        header(out, option, Protocol.REP_INFO, Short.BYTES + length);
        out.writeShort(info);
    }

    private static void header(ByteBuf out, int option, int type, int length) {
        out.writeLong(Protocol.OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(length);
    }

    private static byte[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= Protocol.STRING_BYTES_MAX
                ? bytes
                : java.util.Arrays.copyOf(bytes, Protocol.STRING_BYTES_MAX);
    }
}
