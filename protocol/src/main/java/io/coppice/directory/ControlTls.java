package io.coppice.directory;

import io.coppice.tls.Credentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// TLS 1.3 of the control plane, with certificates on both ends.
public final class ControlTls {
    private static final String PROTOCOL = "TLSv1.3";

    private ControlTls() {}

    /// Of a metadata server.
    public static SslContext serving(Credentials credentials) {
        try {
            return GrpcSslContexts.configure(SslContextBuilder.forServer(credentials.keys()))
                    .protocols(PROTOCOL)
                    .trustManager(credentials.trust())
                    .clientAuth(ClientAuth.REQUIRE)
                    .build();
        } catch (SSLException unusable) {
            throw unusable(unusable);
        }
    }

    /// Of whoever calls one; null: calls are in the clear.
    public static @Nullable SslContext calling(@Nullable Credentials credentials) {
        if (credentials == null) {
            return null;
        }
        try {
            return GrpcSslContexts.configure(SslContextBuilder.forClient())
                    .protocols(PROTOCOL)
                    .keyManager(credentials.keys())
                    .trustManager(credentials.trust())
                    .build();
        } catch (SSLException unusable) {
            throw unusable(unusable);
        }
    }

    /// @param tls of [#calling]
    public static NettyChannelBuilder channel(String address, @Nullable SslContext tls) {
        var builder = NettyChannelBuilder.forTarget("dns:///" + address);
        return tls == null ? builder.usePlaintext() : builder.sslContext(tls);
    }

    private static IllegalStateException unusable(SSLException why) {
        return new IllegalStateException("TLS cannot be used here: " + why.getMessage(), why);
    }

    /// Why certificates ended a connection, for people; null: they did not.
    static @Nullable String refusal(Throwable error) {
        String found = null;
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SSLException || cause instanceof CertificateException) {
                String message = cause.getMessage();
                found = message != null ? message : found == null ? "no TLS" : found;
            }
        }
        return found == null ? null : "TLS: " + found.lines().findFirst().orElse(found);
    }
}
