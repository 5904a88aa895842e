package io.coppice.tls;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A cluster's own authority: a key on P-256 in a directory, of which a copy of every certificate
/// that it issued is kept. Needs BouncyCastle, which only whoever issues has on its path. Not
/// thread-safe.
public final class CertificateAuthority {
    /// A leaf is replaced while the cluster runs, so it need not live long.
    public static final Duration LEAF_VALID = Duration.ofDays(825);

    private static final Duration AUTHORITY_VALID = Duration.ofDays(3650);
    private static final Duration CLOCKS_DIFFER = Duration.ofHours(1);
    private static final int KEY_BITS = 256;
    private static final String SIGNATURE = "SHA256withECDSA";
    private static final String CERTIFICATE = "ca.crt";
    private static final String PRIVATE = "ca.key";
    private static final String ISSUED = "issued";

    private final Path dir;
    private final X509Certificate certificate;
    private final PrivateKey key;
    private final SecureRandom random = new SecureRandom();

    /// A certificate that was issued.
    public record Issued(Identity identity, Instant from, Instant until) {}

    private CertificateAuthority(Path dir, X509Certificate certificate, PrivateKey key) {
        this.dir = dir;
        this.certificate = certificate;
        this.key = key;
    }

    /// Whether the directory holds one.
    public static boolean isIn(Path dir) {
        return Files.exists(dir.resolve(CERTIFICATE)) && Files.exists(dir.resolve(PRIVATE));
    }

    /// @param name for people who look at the certificate
    public static CertificateAuthority create(Path dir, String name) throws IOException {
        if (isIn(dir)) {
            throw new IOException(dir + " holds an authority already: choose another directory");
        }
        makePrivate(dir);
        try {
            KeyPair pair = keyPair();
            X500Name subject = subject("Coppice " + name, "ca");
            var builder =
                    builder(
                            subject,
                            serial(new SecureRandom()),
                            AUTHORITY_VALID,
                            subject,
                            pair.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(
                    Extension.keyUsage,
                    true,
                    new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
            X509Certificate made = signed(builder, pair.getPrivate());
            write(dir.resolve(PRIVATE), Pem.text(pair.getPrivate()));
            write(dir.resolve(CERTIFICATE), Pem.text(made));
            return new CertificateAuthority(dir, made, pair.getPrivate());
        } catch (GeneralSecurityException | OperatorCreationException failed) {
            throw new IOException("cannot make an authority: " + failed.getMessage(), failed);
        }
    }

    public static CertificateAuthority open(Path dir) throws IOException {
        if (!isIn(dir)) {
            throw new IOException(
                    dir
                            + " holds no authority (ca.crt and ca.key): make one with 'coppice ca"
                            + " init "
                            + dir
                            + "'");
        }
        return new CertificateAuthority(
                dir,
                Pem.certificates(dir.resolve(CERTIFICATE)).getFirst(),
                Pem.key(dir.resolve(PRIVATE)));
    }

    /// Issues a certificate with a new key into a credentials directory; what it held is replaced.
    ///
    /// @param hosts names and addresses at which it is called; a principal's may have none
    public Issued issue(
            String name, Identity.Kind kind, List<String> hosts, Duration valid, Path to)
            throws IOException {
        makePrivate(to);
        try {
            KeyPair pair = keyPair();
            X509Certificate made = leaf(name, kind, hosts, valid, pair.getPublic());
            Identity identity = Identity.of(made);
            makePrivate(dir.resolve(ISSUED));
            write(dir.resolve(ISSUED).resolve(identity.serial() + ".crt"), Pem.text(made));
            write(to.resolve(Material.AUTHORITY), Files.readString(dir.resolve(CERTIFICATE)));
            write(to.resolve(Material.KEY), Pem.privateKey(pkcs8(pair)));
            write(to.resolve(Material.CHAIN), Pem.text(made));
            return issued(made);
        } catch (GeneralSecurityException | OperatorCreationException failed) {
            throw new IOException("cannot issue a certificate: " + failed.getMessage(), failed);
        }
    }

    /// What it has issued, the newest last.
    public List<Issued> issued() throws IOException {
        Path all = dir.resolve(ISSUED);
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        var found = new ArrayList<Issued>();
        try (var files = Files.list(all)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".crt")).toList()) {
                found.add(issued(Pem.certificates(file).getFirst()));
            }
        } catch (CertificateException wrong) {
            throw new IOException(wrong.getMessage(), wrong);
        }
        found.sort(
                Comparator.comparing(Issued::from).thenComparing(each -> each.identity().name()));
        return found;
    }

    private static Issued issued(X509Certificate made) throws CertificateException {
        return new Issued(
                Identity.of(made), made.getNotBefore().toInstant(), made.getNotAfter().toInstant());
    }

    private X509Certificate leaf(
            String name, Identity.Kind kind, List<String> hosts, Duration valid, PublicKey own)
            throws GeneralSecurityException, IOException, OperatorCreationException {
        X500Name issuer = new JcaX509CertificateHolder(certificate).getSubject();
        var builder = builder(issuer, serial(random), valid, subject(name, kind.unit()), own);
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        builder.addExtension(
                Extension.extendedKeyUsage,
                false,
                new ExtendedKeyUsage(
                        hosts.isEmpty()
                                ? new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth}
                                : new KeyPurposeId[] {
                                    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                                }));
        builder.addExtension(
                Extension.authorityKeyIdentifier,
                false,
                new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate));
        if (!hosts.isEmpty()) {
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(
                            hosts.stream()
                                    .map(CertificateAuthority::alternative)
                                    .toArray(GeneralName[]::new)));
        }
        return signed(builder, key);
    }

    private static GeneralName alternative(String host) {
        boolean address = host.contains(":") || host.matches("[0-9.]+");
        return new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, host);
    }

    private static X509v3CertificateBuilder builder(
            X500Name issuer, BigInteger serial, Duration valid, X500Name subject, PublicKey own) {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(
                issuer,
                serial,
                Date.from(now.minus(CLOCKS_DIFFER)),
                Date.from(now.plus(valid)),
                subject,
                own);
    }

    /// With the public half inside, which the JDK leaves out and GnuTLS, so libnbd and QEMU,
    /// insists on.
    private static byte[] pkcs8(KeyPair pair) throws IOException {
        var own = (java.security.interfaces.ECPrivateKey) pair.getPrivate();
        var open = SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded());
        var whole = new ECPrivateKey(KEY_BITS, own.getS(), open.getPublicKeyData(), null);
        var algorithm = PrivateKeyInfo.getInstance(own.getEncoded()).getPrivateKeyAlgorithm();
        return new PrivateKeyInfo(algorithm, whole).getEncoded();
    }

    private static X509Certificate signed(X509v3CertificateBuilder builder, PrivateKey by)
            throws GeneralSecurityException, OperatorCreationException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(by)));
    }

    private static X500Name subject(String name, String unit) {
        return new X500NameBuilder(BCStyle.INSTANCE)
                .addRDN(BCStyle.OU, unit)
                .addRDN(BCStyle.CN, name)
                .build();
    }

    /// Positive, never small: nobody guesses it, and two are never equal.
    private static BigInteger serial(SecureRandom random) {
        return new BigInteger(95, random).setBit(95);
    }

    private static KeyPair keyPair() throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static void makePrivate(Path dir) throws IOException {
        if (!Files.isDirectory(dir)) {
            Files.createDirectories(
                    dir,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
    }

    /// Whole or not at all, readable by its owner alone.
    private static void write(Path file, String text) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(next);
        Files.createFile(
                next,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(next, text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
