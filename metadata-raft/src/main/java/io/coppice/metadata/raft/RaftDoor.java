package io.coppice.metadata.raft;

import io.coppice.net.Transport;
import io.coppice.tls.Credentials;
import io.coppice.tls.HandshakeFailure;
import java.util.EnumSet;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.netty.channel.Channel;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelHandlerContext;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.ratis.thirdparty.io.netty.channel.EventLoopGroup;
import org.apache.ratis.thirdparty.io.netty.channel.ServerChannel;
import org.apache.ratis.thirdparty.io.netty.channel.epoll.Epoll;
import org.apache.ratis.thirdparty.io.netty.channel.epoll.EpollEventLoopGroup;
import org.apache.ratis.thirdparty.io.netty.channel.epoll.EpollServerSocketChannel;
import org.apache.ratis.thirdparty.io.netty.channel.nio.NioEventLoopGroup;
import org.apache.ratis.thirdparty.io.netty.channel.socket.nio.NioServerSocketChannel;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslHandler;
import org.apache.ratis.thirdparty.io.netty.util.concurrent.DefaultThreadFactory;

/// Stands at Raft's port and tells of handshakes that failed before a certificate was judged: the
/// library ends such connections and tells nobody. Whoever brings a channel brings its loops too.
final class RaftDoor implements GrpcServices.Customizer, AutoCloseable {
    /// For a few connections, whose requests are handled elsewhere.
    private static final int LOOPS = 2;

    private final Credentials credentials;
    private final EventLoopGroup loops;

    RaftDoor(Credentials credentials) {
        this.credentials = credentials;
        var threads = new DefaultThreadFactory("raft-port", true);
        loops =
                Epoll.isAvailable()
                        ? new EpollEventLoopGroup(LOOPS, threads)
                        : new NioEventLoopGroup(LOOPS, threads);
    }

    @Override
    public NettyServerBuilder customize(
            NettyServerBuilder builder, EnumSet<GrpcServices.Type> types) {
        return builder.bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .channelFactory(this::listening);
    }

    private ServerChannel listening() {
        ServerChannel port =
                Epoll.isAvailable() ? new EpollServerSocketChannel() : new NioServerSocketChannel();
        port.pipeline().addLast(new Port());
        return port;
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private final class Port extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext port, Object accepted) {
            ((Channel) accepted).pipeline().addLast(new Guest());
            port.fireChannelRead(accepted);
        }
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
                    "Raft: " + HandshakeFailure.describe(failure, "the handshake failed"));
        }
    }
}
