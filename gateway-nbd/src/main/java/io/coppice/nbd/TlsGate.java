package io.coppice.nbd;

import io.coppice.net.Transport;
import io.coppice.tls.HandshakeFailure;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.bouncycastle.tls.crypto.TlsCrypto;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaTlsCryptoProvider;
import org.jspecify.annotations.Nullable;

/// Takes connections from plain text to TLS, with the certificates and keys that lie on the disk at
/// that moment. Thread-safe.
final class TlsGate {
    /// Name of the handler that speaks TLS in a pipeline.
    static final String HANDLER = "tls";

    private static final int WHY_CHARS_MAX = 256;

    private final NbdTlsConfig config;
    private final @Nullable WatchedFiles<SslContext> certificates;
    private final @Nullable WatchedFiles<PreSharedKeys> keys;
    private final TlsCrypto crypto;
    private final Predicate<String> revoked;

    /// @throws IOException when certificates or keys cannot be used
    TlsGate(NbdTlsConfig config) throws IOException {
        this(config, serial -> false);
    }

    /// As above.
    ///
    /// @param revoked whether a certificate of this serial number does not count any more
    TlsGate(NbdTlsConfig config, Predicate<String> revoked) throws IOException {
        this.revoked = revoked;
        this.config = config;
        certificates = config.dir().isEmpty() ? null : Certificates.watch(config.dir().get());
        keys = config.pskFile().isEmpty() ? null : PreSharedKeys.watch(config.pskFile().get());
        crypto = new JcaTlsCryptoProvider().create(new SecureRandom());
    }

    boolean isOffered() {
        return certificates != null || keys != null;
    }

    /// Whether clients that come through `address` must use TLS.
    ///
    /// @throws IllegalArgumentException when they must and cannot; one line for a user
    boolean isRequiredOn(SocketAddress address) {
        if (config.required()) {
            return true;
        }
        if (config.insecure() || isLocal(address)) {
            return false;
        }
        if (!isOffered()) {
            throw new IllegalArgumentException(
                    "other machines can reach "
                            + Transport.show(address)
                            + ", so NBD needs TLS there: name certificates or pre-shared keys,"
                            + " listen on 127.0.0.1 or a unix socket, or ask for insecure");
        }
        return true;
    }

    private static boolean isLocal(SocketAddress address) {
        return address instanceof DomainSocketAddress
                || address instanceof InetSocketAddress inet
                        && inet.getAddress() != null
                        && inet.getAddress().isLoopbackAddress();
    }

    /// Everything that `channel` receives and sends from now on is TLS. The future is done on its
    /// loop when the handshake is; a failed one leaves the channel to its caller.
    Future<ClientIdentity> secure(Channel channel) {
        Promise<ClientIdentity> secured = channel.eventLoop().newPromise();
        channel.pipeline().addFirst(HANDLER, first(channel, secured));
        return secured;
    }

    private ChannelHandler first(Channel channel, Promise<ClientIdentity> secured) {
        if (certificates != null && keys != null) {
            return new TlsChoice(
                    withKey(keys, secured), withCertificates(certificates, channel, secured));
        }
        if (certificates != null) {
            return withCertificates(certificates, channel, secured).get();
        }
        if (keys != null) {
            return withKey(keys, secured).get();
        }
        throw new IllegalStateException("TLS is not offered");
    }

    private Supplier<ChannelHandler> withKey(
            WatchedFiles<PreSharedKeys> known, Promise<ClientIdentity> secured) {
        return () -> new PskHandler(new PskServer(crypto, known.current()), secured);
    }

    private Supplier<ChannelHandler> withCertificates(
            WatchedFiles<SslContext> shown, Channel channel, Promise<ClientIdentity> secured) {
        return () -> {
            var handler = shown.current().newHandler(channel.alloc());
            handler.setHandshakeTimeoutMillis(0); // the NBD handshake's timeout covers it
            handler.handshakeFuture().addListener(done -> tell(secured, done, handler));
            return handler;
        };
    }

    private void tell(Promise<ClientIdentity> secured, Future<?> done, SslHandler handler) {
        if (!done.isSuccess()) {
            secured.tryFailure(done.cause());
            return;
        }
        try {
            ClientIdentity who = Certificates.identity(handler.engine().getSession());
            if (revoked.test(who.serial())) {
                throw new SSLException("the certificate of " + who.name() + " was revoked");
            }
            secured.trySuccess(who);
        } catch (SSLException e) {
            secured.tryFailure(e);
        }
    }

    /// Why TLS failed, in one line: not all that the client sent instead.
    static String reason(Throwable failure) {
        var cause =
                failure instanceof DecoderException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        String message =
                cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        String why = HandshakeFailure.describe(failure, message);
        return "TLS: " + (why.length() <= WHY_CHARS_MAX ? why : why.substring(0, WHY_CHARS_MAX));
    }
}
