package io.coppice.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/// What a credentials directory held at one moment; immutable.
///
/// @param alias names this reading, so that a handshake takes chain and key of the same one
/// @param authorities whose certificates are believed: several while an authority is replaced
/// @param trust the JDK's own judgement by these authorities
record Material(
        String alias,
        List<X509Certificate> chain,
        PrivateKey key,
        List<X509Certificate> authorities,
        X509ExtendedTrustManager trust,
        Identity identity) {
    static final String AUTHORITY = "ca.crt";
    static final String CHAIN = "tls.crt";
    static final String KEY = "tls.key";

    /// Times and sizes of the files: differs when any of them was replaced.
    static List<Long> stamp(Path dir) throws IOException {
        var stamp = new ArrayList<Long>();
        for (String name : List.of(AUTHORITY, CHAIN, KEY)) {
            Path file = dir.resolve(name);
            try {
                stamp.add(Files.getLastModifiedTime(file).toMillis());
                stamp.add(Files.size(file));
            } catch (NoSuchFileException missing) {
                throw new IOException(file + " does not exist", missing);
            }
        }
        return stamp;
    }

    static Material read(Path dir, String alias) throws IOException {
        List<X509Certificate> authorities = Pem.certificates(dir.resolve(AUTHORITY));
        List<X509Certificate> chain = Pem.certificates(dir.resolve(CHAIN));
        PrivateKey key = Pem.key(dir.resolve(KEY));
        X509Certificate own = chain.getFirst();
        if (!belong(own, key)) {
            throw new IOException(
                    dir.resolve(KEY) + " is not the key of the certificate in " + CHAIN);
        }
        try {
            return new Material(
                    alias, chain, key, authorities, trust(authorities), Identity.of(own));
        } catch (CertificateException wrong) {
            throw new IOException(dir.resolve(CHAIN) + ": " + wrong.getMessage(), wrong);
        } catch (GeneralSecurityException wrong) {
            throw new IOException(
                    dir.resolve(AUTHORITY) + " cannot be used: " + wrong.getMessage(), wrong);
        }
    }

    /// Files are replaced one after the other: between two of them they do not belong together.
    private static boolean belong(X509Certificate certificate, PrivateKey key) {
        String algorithm =
                switch (key.getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "RSA" -> "SHA256withRSA";
                    default -> "Ed25519";
                };
        try {
            byte[] word = {1, 2, 3};
            Signature signing = Signature.getInstance(algorithm);
            signing.initSign(key);
            signing.update(word);
            byte[] signed = signing.sign();
            Signature verifying = Signature.getInstance(algorithm);
            verifying.initVerify(certificate.getPublicKey());
            verifying.update(word);
            return verifying.verify(signed);
        } catch (GeneralSecurityException other) {
            return false;
        }
    }

    private static X509ExtendedTrustManager trust(List<X509Certificate> authorities)
            throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        for (int i = 0; i < authorities.size(); i++) {
            store.setCertificateEntry("ca-" + i, authorities.get(i));
        }
        var factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        for (TrustManager made : factory.getTrustManagers()) {
            if (made instanceof X509ExtendedTrustManager extended) {
                return extended;
            }
        }
        throw new GeneralSecurityException("this Java judges no certificates");
    }
}
