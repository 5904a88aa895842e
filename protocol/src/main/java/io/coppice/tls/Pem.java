package io.coppice.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// Certificates and keys as text. What is wrong with a file is told in one line that names it.
final class Pem {
    private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String KEY_END = "-----END PRIVATE KEY-----";
    private static final List<String> ALGORITHMS = List.of("EC", "RSA", "EdDSA");

    private Pem() {}

    static List<X509Certificate> certificates(Path file) throws IOException {
        byte[] text = read(file);
        var found = new ArrayList<X509Certificate>();
        try {
            var factory = CertificateFactory.getInstance("X.509");
            for (var one : factory.generateCertificates(new ByteArrayInputStream(text))) {
                found.add((X509Certificate) one);
            }
        } catch (CertificateException wrong) {
            throw new IOException(file + " holds no certificate in PEM", wrong);
        }
        if (found.isEmpty()) {
            throw new IOException(file + " holds no certificate in PEM");
        }
        return List.copyOf(found);
    }

    static PrivateKey key(Path file) throws IOException {
        String text = new String(read(file), StandardCharsets.US_ASCII);
        int begin = text.indexOf(KEY_BEGIN);
        int end = text.indexOf(KEY_END);
        if (begin < 0 || end < begin) {
            throw new IOException(
                    file + " holds no PKCS#8 key: convert it with 'openssl pkcs8 -topk8 -nocrypt'");
        }
        PKCS8EncodedKeySpec spec;
        try {
            spec =
                    new PKCS8EncodedKeySpec(
                            Base64.getMimeDecoder()
                                    .decode(text.substring(begin + KEY_BEGIN.length(), end)));
        } catch (IllegalArgumentException wrong) {
            throw new IOException(file + " is damaged", wrong);
        }
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (GeneralSecurityException other) {
                // The key is of another algorithm; the last one tells.
            }
        }
        throw new IOException(file + " holds a key of an unknown kind: use EC, RSA or Ed25519");
    }

    static String text(X509Certificate certificate) {
        try {
            return armoured("CERTIFICATE", certificate.getEncoded());
        } catch (CertificateEncodingException impossible) {
            throw new IllegalStateException("a certificate without bytes", impossible);
        }
    }

    static String text(PrivateKey key) {
        return privateKey(key.getEncoded());
    }

    static String privateKey(byte[] pkcs8) {
        return armoured("PRIVATE KEY", pkcs8);
    }

    private static String armoured(String what, byte[] bytes) {
        return "-----BEGIN "
                + what
                + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
                + "\n-----END "
                + what
                + "-----\n";
    }

    private static byte[] read(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException missing) {
            throw new IOException(file + " does not exist", missing);
        } catch (IOException unreadable) {
            throw new IOException(
                    "cannot read " + file + ": " + unreadable.getClass().getSimpleName(),
                    unreadable);
        }
    }
}
