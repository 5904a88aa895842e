package io.coppice.net;

import io.coppice.tls.Credentials;
import io.coppice.tls.Identity;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;

/// TLS 1.3 under a transport's frames, with certificates on both ends; whoever's is revoked loses
/// its connections. BoringSSL where it is at hand, for it ciphers several times as fast, else the
/// JDK's. Thread-safe.
final class Secured implements AutoCloseable {
    private static final String[] PROTOCOLS = {"TLSv1.3"};
    private static final long HANDSHAKE_MILLIS = 5_000;

    private final Credentials credentials;
    private final SslContext serving;
    private final SslContext calling;
    private final Set<ChannelConnection> open = ConcurrentHashMap.newKeySet();
    private final Runnable onRevocation = this::endRevoked;

    Secured(Credentials credentials) {
        this.credentials = credentials;
        SslProvider provider = OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
        try {
            serving =
                    SslContextBuilder.forServer(credentials.keys())
                            .sslProvider(provider)
                            .protocols(PROTOCOLS)
                            .trustManager(credentials.trust())
                            .clientAuth(ClientAuth.REQUIRE)
                            .build();
            calling =
                    SslContextBuilder.forClient()
                            .sslProvider(provider)
                            .protocols(PROTOCOLS)
                            .keyManager(credentials.keys())
                            .trustManager(credentials.trust())
                            .build();
        } catch (SSLException unusable) {
            throw new IllegalStateException(
                    "TLS cannot be used here: " + unusable.getMessage(), unusable);
        }
        credentials.onRevocation(onRevocation);
    }

    /// The pipeline of a connection that was accepted.
    ChannelHandler accepting(Channel channel, Supplier<? extends FrameHandler> handlers) {
        // The address is for those who hear whom the handshake has turned away.
        SslHandler ssl =
                channel.remoteAddress() instanceof InetSocketAddress from
                        ? serving.newHandler(
                                channel.alloc(), from.getAddress().getHostAddress(), from.getPort())
                        : serving.newHandler(channel.alloc());
        return Handshake.accepting(this, timed(ssl), handlers);
    }

    /// The pipeline of a connection that is made here.
    ChannelHandler calling(ByteBufAllocator allocator, SocketAddress to, FrameHandler handler) {
        boolean named = to instanceof InetSocketAddress;
        SslHandler ssl =
                to instanceof InetSocketAddress inet
                        ? calling.newHandler(allocator, inet.getHostString(), inet.getPort())
                        : calling.newHandler(allocator);
        // A unix socket has no address that a certificate could name.
        SSLParameters parameters = ssl.engine().getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm(named ? "HTTPS" : "");
        ssl.engine().setSSLParameters(parameters);
        return Handshake.calling(this, timed(ssl), handler);
    }

    private static SslHandler timed(SslHandler ssl) {
        ssl.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS);
        return ssl;
    }

    /// Whom the other end's certificate names.
    Identity peer(SslHandler ssl) throws CertificateException {
        try {
            var chain = ssl.engine().getSession().getPeerCertificates();
            return Identity.of((X509Certificate) chain[0]);
        } catch (SSLPeerUnverifiedException nobody) {
            throw new CertificateException("it showed no certificate", nobody);
        }
    }

    /// A handshake failed before a certificate was judged: who was judged is known already.
    void refused(SocketAddress from, String why) {
        credentials.refused("", Transport.show(from), why);
    }

    void opened(ChannelConnection connection) {
        open.add(connection);
        // What was revoked between the handshake and now.
        endIfRevoked(connection);
    }

    void closed(ChannelConnection connection) {
        open.remove(connection);
    }

    private void endRevoked() {
        open.forEach(this::endIfRevoked);
    }

    private void endIfRevoked(ChannelConnection connection) {
        Identity peer = connection.peer();
        if (peer != null && credentials.isRevoked(peer)) {
            connection.close("the certificate of " + peer + " was revoked");
        }
    }

    @Override
    public void close() {
        credentials.forget(onRevocation);
    }
}
