package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.tls.Identity;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// Notes who calls: whom the certificate names, or, in a cluster without any, the name that the
/// caller gives itself; and its address. Whose certificate was revoked gets no further.
final class Callers implements ServerInterceptor {
    private static final Context.Key<Caller> CALLER = Context.key("caller");
    private static final Context.Key<Identity> PEER = Context.key("peer");
    private static final Metadata.Key<String> USER =
            Metadata.Key.of("coppice-user", Metadata.ASCII_STRING_MARSHALLER);

    private final Predicate<Identity> revoked;
    private final BiConsumer<Caller, String> refused;

    /// @param refused told who gets no further, and why
    Callers(Predicate<Identity> revoked, BiConsumer<Caller, String> refused) {
        this.revoked = revoked;
        this.refused = refused;
    }

    static Caller caller() {
        Caller caller = CALLER.get();
        return caller == null ? Caller.said("unknown") : caller;
    }

    /// Whom the certificate of the present caller names; null: the cluster has none.
    static @Nullable Identity peer() {
        return PEER.get();
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        SSLSession tls = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        Identity peer = null;
        if (tls != null) {
            try {
                peer = Identity.of((X509Certificate) tls.getPeerCertificates()[0]);
            } catch (CertificateException | SSLPeerUnverifiedException stranger) {
                return refuse(call, String.valueOf(stranger.getMessage()));
            }
        }
        String user = peer != null ? peer.name() : headers.get(USER);
        Object address = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        var caller =
                new Caller(
                        user == null ? "anonymous" : user,
                        String.valueOf(address).replace("/", ""),
                        peer != null && peer.kind() == Identity.Kind.PRINCIPAL);
        if (peer != null && revoked.test(peer)) {
            String why = "the certificate of " + peer + " was revoked";
            refused.accept(caller, why);
            return refuse(call, why);
        }
        Context context = Context.current().withValue(CALLER, caller).withValue(PEER, peer);
        return Contexts.interceptCall(context, call, headers, next);
    }

    private static <Q, R> ServerCall.Listener<Q> refuse(ServerCall<Q, R> call, String why) {
        call.close(Status.UNAUTHENTICATED.withDescription(why), new Metadata());
        return new ServerCall.Listener<>() {};
    }
}
