package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.Layout;
import io.coppice.directory.ControlException;
import io.coppice.model.Names;
import io.coppice.tls.CertificateAuthority;
import io.coppice.tls.CertificateAuthority.Issued;
import io.coppice.tls.Identity.Kind;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListRevocations;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RevokeCertificate;
import io.coppice.wire.pb.RevokedCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `cert ...`
@Command(
        name = "cert",
        description = "Certificates: who somebody is to the cluster.",
        subcommands = {
            CertificateCommands.Issue.class,
            CertificateCommands.Revoke.class,
            CertificateCommands.Ls.class
        })
final class CertificateCommands extends Noun {
    /// What the verbs share: where the authority is.
    abstract static class WithAuthority extends Verb {
        @Option(
                names = "--ca",
                paramLabel = "DIR",
                description = "The authority; default: that of the cluster of .coppice/ here.")
        @Nullable Path ca;

        /// Empty: there is none here.
        final Optional<CertificateAuthority> authority() {
            Path here = Layout.of(Path.of(".coppice")).tls(Layout.AUTHORITY);
            if (ca == null && !CertificateAuthority.isIn(here)) {
                return Optional.empty();
            }
            try {
                return Optional.of(CertificateAuthority.open(ca != null ? ca : here));
            } catch (IOException failed) {
                throw failed(failed);
            }
        }

        final List<Issued> issued() {
            Optional<CertificateAuthority> authority = authority();
            try {
                return authority.isEmpty() ? List.of() : authority.get().issued();
            } catch (IOException failed) {
                throw failed(failed);
            }
        }

        static CliException failed(IOException failed) {
            return new CliException(ExitCode.FAILED, String.valueOf(failed.getMessage()), failed);
        }
    }

    @Command(
            name = "issue",
            description = {
                "Issue a certificate with a new key into a directory: ca.crt, tls.crt, tls.key.",
                "What the directory held is replaced; servers notice it and go on with the new"
                        + " one.",
                "A server's name is its id (metadata) or node name; --host says how it is called."
            })
    static final class Issue extends WithAuthority {
        private static final int DAYS_MAX = 3650;

        @Parameters(paramLabel = "NAME")
        String name = "";

        @Option(
                names = "--to",
                paramLabel = "DIR",
                required = true,
                description = "The credentials directory.")
        Path to = Path.of("");

        @Option(
                names = "--server",
                description = "For a metadata server or a storage node; else for a principal.")
        boolean server;

        @Option(
                names = "--host",
                paramLabel = "H",
                description =
                        "Name or address at which it is called; may be repeated. 'any': its address"
                                + " changes, and is not looked at.")
        List<String> hosts = List.of();

        @Option(names = "--days", paramLabel = "N", description = "How long it is valid (825).")
        int days = (int) CertificateAuthority.LEAF_VALID.toDays();

        @Override
        ExitCode run() {
            require(Names.isValid(name), Names.rule("certificate", name));
            require(days >= 1 && days <= DAYS_MAX, "--days must be 1 to " + DAYS_MAX);
            require(
                    !server || !hosts.isEmpty(),
                    "a server is called by somebody: say how with --host, once for each name and"
                            + " address");
            CertificateAuthority authority =
                    authority()
                            .orElseThrow(() ->
                                    new CliException(
                                            ExitCode.USAGE,
                                            "there is no authority here: name one with --ca, or"
                                                    + " make one with 'coppice ca init DIR'"));
            Issued made;
            try {
                made =
                        authority.issue(
                                name,
                                server ? Kind.SERVER : Kind.PRINCIPAL,
                                hosts,
                                Duration.ofDays(days),
                                to);
            } catch (IOException failed) {
                throw failed(failed);
            } catch (IllegalArgumentException wrong) {
                throw new CliException(
                        ExitCode.USAGE, "invalid --host: " + wrong.getMessage(), wrong);
            }
            output().done(
                            view(made, "valid"),
                            () ->
                                    "issued a certificate to "
                                            + made.identity()
                                            + " in "
                                            + to
                                            + ", serial "
                                            + made.identity().serial()
                                            + ", valid until "
                                            + Times.show(made.until().toEpochMilli()));
            return ExitCode.DONE;
        }

