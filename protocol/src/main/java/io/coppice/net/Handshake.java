package io.coppice.net;

import io.coppice.tls.HandshakeFailure;
import io.coppice.tls.Identity;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.SocketAddress;
import java.security.cert.CertificateException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Stands in for the owner of a connection until both ends have shown their certificates; so the
/// owner never sees a connection of nobody.
final class Handshake extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Handshake.class);
    private static final long LOG_NANOS = 1_000_000_000L;
    private static final AtomicLong LAST_LOGGED = new AtomicLong(System.nanoTime() - LOG_NANOS);

    private final Secured secured;
    private final SslHandler ssl;
    private final Supplier<? extends FrameHandler> handlers;

    /// Whoever waits for a connection that it makes; null on the other end.
    private final @Nullable FrameHandler caller;

    private boolean active;
    private boolean ended;

    private Handshake(
            Secured secured,
            SslHandler ssl,
            Supplier<? extends FrameHandler> handlers,
            @Nullable FrameHandler caller) {
        this.secured = secured;
        this.ssl = ssl;
        this.handlers = handlers;
        this.caller = caller;
    }

    static Handshake accepting(
            Secured secured, SslHandler ssl, Supplier<? extends FrameHandler> handlers) {
        return new Handshake(secured, ssl, handlers, null);
    }

    static Handshake calling(Secured secured, SslHandler ssl, FrameHandler caller) {
        return new Handshake(secured, ssl, () -> caller, caller);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline().addFirst(ssl);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        active = true;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof SslHandshakeCompletionEvent done)) {
            return;
        }
        if (!done.isSuccess()) {
            failed(ctx, done.cause());
            return;
        }
        Identity peer;
        try {
            peer = secured.peer(ssl);
        } catch (CertificateException stranger) {
            failed(ctx, stranger);
            return;
        }
        ended = true;
        var inbound = new ChannelConnection.Inbound(handlers.get(), peer);
        ctx.pipeline().replace(this, null, inbound);
        ChannelConnection connection = inbound.connection();
        ctx.channel().closeFuture().addListener(closed -> secured.closed(connection));
        inbound.channelActive(ctx.pipeline().context(inbound));
        secured.opened(connection);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        failed(ctx, cause);
    }

    /// A connection that TCP did not make is told by whoever asked TCP for it.
    private void failed(ChannelHandlerContext ctx, Throwable cause) {
        boolean hungUp = !ctx.channel().isActive();
        ctx.close();
        if (ended || !active) {
            return;
        }
        ended = true;
        String why =
                HandshakeFailure.describe(
                        cause, hungUp ? "the other end hung up in it" : "the handshake failed");
        if (caller != null) {
            ChannelConnection.failed(
                    ctx.channel(),
                    caller,
                    "no TLS with " + Transport.show(ctx.channel().remoteAddress()) + ": " + why);
        } else {
            turnedAway(ctx.channel().remoteAddress(), cause, why, hungUp);
        }
    }

    /// Who hung up may only have looked whether somebody listens.
    private void turnedAway(SocketAddress from, Throwable cause, String why, boolean hungUp) {
        if (!hungUp && !HandshakeFailure.isOfCertificates(cause)) {
            secured.refused(from, why);
        }
        if (!hungUp && isTimeToLog()) {
            LOG.warn("{}: turned away: {}", from, why);
        } else {
            LOG.debug("{}: turned away: {}", from, why);
        }
    }

    /// Strangers may come as often as they like; the log does not fill up with them.
    private static boolean isTimeToLog() {
        long now = System.nanoTime();
        long last = LAST_LOGGED.get();
        return now - last >= LOG_NANOS && LAST_LOGGED.compareAndSet(last, now);
    }
}
