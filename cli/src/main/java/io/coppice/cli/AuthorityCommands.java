package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.tls.CertificateAuthority;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `ca init`
@Command(
        name = "ca",
        description = "The authority that names the members of a cluster.",
        subcommands = AuthorityCommands.Init.class)
final class AuthorityCommands extends Noun {

    @Command(
            name = "init",
            description = {
                "Make an authority for a cluster: a key and a certificate in DIR. Keep it away"
                        + " from",
                "the servers; whoever has its key can be anybody. 'up' makes one by itself."
            })
    static final class Init extends Verb {
        @Parameters(paramLabel = "DIR")
        Path dir = Path.of("ca");

        @Option(
                names = "--name",
                paramLabel = "NAME",
                description = "Of the cluster, for people who look at certificates.")
        String name = "cluster";

        @Override
        ExitCode run() {
            try {
                CertificateAuthority.create(dir, name);
            } catch (IOException failed) {
                throw new CliException(
                        ExitCode.CONFLICT, String.valueOf(failed.getMessage()), failed);
            }
            output().done(
                            Map.of("dir", dir.toString()),
                            () -> "made an authority in " + dir + ": keep ca.key secret");
            return ExitCode.DONE;
        }
    }
}
