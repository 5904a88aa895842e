package io.coppice.metadata.server;

import io.coppice.net.Transport;
import io.coppice.tls.Credentials;
import io.coppice.tls.HandshakeFailure;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslHandler;

/// Stands at the control port and tells of handshakes that failed before a certificate was judged:
/// gRPC ends such connections and tells nobody. `RaftDoor` is the same for the Netty of Ratis.
final class ControlDoor extends ChannelInboundHandlerAdapter {
    private final Credentials credentials;

    private ControlDoor(Credentials credentials) {
        this.credentials = credentials;
    }

    /// A channel to listen on.
    static NioServerSocketChannel watched(Credentials credentials) {
        var port = new NioServerSocketChannel();
        port.pipeline().addLast(new ControlDoor(credentials));
        return port;
    }

    @Override
    public void channelRead(ChannelHandlerContext port, Object accepted) {
        ((Channel) accepted).pipeline().addLast(new Guest());
        port.fireChannelRead(accepted);
    }

    /// Stands first in a connection until gRPC has put its TLS there.
    private final class Guest extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            SslHandler tls = ctx.pipeline().get(SslHandler.class);
            if (tls != null) {
                tls.handshakeFuture().addListener(done -> ended(ctx.channel(), done.cause()));
            }
            ctx.fireChannelActive();
            ctx.pipeline().remove(this);
        }
    }

    /// Who hung up may only have looked whether somebody listens.
    private void ended(Channel connection, Throwable failure) {
        if (failure != null
                && connection.isActive()
                && !HandshakeFailure.isOfCertificates(failure)) {
            credentials.refused(
                    "",
                    Transport.show(connection.remoteAddress()),
                    HandshakeFailure.describe(failure, "the handshake failed"));
        }
    }
}
