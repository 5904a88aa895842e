package io.coppice.nbd.frame;

import io.netty.buffer.ByteBuf;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The range and the contexts that one BLOCK_STATUS asks about.
public record StatusQuery(long offset, long length, boolean one, Set<MetaContext> contexts) {
    /// Longest payload that makes sense: a length and one id for each context.
    public static final int PAYLOAD_BYTES_MAX =
            Long.BYTES + MetaContext.values().length * Integer.BYTES;

    /// A request without payload: all selected contexts.
    public static StatusQuery of(Request request, Set<MetaContext> selected) {
        return new StatusQuery(
                request.offset(),
                request.length(),
                request.has(Protocol.CMD_FLAG_REQ_ONE),
                selected);
    }

    /// A request with payload (effect length, ids of the contexts wanted); null when the payload is
    /// wrong: cut off, an unknown or repeated id, or a range beyond the end.
    public static @Nullable StatusQuery decode(
            Request request, ByteBuf payload, Set<MetaContext> selected, long size) {
        int ids = payload.readableBytes() - Long.BYTES;
        if (ids < Integer.BYTES || ids % Integer.BYTES != 0) {
            return null;
        }
        long length = payload.readLong();
        if (length == 0 || !RequestRules.isInside(request.offset(), length, size)) {
            return null;
        }
        var contexts = EnumSet.noneOf(MetaContext.class);
        while (payload.isReadable()) {
            int id = payload.readInt();
            boolean isNew = false;
            for (MetaContext context : selected) {
                isNew |= context.id() == id && contexts.add(context);
            }
            if (!isNew) {
                return null;
            }
        }
        return new StatusQuery(
                request.offset(), length, request.has(Protocol.CMD_FLAG_REQ_ONE), contexts);
    }
}
