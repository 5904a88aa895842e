package io.coppice.nbd.frame;

import io.coppice.model.Blocks;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which requests are wrong, and which error each gets. The connection lives on in every case.
///
/// Checked in this order: the command and its flags, the right to write, the range, the length.
public final class RequestRules {
    private RequestRules() {}

    /// Why a request is refused.
    ///
    /// @param message one line for a person
    public record Refusal(NbdError error, String message) {}

    /// Null when the request may go to the device.
    ///
    /// @param size the export's size in bytes, now
    /// @param contexts the contexts that the handshake selected
    public static @Nullable Refusal check(
            Request request,
            ReplyStyle style,
            long size,
            boolean readOnly,
            Set<MetaContext> contexts) {
        int unknown = request.flags() & ~flagsAllowed(request.command(), style);
        if (request.command() > Protocol.CMD_BLOCK_STATUS) {
            return new Refusal(NbdError.EINVAL, "unknown command " + request.command());
        }
        if (unknown != 0) {
            return new Refusal(
                    NbdError.EINVAL,
                    "flags 0x" + Integer.toHexString(unknown) + " do not fit the command");
        }
        return switch (request.command()) {
            case Protocol.CMD_READ -> checkRead(request, size);
            case Protocol.CMD_WRITE -> checkWrite(request, style, size, readOnly);
            case Protocol.CMD_TRIM -> checkTrim(request, size, readOnly);
            case Protocol.CMD_WRITE_ZEROES -> checkZeroes(request, size, readOnly);
            case Protocol.CMD_BLOCK_STATUS -> checkStatus(request, style, size, contexts);
            case Protocol.CMD_CACHE -> inside(request, size, NbdError.EINVAL);
            default -> null;
        };
    }

    private static @Nullable Refusal checkRead(Request request, long size) {
        Refusal range = inside(request, size, NbdError.EINVAL);
        if (range != null) {
            return range;
        }
        return request.length() > Protocol.PAYLOAD_BYTES_MAX
                ? new Refusal(NbdError.EOVERFLOW, "a read is longer than 32 MiB")
                : null;
    }

    private static @Nullable Refusal checkWrite(
            Request request, ReplyStyle style, long size, boolean readOnly) {
        if (style == ReplyStyle.EXTENDED && !request.has(Protocol.CMD_FLAG_PAYLOAD_LEN)) {
            return new Refusal(NbdError.EINVAL, "a write without the payload flag");
        }
        if (readOnly) {
            return readOnly();
        }
        if (request.length() > Protocol.PAYLOAD_BYTES_MAX) {
            return new Refusal(NbdError.EINVAL, "a write is longer than 32 MiB");
        }
        return inside(request, size, NbdError.ENOSPC);
    }

    private static @Nullable Refusal checkTrim(Request request, long size, boolean readOnly) {
        return readOnly ? readOnly() : inside(request, size, NbdError.EINVAL);
    }

    private static @Nullable Refusal checkZeroes(Request request, long size, boolean readOnly) {
        if (readOnly) {
            return readOnly();
        }
        Refusal range = inside(request, size, NbdError.ENOSPC);
        if (range != null) {
            return range;
        }
        return request.has(Protocol.CMD_FLAG_FAST_ZERO) && !zeroesFast(request, size)
                ? new Refusal(NbdError.ENOTSUP, "these zeroes would have to be written")
                : null;
    }

    private static @Nullable Refusal checkStatus(
            Request request, ReplyStyle style, long size, Set<MetaContext> contexts) {
        if (!style.chunked() || contexts.isEmpty()) {
            return new Refusal(NbdError.EINVAL, "no metadata context was selected");
        }
        if (request.has(Protocol.CMD_FLAG_PAYLOAD_LEN)) {
            return null; // the range is in the payload: see StatusQuery
        }
        if (request.length() == 0) {
            return new Refusal(NbdError.EINVAL, "status of an empty range");
        }
        return inside(request, size, NbdError.EINVAL);
    }

    /// Zeroes that become unmapped blocks cost no writing: whole blocks (the device's last one may
    /// be cut off), unless the client wants them provisioned.
    private static boolean zeroesFast(Request request, long size) {
        long end = request.offset() + request.length();
        return !request.has(Protocol.CMD_FLAG_NO_HOLE)
                && Blocks.isAligned(request.offset())
                && (Blocks.isAligned(end) || end == size);
    }

    /// Null when the range lies inside the export, whatever its unsigned numbers are.
    static @Nullable Refusal inside(Request request, long size, NbdError error) {
        return isInside(request.offset(), request.length(), size)
                ? null
                : new Refusal(error, "the range reaches beyond the end of the export");
    }

    static boolean isInside(long offset, long length, long size) {
        return offset >= 0 && length >= 0 && length <= size && offset <= size - length;
    }

    private static Refusal readOnly() {
        return new Refusal(NbdError.EPERM, NbdError.EPERM.text());
    }

    /// FUA is valid with every command: clients are known to set it where it means nothing.
    private static int flagsAllowed(int command, ReplyStyle style) {
        int payload = style == ReplyStyle.EXTENDED ? Protocol.CMD_FLAG_PAYLOAD_LEN : 0;
        return Protocol.CMD_FLAG_FUA
                | switch (command) {
                    case Protocol.CMD_READ -> style.chunked() ? Protocol.CMD_FLAG_DF : 0;
                    case Protocol.CMD_WRITE -> payload;
                    case Protocol.CMD_WRITE_ZEROES ->
                            Protocol.CMD_FLAG_NO_HOLE | Protocol.CMD_FLAG_FAST_ZERO;
                    case Protocol.CMD_BLOCK_STATUS -> Protocol.CMD_FLAG_REQ_ONE | payload;
                    default -> 0;
                };
    }
}