        private static void require(boolean holds, String rule) {
            if (!holds) {
                throw new CliException(ExitCode.USAGE, rule);
            }
        }
    }

    @Command(
            name = "revoke",
            description = {
                "Refuse a certificate from now on, everywhere: by serial number, or all that were",
                "issued to a name. Connections of whoever has it end."
            })
    static final class Revoke extends WithAuthority {
        @Parameters(paramLabel = "NAME|SERIAL")
        String which = "";

        @Override
        ExitCode run() throws ControlException {
            long now = System.currentTimeMillis();
            List<RevokeCertificate> found = new ArrayList<>();
            for (Issued each : issued()) {
                boolean meant =
                        each.identity().serial().equals(which)
                                || each.identity().name().equals(which);
                if (meant && each.until().toEpochMilli() > now) {
                    found.add(
                            RevokeCertificate.newBuilder()
                                    .setSerial(each.identity().serial())
                                    .setName(each.identity().name())
                                    .setUntilMillis(each.until().toEpochMilli())
                                    .build());
                }
            }
            if (found.isEmpty() && which.matches("[0-9a-f]{20,64}")) {
                found.add(RevokeCertificate.newBuilder().setSerial(which).build());
            }
            if (found.isEmpty()) {
                throw new CliException(
                        ExitCode.NOT_FOUND,
                        "no valid certificate of '"
                                + which
                                + "' is known here: name the authority with --ca, or the serial"
                                + " number that 'cert ls' shows");
            }
            for (RevokeCertificate each : found) {
                execute(ExecuteRequest.newBuilder().setRevokeCertificate(each));
            }
            List<String> serials = found.stream().map(RevokeCertificate::getSerial).toList();
            output().done(
                            Map.of("revoked", serials),
                            () -> "revoked " + String.join(", ", serials));
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "ls",
            description = "List the certificates that the authority issued, and those revoked.")
    static final class Ls extends WithAuthority {
        @Override
        ExitCode run() throws ControlException {
            Map<String, RevokedCertificate> revoked = revoked();
            long now = System.currentTimeMillis();
            List<Map<String, Object>> views = new ArrayList<>();
            Table table = new Table("SERIAL", "NAME", "KIND", "VALID UNTIL", "STATE");
            for (Issued each : issued()) {
                String serial = each.identity().serial();
                String state =
                        revoked.remove(serial) != null
                                ? "revoked"
                                : each.until().toEpochMilli() < now ? "expired" : "valid";
                views.add(view(each, state));
                table.row(
                        serial,
                        each.identity().name(),
                        kind(each),
                        Times.show(each.until().toEpochMilli()),
                        state);
            }
            for (RevokedCertificate other : revoked.values()) {
                Map<String, Object> view = new LinkedHashMap<>();
                view.put("serial", other.getSerial());
                view.put("name", other.getName());
                view.put("kind", "");
                view.put("until", other.getUntilMillis());
                view.put("state", "revoked");
                views.add(view);
                table.row(
                        other.getSerial(),
                        other.getName().isEmpty() ? "-" : other.getName(),
                        "-",
                        Times.show(other.getUntilMillis()),
                        "revoked");
            }
            output().print(views, table::toString);
            return ExitCode.DONE;
        }

        /// Before there is a cluster its authority can be looked at all the same.
        private Map<String, RevokedCertificate> revoked() throws ControlException {
            Map<String, RevokedCertificate> revoked = new LinkedHashMap<>();
            try {
                query(
                                QueryRequest.newBuilder()
                                        .setListRevocations(ListRevocations.getDefaultInstance()))
                        .getRevokedList()
                        .forEach(it -> revoked.put(it.getSerial(), it));
            } catch (CliException noCluster) {
                if (authority().isEmpty()) {
                    throw noCluster;
                }
                output().remark(
                                "coppice: no cluster was asked, so it is not known which of them"
                                        + " are revoked");
            }
            return revoked;
        }
    }

    private static String kind(Issued issued) {
        return issued.identity().kind().name().toLowerCase(java.util.Locale.ROOT);
    }

    private static Map<String, Object> view(Issued issued, String state) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("serial", issued.identity().serial());
        view.put("name", issued.identity().name());
        view.put("kind", kind(issued));
        view.put("until", issued.until().toString());
        view.put("state", state);
        return view;
    }
}
