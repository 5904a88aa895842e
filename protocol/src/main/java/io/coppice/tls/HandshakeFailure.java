package io.coppice.tls;

import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.List;
import javax.net.ssl.SSLException;

/// Why a TLS handshake failed, for people and for the audit log.
public final class HandshakeFailure {
    /// What BoringSSL and the JDK say of it.
    private static final List<String> NO_CERTIFICATE =
            List.of("PEER_DID_NOT_RETURN_A_CERTIFICATE", "Empty client certificate chain");

    private HandshakeFailure() {}

    /// The innermost reason that has words, in one line.
    ///
    /// @param otherwise when none has
    public static String describe(Throwable cause, String otherwise) {
        String told = otherwise;
        for (Throwable next = cause; next != null; next = next.getCause()) {
            // By name: gRPC and Ratis bring a Netty of their own each.
            if (next.getClass().getSimpleName().equals("NotSslRecordException")) {
                return "the other end speaks no TLS";
            }
            if (next instanceof CertificateExpiredException) {
                return "the certificate has expired (" + next.getMessage() + ")";
            }
            if (next instanceof SSLException || next instanceof CertificateException) {
                String message = next.getMessage();
                told = message == null || message.isBlank() ? told : message;
            }
        }
        return NO_CERTIFICATE.stream().anyMatch(told::contains)
                ? "the other end showed no certificate"
                : told.lines().findFirst().orElse(told);
    }

    /// Whether a certificate was judged: [Credentials#trust] tells of these itself.
    public static boolean isOfCertificates(Throwable cause) {
        for (Throwable next = cause; next != null; next = next.getCause()) {
            if (next instanceof CertificateException) {
                return true;
            }
        }
        return false;
    }
}
