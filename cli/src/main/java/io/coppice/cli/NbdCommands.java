package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.Gateway;
import io.coppice.cli.local.Logs;
import io.coppice.cli.local.ServerProcess;
import io.coppice.nbd.NbdTlsConfig;
import io.coppice.wire.pb.OpenSource;
import io.coppice.wire.pb.QueryRequest;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `nbd serve`
@Command(
        name = "nbd",
        description = "Serve volumes over NBD.",
        subcommands = NbdCommands.Serve.class)
final class NbdCommands extends Noun {

    @Command(
            name = "serve",
            description = "Run an NBD gateway until Ctrl-C; exports are named as volumes.")
    static final class Serve extends Verb {
        @Option(
                names = "--listen",
                paramLabel = "HOST:PORT|unix:PATH",
                description = "Where to listen (127.0.0.1:10809); may be repeated.")
        List<String> listen = List.of("127.0.0.1:10809");

        @Option(
                names = "--tls",
                paramLabel = "DIR",
                description =
                        "Offer TLS with the certificates in DIR (ca.crt, tls.crt, tls.key); clients"
                                + " show one of the same CA.")
        @Nullable Path tls;

        @Option(
                names = "--tls-psk",
                paramLabel = "FILE",
                description = "Offer TLS with pre-shared keys: USER:KEY, one a line.")
        @Nullable Path tlsPsk;

        @Option(
                names = "--tls-required",
                description = "Demand TLS on loopback and unix sockets too.")
        boolean tlsRequired;

        @Option(
                names = "--insecure",
                description = "Serve without TLS where other machines can connect.")
        boolean insecure;

        @Parameters(
                paramLabel = "NAME",
                arity = "0..*",
                description = "Only these volumes (and their snapshots).")
        List<String> names = List.of();

        @Override
        ExitCode run() throws Exception {
            for (SourceName source : names.stream().map(SourceName::parse).toList()) {
                // A name that is not there is a mistake of the caller, better told now than to each
                // client.
                query(
                        QueryRequest.newBuilder()
                                .setOpenSource(
                                        OpenSource.newBuilder().setSource(source.toProto())));
            }
            Logs.toConsole();
            Gateway gateway;
            try {
                gateway =
                        Gateway.start(
                                listen,
                                main().endpoints(),
                                names,
                                main().credentials(),
                                main().keys().dir(),
                                tls());
            } catch (IllegalArgumentException wrong) {
                throw new CliException(ExitCode.USAGE, Failures.describe(wrong), wrong);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "stop"));
            Map<String, Object> view = new LinkedHashMap<>();
            view.put("listen", gateway.addresses());
            view.put("exports", names);
            output().done(view, () -> "serving on " + String.join(", ", gateway.addresses()));
            ServerProcess.waitForever();
            return ExitCode.DONE;
        }

        private NbdTlsConfig tls() {
            return new NbdTlsConfig(
                    Optional.ofNullable(tls), Optional.ofNullable(tlsPsk), tlsRequired, insecure);
        }
    }
}
