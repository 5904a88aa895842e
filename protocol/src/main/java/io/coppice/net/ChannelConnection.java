package io.coppice.net;

import io.coppice.tls.HandshakeFailure;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A connection over a Netty channel.
final class ChannelConnection implements Connection {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelConnection.class);

    /// Reads grow to this size under load, so that many frames arrive in few system calls.
    private static final int RECEIVE_BYTES_MAX = 256 << 10;

    private final Channel channel;
    private final FrameHandler handler;
    private final @Nullable Identity peer;
    private final FrameCodec codec;
    private final Runnable flush = this::flushTurn;
    private boolean flushPending;
    private boolean closedTold;
    private @Nullable String closeReason;
    private @Nullable Object attachment;

    ChannelConnection(Channel channel, FrameHandler handler, @Nullable Identity peer) {
        this.channel = channel;
        this.handler = handler;
        this.peer = peer;
        this.codec =
                new FrameCodec(
                        channel.alloc(), (header, payload) -> handler.frame(this, header, payload));
    }

    @Override
    public void send(DataHeader header, @Nullable ByteBuf payload) {
        if (channel.eventLoop().inEventLoop()) {
            write(header, payload);
        } else {
            channel.eventLoop().execute(() -> write(header, payload));
        }
    }

    @Override
    public void flush() {
        flushPending = false;
        channel.flush();
    }

    @Override
    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    @Override
    public boolean isWritable() {
        return channel.isWritable();
    }

    @Override
    public long bytesAboveBound() {
        return channel.isWritable() ? 0 : channel.bytesBeforeWritable();
    }

    @Override
    public void setReading(boolean reading) {
        channel.config().setAutoRead(reading);
    }

    @Override
    public boolean isOpen() {
        return channel.isActive();
    }

    @Override
    public void close(String why) {
        if (channel.eventLoop().inEventLoop()) {
            if (closeReason == null) {
                closeReason = why;
            }
            channel.close();
        } else {
            channel.eventLoop().execute(() -> close(why));
        }
    }

    @Override
    public SocketAddress remote() {
        return channel.remoteAddress();
    }

    @Override
    public @Nullable Identity peer() {
        return peer;
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object state) {
        attachment = state;
    }

    @Override
    public String toString() {
        return String.valueOf(channel.remoteAddress());
    }

    private void write(DataHeader header, @Nullable ByteBuf payload) {
        int payloadBytes = payload == null ? 0 : payload.readableBytes();
        if (payload != null && payloadBytes > FrameCodec.PAYLOAD_BYTES_MAX) {
            payload.release();
            throw new IllegalArgumentException(
                    "payload of " + payloadBytes + " bytes is longer than a frame");
        }
        if (!channel.isActive()) {
            if (payload != null) {
                payload.release();
            }
            return;
        }
        channel.write(
                FrameCodec.encodeHead(channel.alloc(), header, payloadBytes),
                channel.voidPromise());
        if (payload != null) {
            if (payloadBytes > 0) {
                channel.write(payload, channel.voidPromise());
            } else {
                payload.release();
            }
        }
        if (!flushPending) {
            flushPending = true;
            channel.eventLoop().execute(flush);
        }
    }

    private void flushTurn() {
        if (flushPending) {
            flush();
        }
    }

    private void tellClosed(String why) {
        if (!closedTold) {
            closedTold = true;
            codec.close();
            handler.closed(this, closeReason != null ? closeReason : why);
        }
    }

    /// Told when the connection could not be made at all.
    static void failed(Channel channel, FrameHandler handler, String why) {
        new ChannelConnection(channel, handler, null).tellClosed(why);
    }

    /// The end of the Netty pipeline that feeds a connection.
    static final class Inbound extends ChannelInboundHandlerAdapter {
        private final FrameHandler handler;
        private final @Nullable Identity peer;
        private @Nullable ChannelConnection connection;

        /// @param peer whom the other end's certificate names; null: the connection is plain
        Inbound(FrameHandler handler, @Nullable Identity peer) {
            this.handler = handler;
            this.peer = peer;
        }

        ChannelConnection connection() {
            return java.util.Objects.requireNonNull(connection);
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            var made = new ChannelConnection(ctx.channel(), handler, peer);
            connection = made;
            // What comes from the socket under TLS is ciphered and no part of a payload yet.
            ctx.channel()
                    .config()
                    .setRecvByteBufAllocator(
                            new ReceiveBuffers(
                                    RECEIVE_BYTES_MAX,
                                    peer == null ? made.codec::receiveBuffer : () -> null));
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            handler.opened(connection());
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
            ByteBuf in = (ByteBuf) message;
            try {
                connection().codec.decode(in);
            } finally {
                in.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            handler.batchEnd(connection());
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            handler.writabilityChanged(connection());
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            connection().tellClosed("connection closed by the peer");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (cause instanceof FrameCodec.MalformedFrameException) {
                LOG.warn("{}: dropped: {}", ctx.channel().remoteAddress(), cause.getMessage());
            } else if (cause.getCause() instanceof SSLException) {
                String why = HandshakeFailure.describe(cause, "it broke");
                LOG.info("{}: dropped by TLS: {}", ctx.channel().remoteAddress(), why);
                connection().close("TLS: " + why);
                return;
            } else if (cause instanceof java.io.IOException) {
                LOG.debug("{}: {}", ctx.channel().remoteAddress(), cause.getMessage());
            } else {
                LOG.error(
                        "{}: dropped after an unexpected error",
                        ctx.channel().remoteAddress(),
                        cause);
            }
            connection().close(String.valueOf(cause.getMessage()));
        }
    }
}
