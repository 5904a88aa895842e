package io.coppice.nbd.frame;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Bytes of the handshake, as a client sends them, to [ClientOption]s.
public final class OptionDecoder {
    private OptionDecoder() {}

    /// The client's flags, or null when they are not there yet.
    ///
    /// @throws ProtocolViolation for flags that were not offered
    public static @Nullable Integer clientFlags(ByteBuf in) throws ProtocolViolation {
        if (in.readableBytes() < Integer.BYTES) {
            return null;
        }
        int flags = in.readInt();
        if ((flags & ~(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES)) != 0) {
            throw new ProtocolViolation("unknown client flags 0x" + Integer.toHexString(flags));
        }
        return flags;
    }

    /// The next whole option, or null when its last byte is not there yet.
    ///
    /// @throws ProtocolViolation for a wrong magic and for data longer than any option needs
    public static @Nullable ClientOption option(ByteBuf in) throws ProtocolViolation {
        int start = in.readerIndex();
        if (in.readableBytes() >= Long.BYTES && in.getLong(start) != Protocol.OPTION_MAGIC) {
            throw new ProtocolViolation("wrong magic where an option should start");
        }
        if (in.readableBytes() < Protocol.OPTION_HEADER_BYTES) {
            return null;
        }
        int code = in.getInt(start + 8);
        long length = in.getUnsignedInt(start + 12);
        if (length > Protocol.OPTION_BYTES_MAX) {
            throw new ProtocolViolation("option " + code + " with " + length + " bytes of data");
        }
        if (in.readableBytes() < Protocol.OPTION_HEADER_BYTES + length) {
            return null;
        }
        in.skipBytes(Protocol.OPTION_HEADER_BYTES);
        return decode(code, in.readSlice((int) length));
    }

    private static ClientOption decode(int code, ByteBuf data) {
        try {
            return switch (code) {
                case Protocol.OPT_EXPORT_NAME ->
                        new ClientOption.ExportName(string(data, data.readableBytes()));
                case Protocol.OPT_ABORT -> new ClientOption.Abort();
                case Protocol.OPT_LIST -> withoutData(data, new ClientOption.ListExports());
                case Protocol.OPT_STARTTLS -> withoutData(data, new ClientOption.StartTls());
                case Protocol.OPT_INFO -> describe(false, data);
                case Protocol.OPT_GO -> describe(true, data);
                case Protocol.OPT_STRUCTURED_REPLY ->
                        withoutData(data, new ClientOption.StructuredReplies());
                case Protocol.OPT_LIST_META_CONTEXT -> metaContexts(false, data);
                case Protocol.OPT_SET_META_CONTEXT -> metaContexts(true, data);
                case Protocol.OPT_EXTENDED_HEADERS ->
                        withoutData(data, new ClientOption.ExtendedHeaders());
                default -> new ClientOption.Unknown(code);
            };
        } catch (WrongData e) {
            return new ClientOption.Wrong(code, e.reply, e.what);
        }
    }

    private static ClientOption withoutData(ByteBuf data, ClientOption option) throws WrongData {
        if (data.isReadable()) {
            throw new WrongData(Protocol.REP_ERR_INVALID, "the option takes no data");
        }
        return option;
    }

    private static ClientOption describe(boolean go, ByteBuf data) throws WrongData {
        String name = prefixedString(data);
        need(data, Short.BYTES);
        int count = data.readUnsignedShort();
        if (data.readableBytes() != count * Short.BYTES) {
            throw new WrongData(
                    Protocol.REP_ERR_INVALID, "the option's length does not fit its requests");
        }
        List<Integer> infos = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            infos.add(data.readUnsignedShort());
        }
        return new ClientOption.Describe(go, name, List.copyOf(infos));
    }

    private static ClientOption metaContexts(boolean set, ByteBuf data) throws WrongData {
        String name = prefixedString(data);
        need(data, Integer.BYTES);
        long count = data.readUnsignedInt();
        if (count > Protocol.META_QUERIES_MAX) {
            throw new WrongData(Protocol.REP_ERR_TOO_BIG, "too many metadata queries");
        }
        List<String> queries = new ArrayList<>((int) count);
        for (int i = 0; i < count; i++) {
            queries.add(prefixedString(data));
        }
        if (data.isReadable()) {
            throw new WrongData(Protocol.REP_ERR_INVALID, "bytes left after the last query");
        }
        return new ClientOption.MetaContexts(set, name, List.copyOf(queries));
    }

    private static String prefixedString(ByteBuf data) throws WrongData {
        need(data, Integer.BYTES);
        return string(data, data.readUnsignedInt());
    }

    private static String string(ByteBuf data, long length) throws WrongData {
        need(data, length);
        if (length > Protocol.STRING_BYTES_MAX) {
            throw new WrongData(Protocol.REP_ERR_TOO_BIG, "a name is longer than 4096 bytes");
        }
        var bytes = new byte[(int) length];
        data.readBytes(bytes);
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new WrongData(Protocol.REP_ERR_INVALID, "a name is not UTF-8");
        }
        if (text.indexOf('\0') >= 0) {
            throw new WrongData(Protocol.REP_ERR_INVALID, "a name contains NUL");
        }
        return text;
    }

    private static void need(ByteBuf data, long bytes) throws WrongData {
        if (data.readableBytes() < bytes) {
            throw new WrongData(
                    Protocol.REP_ERR_INVALID, "a length reaches beyond the option's data");
        }
    }

    private static final class WrongData extends Exception {
        private static final long serialVersionUID = 1L;
        private final int reply;
        private final String what;

        WrongData(int reply, String what) {
            super(what, null, false, false);
            this.reply = reply;
            this.what = what;
        }
    }
}
