package io.coppice.tls;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Locale;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;

/// Whom a certificate names.
///
/// @param serial the certificate's serial number in lower-case hexadecimal digits: what is revoked
public record Identity(String name, Kind kind, String serial) {
    /// In place of the names and addresses of a server: it may have any.
    public static final String ANY_HOST = "any";

    /// What a certificate may be used for.
    public enum Kind {
        /// A metadata server or a storage node: trusted with the cluster's own work.
        SERVER,
        /// A person, a service account or a gateway: may do what the quorum grants to its name.
        PRINCIPAL;

        /// As it stands in the certificate's `OU`.
        String unit() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// @throws CertificateException it is not one that this cluster's authority issues
    public static Identity of(X509Certificate certificate) throws CertificateException {
        String subject = certificate.getSubjectX500Principal().getName();
        String name = part(subject, "CN");
        String unit = part(subject, "OU");
        if (name == null || name.isEmpty()) {
            throw new CertificateException("the certificate of '" + subject + "' names nobody");
        }
        for (Kind kind : Kind.values()) {
            if (kind.unit().equals(unit)) {
                return new Identity(name, kind, serial(certificate));
            }
        }
        throw new CertificateException(
                "the certificate of '"
                        + subject
                        + "' says neither OU=server nor OU=principal: issue it with 'coppice cert"
                        + " issue'");
    }

    static String serial(X509Certificate certificate) {
        return certificate.getSerialNumber().toString(16);
    }

    private static @Nullable String part(String subject, String type) throws CertificateException {
        try {
            for (Rdn part : new LdapName(subject).getRdns()) {
                if (part.getType().equalsIgnoreCase(type)) {
                    return String.valueOf(part.getValue());
                }
            }
            return null;
        } catch (InvalidNameException wrong) {
            throw new CertificateException("no name: '" + subject + "'", wrong);
        }
    }

    /// For people: `admin (principal)`.
    @Override
    public String toString() {
        return name + " (" + kind.unit() + ")";
    }
}
