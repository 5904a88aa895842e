package io.coppice.nbd;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A CA of a test, and what it issues: folders for the gateway, and for libnbd and qemu.
final class TestAuthority {
    private static final Duration LIFE = Duration.ofHours(1);
    private static final X500Name NAME = new X500Name("CN=test authority");

    private final KeyPair pair = newPair();
    private final X509Certificate certificate;
    private int serial = 16;

    TestAuthority() {
        certificate = sign(NAME, pair, Instant.now().plus(LIFE), true);
    }

    /// Certificates of `CN=name, OU=unit` in `dir`, under the names that the gateway and that
    /// libnbd and qemu look for.
    Path issue(Path dir, String name, String unit) throws IOException {
        return issue(dir, name, unit, Instant.now().plus(LIFE));
    }

    Path issue(Path dir, String name, String unit, Instant end) throws IOException {
        var own = newPair();
        var issued = sign(new X500Name("CN=" + name + ", OU=" + unit), own, end, false);
        Files.createDirectories(dir);
        try {
            String ca = pem("CERTIFICATE", certificate.getEncoded());
            String chain = pem("CERTIFICATE", issued.getEncoded());
            String key = pem("PRIVATE KEY", pkcs8(own));
            Files.writeString(dir.resolve("ca.crt"), ca);
            Files.writeString(dir.resolve("ca-cert.pem"), ca);
            Files.writeString(dir.resolve("tls.crt"), chain);
            Files.writeString(dir.resolve("client-cert.pem"), chain);
            Files.writeString(dir.resolve("client-key.pem"), key);
            Files.writeString(dir.resolve("tls.key"), key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        return dir;
    }

    /// For a Java client that shows a certificate of `CN=name, OU=unit`.
    SSLContext client(String name, String unit) {
        try {
            var own = newPair();
            var end = Instant.now().plus(LIFE);
            var issued = sign(new X500Name("CN=" + name + ", OU=" + unit), own, end, false);
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("ca", certificate);
            store.setKeyEntry(
                    "own",
                    own.getPrivate(),
                    new char[0],
                    new X509Certificate[] {issued, certificate});
            var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, new char[0]);
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            var context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private X509Certificate sign(X500Name subject, KeyPair own, Instant end, boolean authority) {
        try {
            var builder =
                    new JcaX509v3CertificateBuilder(
                            NAME,
                            BigInteger.valueOf(serial++),
                            Date.from(end.minus(LIFE.multipliedBy(2))),
                            Date.from(end),
                            subject,
                            own.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            if (!authority) {
                builder.addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(
                                new GeneralName[] {
                                    new GeneralName(GeneralName.dNSName, "localhost"),
                                    new GeneralName(GeneralName.iPAddress, "127.0.0.1")
                                }));
            }
            var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate());
            return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyPair newPair() {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// With the public half inside, which the JDK leaves out and GnuTLS insists on.
    private static byte[] pkcs8(KeyPair pair) throws IOException {
        var info = PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded());
        var open = SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded());
        var whole =
                new ECPrivateKey(
                        256,
                        ((java.security.interfaces.ECPrivateKey) pair.getPrivate()).getS(),
                        open.getPublicKeyData(),
                        null);
        return new PrivateKeyInfo(info.getPrivateKeyAlgorithm(), whole).getEncoded();
    }

    private static String pem(String type, byte[] bytes) {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + type + "-----\n" + text + "\n-----END " + type + "-----\n";
    }
}
