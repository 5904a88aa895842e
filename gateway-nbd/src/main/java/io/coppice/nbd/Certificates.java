package io.coppice.nbd;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/// The gateway's certificate and the CA of its clients, in a folder; and what the certificate of a
/// client says.
final class Certificates {
    private static final String CA = "ca.crt";
    private static final String CHAIN = "tls.crt";
    private static final String KEY = "tls.key";

    /// Organisational unit of everybody who is no server of the cluster.
    private static final String PRINCIPAL = "principal";

    private Certificates() {}

    static WatchedFiles<SslContext> watch(Path dir) throws IOException {
        return new WatchedFiles<>(
                List.of(dir.resolve(CA), dir.resolve(CHAIN), dir.resolve(KEY)), () -> read(dir));
    }

    private static SslContext read(Path dir) throws IOException {
        for (String name : List.of(CA, CHAIN, KEY)) {
            if (!Files.isReadable(dir.resolve(name))) {
                throw new IOException(
                        "cannot read "
                                + dir.resolve(name)
                                + ": a folder with certificates holds ca.crt, tls.crt and tls.key");
            }
        }
        try (var ca = Files.newInputStream(dir.resolve(CA));
                var chain = Files.newInputStream(dir.resolve(CHAIN));
                var key = Files.newInputStream(dir.resolve(KEY))) {
            return SslContextBuilder.forServer(chain, key)
                    .trustManager(ca)
                    .clientAuth(ClientAuth.REQUIRE)
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3")
                    .build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new IOException(
                    "cannot use the certificates in " + dir + ": " + e.getMessage(), e);
        }
    }

    /// Who showed its certificate in `session`.
    ///
    /// @throws SSLException when it is nobody who may use NBD
    static ClientIdentity identity(SSLSession session) throws SSLException {
        var certificate = (X509Certificate) session.getPeerCertificates()[0];
        String name = "";
        boolean principal = false;
        try {
            var subject = new LdapName(certificate.getSubjectX500Principal().getName());
            for (var part : subject.getRdns()) {
                if (part.getType().equalsIgnoreCase("CN")) {
                    name = String.valueOf(part.getValue());
                } else if (part.getType().equalsIgnoreCase("OU")) {
                    principal |= part.getValue().equals(PRINCIPAL);
                }
            }
        } catch (InvalidNameException e) {
            throw new SSLException("the certificate's subject cannot be read", e);
        }
        if (name.isEmpty() || !principal) {
            throw new SSLPeerUnverifiedException(
                    "the certificate of '"
                            + certificate.getSubjectX500Principal().getName()
                            + "' is not one of a principal");
        }
        try {
            certificate.checkValidity(); // a session that is resumed was judged when it began
        } catch (CertificateException over) {
            throw new SSLException("the certificate of " + name + " is not valid now", over);
        }
        return ClientIdentity.certified(name, certificate.getSerialNumber().toString(16));
    }
}
