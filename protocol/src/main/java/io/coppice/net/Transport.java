package io.coppice.net;

import io.coppice.tls.Credentials;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Event loops and the sockets on them: epoll on Linux, NIO elsewhere (unix sockets need epoll).
/// Thread-safe.
public final class Transport implements Network, AutoCloseable {
    private static final int CONNECT_TIMEOUT_MILLIS = 2_000;

    /// What was sent and is not acknowledged by the other system for so long breaks the connection.
    /// Left to itself TCP tries again at longer and longer intervals, and so goes on long after a
    /// partition is healed.
    private static final int UNHEARD_MILLIS = 5_000;

    private final EventLoopGroup group;
    private final boolean epoll;

    /// Null: frames travel in the clear.
    private final @Nullable Secured secured;

    private Transport(EventLoopGroup group, boolean epoll, @Nullable Secured secured) {
        this.group = group;
        this.epoll = epoll;
        this.secured = secured;
    }

    /// As below, with frames in the clear.
    public static Transport create(String name, int threads) {
        return create(name, threads, null);
    }

    /// Starts `threads` event loops whose threads are called `name-1-1` and so on.
    ///
    /// @param credentials every framed connection has TLS with them, on both ends; null: none has
    public static Transport create(String name, int threads, @Nullable Credentials credentials) {
        Secured secured = credentials == null ? null : new Secured(credentials);
        boolean epoll = Epoll.isAvailable();
        var factory = new DefaultThreadFactory(name, true);
        var io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        return new Transport(new MultiThreadIoEventLoopGroup(threads, factory, io), epoll, secured);
    }

    public EventLoop next() {
        return group.next();
    }

    public EventLoopGroup group() {
        return group;
    }

    /// Listens for framed connections; each gets a handler of its own.
    ///
    /// @throws IOException when the address cannot be bound; the message names it
    public FrameServer listen(SocketAddress address, Supplier<? extends FrameHandler> handlers)
            throws IOException {
        Secured tls = secured;
        var bootstrap =
                server(
                        address,
                        channel ->
                                tls == null
                                        ? new ChannelConnection.Inbound(handlers.get(), null)
                                        : tls.accepting(channel, handlers));
        if (epoll && !(address instanceof DomainSocketAddress)) {
            bootstrap.childOption(EpollChannelOption.TCP_USER_TIMEOUT, UNHEARD_MILLIS);
        }
        return new FrameServer(bound(bootstrap, address));
    }

    /// Listens with a pipeline of the caller's own, which also decides about TLS.
    public Channel bind(
            SocketAddress address, java.util.function.Function<Channel, ChannelHandler> pipeline)
            throws IOException {
        return bound(server(address, pipeline), address);
    }

    private ServerBootstrap server(
            SocketAddress address, java.util.function.Function<Channel, ChannelHandler> pipeline) {
        var bootstrap =
                new ServerBootstrap()
                        .group(group)
                        .channel(serverChannel(address))
                        .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, waterMark())
                        .childHandler(initializer(pipeline));
        if (!(address instanceof DomainSocketAddress)) {
            bootstrap
                    .option(ChannelOption.SO_REUSEADDR, true)
                    .option(ChannelOption.SO_BACKLOG, 1024);
            bootstrap
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childOption(ChannelOption.SO_KEEPALIVE, true);
        }
        return bootstrap;
    }

    private static Channel bound(ServerBootstrap bootstrap, SocketAddress address)
            throws IOException {
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "cannot listen on " + show(address) + ": " + reason(bound.cause()),
                    bound.cause());
        }
        return bound.channel();
    }

    @Override
    public void connect(EventLoop loop, SocketAddress to, FrameHandler handler) {
        Secured tls = secured;
        var bootstrap =
                new Bootstrap()
                        .group(loop)
                        .channel(clientChannel(to))
                        .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, waterMark())
                        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                        .handler(
                                initializer(channel ->
                                        tls == null
                                                ? new ChannelConnection.Inbound(handler, null)
                                                : tls.calling(channel.alloc(), to, handler)));
        if (!(to instanceof DomainSocketAddress)) {
            bootstrap
                    .option(ChannelOption.TCP_NODELAY, true)
                    .option(ChannelOption.SO_KEEPALIVE, true);
            if (epoll) {
                bootstrap.option(EpollChannelOption.TCP_USER_TIMEOUT, UNHEARD_MILLIS);
            }
        }
        bootstrap
                .connect(to)
                .addListener((ChannelFuture done) -> {
                    if (!done.isSuccess()) {
                        String why = "cannot connect to " + show(to) + ": " + reason(done.cause());
                        loop.execute(() -> ChannelConnection.failed(done.channel(), handler, why));
                    }
                });
    }

    /// Stops the loops; open connections are closed.
    @Override
    public void close() {
        if (secured != null) {
            secured.close();
        }
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    /// `host:port` or `unix:PATH`.
    public static SocketAddress parse(String address) {
        if (address.startsWith("unix:")) {
            return new DomainSocketAddress(address.substring("unix:".length()));
        }
        int colon = address.lastIndexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException(
                    "'" + address + "' is no address: use HOST:PORT or unix:PATH");
        }
        try {
            int port = Integer.parseInt(address.substring(colon + 1));
            String host = address.substring(0, colon);
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            }
            return new java.net.InetSocketAddress(host, port);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + address + "' is no address: the port must be 0 to 65535", e);
        }
    }

    /// An address as a person writes it.
    public static String show(SocketAddress address) {
        if (address instanceof java.net.InetSocketAddress inet) {
            String host =
                    inet.getAddress() == null
                            ? inet.getHostString()
                            : inet.getAddress().getHostAddress();
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + inet.getPort();
        }
        return address instanceof DomainSocketAddress domain
                ? "unix:" + domain.path()
                : address.toString();
    }

    private static String reason(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        return message.contains("Address already in use") ? "the address is in use" : message;
    }

    private static ChannelInitializer<Channel> initializer(
            java.util.function.Function<Channel, ChannelHandler> pipeline) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(pipeline.apply(channel));
            }
        };
    }

    private static WriteBufferWaterMark waterMark() {
        return new WriteBufferWaterMark(4 << 20, 16 << 20);
    }

    private Class<? extends ServerChannel> serverChannel(SocketAddress address) {
        if (address instanceof DomainSocketAddress) {
            requireEpoll();
            return EpollServerDomainSocketChannel.class;
        }
        return epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    private Class<? extends Channel> clientChannel(SocketAddress address) {
        if (address instanceof DomainSocketAddress) {
            requireEpoll();
            return EpollDomainSocketChannel.class;
        }
        return epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    private void requireEpoll() {
        if (!epoll) {
            throw new IllegalStateException(
                    "unix sockets need Linux' epoll, which is not available here");
        }
    }
}
