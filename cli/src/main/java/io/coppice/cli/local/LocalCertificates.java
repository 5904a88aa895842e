package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.tls.CertificateAuthority;
import io.coppice.tls.Credentials;
import io.coppice.tls.Identity.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// `D/tls`: the authority of a one-machine cluster and the credentials of its servers and of its
/// administrator. What is missing or ends soon is issued anew at each start, while others run.
final class LocalCertificates {
    private static final List<String> HOSTS = List.of("localhost", "127.0.0.1", "::1");
    private static final List<String> NOWHERE = List.of();

    private final Layout layout;
    private final CertificateAuthority authority;

    private LocalCertificates(Layout layout, CertificateAuthority authority) {
        this.layout = layout;
        this.authority = authority;
    }

    static void issueMissing(Layout layout, ClusterPlan plan) {
        Path ca = layout.tls(Layout.AUTHORITY);
        try {
            var authority =
                    CertificateAuthority.isIn(ca)
                            ? CertificateAuthority.open(ca)
                            : CertificateAuthority.create(ca, plan.cluster());
            new LocalCertificates(layout, authority).issueMissing(plan);
        } catch (IOException failed) {
            throw new CliException(
                    ExitCode.FAILED, "cannot issue certificates: " + failed.getMessage(), failed);
        }
    }

    private void issueMissing(ClusterPlan plan) throws IOException {
        for (ServerSpec server : plan.servers()) {
            if (server.kind() == ServerKind.GATEWAY) {
                issueMissing(server.name(), Layout.GATEWAY, Kind.PRINCIPAL, HOSTS);
            } else {
                issueMissing(server.name(), server.name(), Kind.SERVER, HOSTS);
            }
        }
        issueMissing(Layout.ADMIN, Layout.ADMIN, Kind.PRINCIPAL, NOWHERE);
    }

    private void issueMissing(String folder, String name, Kind kind, List<String> hosts)
            throws IOException {
        Path to = layout.tls(folder);
        if (!isGood(to)) {
            authority.issue(name, kind, hosts, CertificateAuthority.LEAF_VALID, to);
        }
    }

    /// Not in the last third of its life.
    private static boolean isGood(Path dir) {
        if (!Files.isDirectory(dir)) {
            return false;
        }
        try {
            long left = Credentials.load(dir).expiresMillis() - System.currentTimeMillis();
            return left > CertificateAuthority.LEAF_VALID.toMillis() / 3;
        } catch (IOException incomplete) {
            return false;
        }
    }
}
