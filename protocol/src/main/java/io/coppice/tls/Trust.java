package io.coppice.tls;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Whom this process believes: the JDK's judgement by the cluster's authority, then what the
/// certificate is for, then whether it was revoked. The JDK's part also compares the address that
/// was called with those of the certificate, where the engine asks for it, unless the authority has
/// issued the certificate for any address. Older TLS than 1.3 is not spoken.
final class Trust extends X509ExtendedTrustManager {
    private static final String PROTOCOL = "TLSv1.3";

    /// The tag of a DNS name among a certificate's alternative names.
    private static final Integer DNS_NAME = 2;

    private final Credentials credentials;
    private final boolean serversOnly;

    Trust(Credentials credentials, boolean serversOnly) {
        this.credentials = credentials;
        this.serversOnly = serversOnly;
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        admit(
                chain,
                from(engine),
                () -> {
                    requireNewest(engine.getHandshakeSession());
                    credentials.current().trust().checkClientTrusted(chain, type, engine);
                });
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        requireNewest(engine.getHandshakeSession());
        if (isForAnyAddress(chain[0])) {
            credentials.current().trust().checkServerTrusted(chain, type);
        } else {
            credentials.current().trust().checkServerTrusted(chain, type, engine);
        }
        require(chain, true);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        admit(
                chain,
                "",
                () -> credentials.current().trust().checkClientTrusted(chain, type, socket));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        credentials.current().trust().checkServerTrusted(chain, type, socket);
        require(chain, true);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        admit(chain, "", () -> credentials.current().trust().checkClientTrusted(chain, type));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        credentials.current().trust().checkServerTrusted(chain, type);
        require(chain, true);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return credentials.authorities();
    }

    private interface Judgement {
        void pass() throws CertificateException;
    }

    /// Lets a client in, or tells that it was turned away. What a certificate says is only told as
    /// a name when the cluster's authority has said it.
    private void admit(X509Certificate[] chain, String from, Judgement judgement)
            throws CertificateException {
        boolean issued = false;
        try {
            judgement.pass();
            issued = true;
            require(chain, serversOnly);
        } catch (CertificateException stranger) {
            String why = String.valueOf(stranger.getMessage());
            if (issued) {
                credentials.refused(name(chain[0]), from, why);
            } else {
                String says = chain[0].getSubjectX500Principal().getName();
                credentials.refused("", from, "a certificate of '" + says + "': " + why);
            }
            throw stranger;
        }
    }

    private static String name(X509Certificate certificate) {
        try {
            return Identity.of(certificate).name();
        } catch (CertificateException nobody) {
            return "";
        }
    }

    /// Empty where whoever made the engine does not say: gRPC does not.
    private static String from(SSLEngine engine) {
        String host = engine.getPeerHost();
        return host == null ? "" : host + ":" + engine.getPeerPort();
    }

    private static void requireNewest(@Nullable SSLSession session) throws CertificateException {
        if (session != null && !session.getProtocol().equals(PROTOCOL)) {
            throw new CertificateException(
                    "it speaks " + session.getProtocol() + ", and only " + PROTOCOL + " is spoken");
        }
    }

    /// Where addresses change with each start nobody can put them into a certificate.
    private static boolean isForAnyAddress(X509Certificate certificate)
            throws CertificateException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        return names != null && names.contains(List.of(DNS_NAME, Identity.ANY_HOST));
    }

    private void require(X509Certificate[] chain, boolean server) throws CertificateException {
        Identity who = Identity.of(chain[0]);
        if (server && who.kind() != Identity.Kind.SERVER) {
            throw new CertificateException(who + " is no server of the cluster");
        }
        if (credentials.isRevoked(who)) {
            throw new CertificateException(
                    "the certificate of " + who + ", serial " + who.serial() + ", was revoked");
        }
    }
}
