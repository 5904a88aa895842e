package io.coppice.net;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import io.coppice.wire.Checksums;
import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Bytes <-> frames of the data plane; the layout is drawn in data.proto. The payload is never
/// parsed: it is a slice of what was received, or, when it arrives in several reads, one buffer of
/// its exact size, into which the socket is read where much of it is missing.
///
/// A decoder belongs to one connection and is not thread-safe.
final class FrameCodec {
    static final int PAYLOAD_BYTES_MAX = 8 << 20;
    static final int HEADER_BYTES_MAX = 64 << 10;
    private static final int PREFIX_BYTES = 12;

    /// Less than this is received together with what follows it.
    private static final int DIRECT_BYTES_MIN = 64 << 10;

    private static final int LENGTH_MAX = 8 + HEADER_BYTES_MAX + PAYLOAD_BYTES_MAX;

    /// Where decoded frames go; owns the payload.
    interface Sink {
        void frame(DataHeader header, ByteBuf payload);
    }

    /// Thrown for bytes that are no frame; the connection cannot go on.
    static final class MalformedFrameException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedFrameException(String message) {
            super(message);
        }
    }

    private final ByteBufAllocator allocator;
    private final Sink sink;

    /// Prefix and header of a frame that straddles reads; null while none does.
    private @Nullable ByteBuf head;

    /// Payload of a frame that straddles reads, and its header.
    private @Nullable ByteBuf payload;

    private @Nullable DataHeader payloadHeader;

    /// The part of `payload` that the socket is read into.
    private @Nullable ByteBuf receiving;

    FrameCodec(ByteBufAllocator allocator, Sink sink) {
        this.allocator = allocator;
        this.sink = sink;
    }

    /// Prefix and header of a frame, ready to be written before its payload.
    static ByteBuf encodeHead(ByteBufAllocator allocator, DataHeader header, int payloadBytes) {
        int headerBytes = header.getSerializedSize();
        ByteBuf out = allocator.directBuffer(PREFIX_BYTES + headerBytes);
        ByteBuffer body = out.nioBuffer(PREFIX_BYTES, headerBytes);
        try {
            CodedOutputStream coded = CodedOutputStream.newInstance(body.duplicate());
            header.writeTo(coded);
            coded.flush();
        } catch (IOException e) {
            throw new IllegalStateException("a buffer of the header's own size is too small", e);
        }
        out.writeInt(8 + headerBytes + payloadBytes);
        out.writeInt(headerBytes);
        out.writeInt(Checksums.crc32c(body));
        out.writerIndex(PREFIX_BYTES + headerBytes);
        return out;
    }

    /// Where the next bytes of the connection should be put, to be given to [#decode]; null: they
    /// belong to no payload, or to little of one. The caller owns the reference.
    @Nullable ByteBuf receiveBuffer() {
        ByteBuf filling = payload;
        if (filling == null || filling.writableBytes() < DIRECT_BYTES_MIN) {
            return null;
        }
        receiving =
                filling.retainedSlice(filling.writerIndex(), filling.writableBytes())
                        .writerIndex(0);
        return receiving;
    }

    /// Consumes all of `in`; hands every whole frame to the sink.
    void decode(ByteBuf in) throws MalformedFrameException {
        while (in.isReadable()) {
            if (payload != null) {
                fillPayload(in);
            } else if (head != null) {
                fillHead(in);
            } else if (!decodeDirectly(in)) {
                head = allocator.directBuffer(PREFIX_BYTES + 256);
            }
        }
    }

    void close() {
        if (head != null) {
            head.release();
            head = null;
        }
        if (payload != null) {
            payload.release();
            payload = null;
        }
    }

    /// The common case: prefix and header are whole in `in`. False when they are not.
    private boolean decodeDirectly(ByteBuf in) throws MalformedFrameException {
        if (in.readableBytes() < PREFIX_BYTES) {
            return false;
        }
        int start = in.readerIndex();
        int headerBytes = checkedHeaderBytes(in.getInt(start), in.getInt(start + 4));
        if (in.readableBytes() < PREFIX_BYTES + headerBytes) {
            return false;
        }
        DataHeader header = parseHeader(in, start);
        int payloadBytes = in.getInt(start) - 8 - headerBytes;
        in.skipBytes(PREFIX_BYTES + headerBytes);
        startPayload(header, payloadBytes, in);
        return true;
    }

    private void fillHead(ByteBuf in) throws MalformedFrameException {
        ByteBuf partial = java.util.Objects.requireNonNull(head);
        int have = partial.readableBytes();
        int need = PREFIX_BYTES;
        if (have >= PREFIX_BYTES) {
            need += checkedHeaderBytes(partial.getInt(0), partial.getInt(4));
        }
        partial.writeBytes(in, Math.min(need - have, in.readableBytes()));
        if (partial.readableBytes() < PREFIX_BYTES) {
            return;
        }
        int headerBytes = checkedHeaderBytes(partial.getInt(0), partial.getInt(4));
        if (partial.readableBytes() < PREFIX_BYTES + headerBytes) {
            return;
        }
        DataHeader header = parseHeader(partial, 0);
        int payloadBytes = partial.getInt(0) - 8 - headerBytes;
        partial.release();
        head = null;
        startPayload(header, payloadBytes, in);
    }

    private void startPayload(DataHeader header, int payloadBytes, ByteBuf in) {
        if (payloadBytes == 0) {
            sink.frame(header, Unpooled.EMPTY_BUFFER);
        } else if (in.readableBytes() >= payloadBytes) {
            sink.frame(header, in.readRetainedSlice(payloadBytes));
        } else {
            payload = allocator.directBuffer(payloadBytes, payloadBytes);
            payload.writeBytes(in);
            payloadHeader = header;
        }
    }

    private void fillPayload(ByteBuf in) {
        ByteBuf filling = java.util.Objects.requireNonNull(payload);
        if (in == receiving) {
            filling.writerIndex(filling.writerIndex() + in.readableBytes());
            in.skipBytes(in.readableBytes());
        } else {
            filling.writeBytes(in, Math.min(filling.writableBytes(), in.readableBytes()));
        }
        receiving = null;
        if (!filling.isWritable()) {
            DataHeader header = java.util.Objects.requireNonNull(payloadHeader);
            payload = null;
            payloadHeader = null;
            sink.frame(header, filling);
        }
    }

    private static int checkedHeaderBytes(int length, int headerBytes)
            throws MalformedFrameException {
        if (length < 8 || length > LENGTH_MAX) {
            throw new MalformedFrameException(
                    "frame length " + Integer.toUnsignedString(length) + " out of range");
        }
        if (headerBytes < 0 || headerBytes > HEADER_BYTES_MAX || headerBytes > length - 8) {
            throw new MalformedFrameException(
                    "header length " + Integer.toUnsignedString(headerBytes) + " out of range");
        }
        if (length - 8 - headerBytes > PAYLOAD_BYTES_MAX) {
            throw new MalformedFrameException(
                    "payload longer than " + PAYLOAD_BYTES_MAX + " bytes");
        }
        return headerBytes;
    }

    private static DataHeader parseHeader(ByteBuf in, int start) throws MalformedFrameException {
        ByteBuffer body = in.nioBuffer(start + PREFIX_BYTES, in.getInt(start + 4));
        if (Checksums.crc32c(body) != in.getInt(start + 8)) {
            throw new MalformedFrameException("header checksum does not match");
        }
        try {
            return DataHeader.parseFrom(body);
        } catch (InvalidProtocolBufferException e) {
            throw new MalformedFrameException("header is no DataHeader: " + e.getMessage());
        }
    }
}
