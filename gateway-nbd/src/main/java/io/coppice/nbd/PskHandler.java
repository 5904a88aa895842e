package io.coppice.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.CoalescingBufferQueue;
import io.netty.handler.codec.DecoderException;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.bouncycastle.tls.TlsServerProtocol;
import org.jspecify.annotations.Nullable;

/// TLS with pre-shared keys, which the JDK's engine does not know: BouncyCastle's protocol in a
/// pipeline. Records arrive and bytes go on; bytes that are written leave as records at the next
/// flush, small ones together in one.
final class PskHandler extends ChannelDuplexHandler {
    private static final int RECORD_BYTES_MAX = 16 << 10;

    private final PskServer server;
    private final Promise<ClientIdentity> secured;
    private final TlsServerProtocol protocol = new TlsServerProtocol();
    private final byte[] plain = new byte[RECORD_BYTES_MAX];
    private @Nullable CoalescingBufferQueue unsent;
    private boolean failed;

    /// @param secured told when the handshake ends, well or not
    PskHandler(PskServer server, Promise<ClientIdentity> secured) {
        this.server = server;
        this.secured = secured;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws IOException {
        unsent = new CoalescingBufferQueue(context.channel(), 4, true);
        protocol.accept(server);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        discard(context);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        var records = (ByteBuf) message;
        try {
            var bytes = new byte[records.readableBytes()];
            records.readBytes(bytes);
            if (!failed && !protocol.isClosed()) {
                protocol.offerInput(bytes);
                proceed(context);
            }
        } catch (IOException | RuntimeException e) {
            fail(context, e);
        } finally {
            records.release();
        }
    }

    private void proceed(ChannelHandlerContext context) {
        sendRecords(context);
        if (server.isComplete() && !secured.isDone()) {
            secured.setSuccess(ClientIdentity.ofKey(server.user()));
        }
        int count = protocol.getAvailableInputBytes();
        if (count > 0) {
            var bytes = context.alloc().heapBuffer(count, count);
            protocol.readInput(bytes.array(), bytes.arrayOffset(), count);
            context.fireChannelRead(bytes.writerIndex(count));
        }
        if (protocol.isClosed()) { // the client said goodbye
            context.close();
        }
    }

    private void fail(ChannelHandlerContext context, Exception cause) {
        failed = true;
        sendRecords(context); // the alert that tells the client
        if (!secured.tryFailure(cause)) {
            context.fireExceptionCaught(new DecoderException(cause));
        }
    }

    /// Sends what the protocol itself has to say.
    private void sendRecords(ChannelHandlerContext context) {
        if (protocol.getAvailableOutputBytes() > 0) {
            context.writeAndFlush(records(context), context.voidPromise());
        }
    }

    private ByteBuf records(ChannelHandlerContext context) {
        int count = protocol.getAvailableOutputBytes();
        var bytes = context.alloc().heapBuffer(count, count);
        protocol.readOutput(bytes.array(), bytes.arrayOffset(), count);
        return bytes.writerIndex(count);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        var queue = unsent;
        if (queue == null) {
            ((ByteBuf) message).release();
            promise.tryFailure(new ClosedChannelException());
        } else {
            queue.add((ByteBuf) message, promise);
        }
    }

    @Override
    public void flush(ChannelHandlerContext context) {
        var queue = unsent;
        while (queue != null && !queue.isEmpty()) {
            var promise = context.newPromise();
            var bytes = queue.remove(RECORD_BYTES_MAX, promise);
            int count = bytes.readableBytes();
            bytes.readBytes(plain, 0, count);
            bytes.release();
            try {
                protocol.writeApplicationData(plain, 0, count);
                context.write(records(context), promise);
            } catch (IOException | RuntimeException e) {
                promise.setFailure(e);
            }
        }
        context.flush();
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) throws IOException {
        if (server.isComplete() && !protocol.isClosed()) {
            protocol.close();
            sendRecords(context);
        }
        context.close(promise);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        discard(context);
        secured.tryFailure(new ClosedChannelException());
        context.fireChannelInactive();
    }

    private void discard(ChannelHandlerContext context) {
        var queue = unsent;
        if (queue != null) {
            unsent = null;
            queue.releaseAndFailAll(context, new ClosedChannelException());
        }
    }
}
