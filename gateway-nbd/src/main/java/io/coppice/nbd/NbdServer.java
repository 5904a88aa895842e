package io.coppice.nbd;

import com.codahale.metrics.MetricRegistry;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Listens for NBD clients and serves [Exports] to them. Thread-safe.
final class NbdServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NbdServer.class);

    /// Answers that a client has not taken yet: beyond the upper mark its requests wait.
    private static final WriteBufferWaterMark WATER_MARK =
            new WriteBufferWaterMark(1 << 20, 4 << 20);

    private final GatewayContext gateway;
    private final Time time;
    private final List<Channel> listeners = new ArrayList<>();
    private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private NbdServer(GatewayContext gateway, Time time) {
        this.gateway = gateway;
        this.time = time;
    }

    /// Starts to listen on all of `listen`, or on none.
    ///
    /// @param transport whose loops carry the connections; not closed with the server
    /// @throws IOException when an address cannot be had; the message is one line for a user
    /// @throws IllegalArgumentException when one needs TLS and there is none
    static NbdServer start(
            Transport transport,
            List<String> listen,
            Exports exports,
            GatewayLimits limits,
            TlsGate tls,
            MetricRegistry metrics,
            Time time)
            throws IOException {
        var gateway =
                new GatewayContext(
                        exports,
                        new OpenExports(exports, transport.group(), limits.linger()),
                        new ByteBudget(limits.sharedBytes()),
                        limits,
                        new GatewayMetrics(metrics, time),
                        tls,
                        new RefusedClients());
        var server = new NbdServer(gateway, time);
        try {
            for (String address : listen) {
                server.listen(transport, Transport.parse(address));
            }
        } catch (IOException | IllegalArgumentException e) {
            server.close();
            throw e;
        }
        return server;
    }

    /// Bound addresses, in the order of the configuration.
    List<SocketAddress> addresses() {
        return listeners.stream().map(Channel::localAddress).toList();
    }

    /// Whom it turned away.
    RefusedClients refused() {
        return gateway.refused();
    }

    int connectionCount() {
        return connections.size();
    }

    /// Exports that are open now.
    int exportCount() {
        return gateway.open().count();
    }

    /// Payload bytes that connections may still take beyond their allowances.
    long sharedBytesFree() {
        return gateway.budget().free();
    }

    boolean isClosed() {
        return closed;
    }

    /// Stops listening, lets requests under way end (up to the drain timeout), closes exports.
    @Override
    public void close() {
        closed = true;
        for (var listener : listeners) {
            var address = listener.localAddress();
            listener.close().awaitUninterruptibly();
            removeFile(address);
        }
        connections.forEach(NbdServer::shutDown);
        long end = time.nanos() + gateway.limits().drainTimeout().toNanos();
        for (var connection : connections) {
            long left = Math.max(0, end - time.nanos());
            if (!connection.closeFuture().awaitUninterruptibly(left, TimeUnit.NANOSECONDS)) {
                log.warn("{} was cut off: its requests did not end", Peers.show(connection));
                connection.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
            }
        }
        gateway.open().close();
    }

    private void listen(Transport transport, SocketAddress address) throws IOException {
        boolean tlsRequired = gateway.tls().isRequiredOn(address);
        if (address instanceof DomainSocketAddress unix) {
            UnixSockets.prepare(Path.of(unix.path()));
        }
        listeners.add(transport.bind(address, channel -> accepted(channel, tlsRequired)));
    }

    /// Called on the new connection's loop.
    private ChannelHandler accepted(Channel channel, boolean tlsRequired) {
        if (closed || connections.size() >= gateway.limits().connectionsMax()) {
            gateway.metrics().connectionTurnedAway();
            log.info("turned {} away: too many connections", Peers.show(channel));
            return new TurnAway();
        }
        connections.add(channel);
        gateway.metrics().connectionOpened();
        channel.closeFuture()
                .addListener(done -> {
                    connections.remove(channel);
                    gateway.metrics().connectionClosed();
                });
        var buffers = new PayloadBuffers();
        channel.config().setRecvByteBufAllocator(buffers.allocator());
        channel.config().setWriteBufferWaterMark(WATER_MARK);
        return new HandshakeHandler(gateway, channel, buffers, tlsRequired);
    }

    private static void shutDown(Channel channel) {
        var transmission = channel.pipeline().get(TransmissionHandler.class);
        if (transmission != null) {
            transmission.shutDown();
        } else {
            channel.close();
        }
    }

    private static void removeFile(SocketAddress address) {
        if (address instanceof DomainSocketAddress unix) {
            try {
                UnixSockets.remove(Path.of(unix.path()));
            } catch (IOException e) {
                log.warn("the socket file {} stays: {}", unix.path(), e.getMessage());
            }
        }
    }

    private static final class TurnAway extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.close();
        }
    }
}
