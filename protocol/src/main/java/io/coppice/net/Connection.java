package io.coppice.net;

import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One framed connection. [#send] and [#close] may be called from any thread; everything else from
/// the event loop only.
public final class Connection {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    private final Channel channel;
    private final FrameHandler handler;
    private final FrameCodec codec;
    private final Runnable flush = this::flushTurn;
    private boolean flushPending;
    private boolean closedTold;
    private @Nullable String closeReason;
    private @Nullable Object attachment;

    Connection(Channel channel, FrameHandler handler) {
        this.channel = channel;
        this.handler = handler;
        this.codec =
                new FrameCodec(
                        channel.alloc(), (header, payload) -> handler.frame(this, header, payload));
    }

    /// Sends one frame and takes `payload` over, also when the connection is gone (then it is
    /// dropped; the handler hears of it by `closed`). Leaves with the end of the loop's turn, or
    /// with [#flush].
    public void send(DataHeader header, @Nullable ByteBuf payload) {
        if (channel.eventLoop().inEventLoop()) {
            write(header, payload);
        } else {
            channel.eventLoop().execute(() -> write(header, payload));
        }
    }

    /// Sends what was written so far now.
    public void flush() {
        flushPending = false;
        channel.flush();
    }

    public EventLoop eventLoop() {
        return channel.eventLoop();
    }

    /// False while more than the bound waits to be sent: stop producing (R12).
    public boolean isWritable() {
        return channel.isWritable();
    }

    /// Bytes above the bound that wait to be sent; 0 while [#isWritable].
    public long bytesAboveBound() {
        return channel.isWritable() ? 0 : channel.bytesBeforeWritable();
    }

    /// Stops or resumes reading from the socket: back pressure on the peer.
    public void setReading(boolean reading) {
        channel.config().setAutoRead(reading);
    }

    public boolean isOpen() {
        return channel.isActive();
    }

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

    public SocketAddress remote() {
        return channel.remoteAddress();
    }

    /// A place for the owner's state of this connection.
    public @Nullable Object attachment() {
        return attachment;
    }

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
        new Connection(channel, handler).tellClosed(why);
    }

    /// The end of the Netty pipeline that feeds a connection.
    static final class Inbound extends ChannelInboundHandlerAdapter {
        private final FrameHandler handler;
        private @Nullable Connection connection;

        Inbound(FrameHandler handler) {
            this.handler = handler;
        }

        private Connection connection() {
            return java.util.Objects.requireNonNull(connection);
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            connection = new Connection(ctx.channel(), handler);
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
