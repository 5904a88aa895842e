package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.cli.local.ServerKind;
import io.coppice.cli.local.ServerProcess;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `server KIND --config FILE`: one server in this process, until it is told to stop.
@Command(
        name = "server",
        description = "Run one server in this process, as its configuration says.",
        subcommands = {
            ServerCommands.Metadata.class,
            ServerCommands.Node.class,
            ServerCommands.Gateway.class
        })
final class ServerCommands extends Noun {

    abstract static class Server extends Verb {
        @Option(
                names = "--name",
                paramLabel = "NAME",
                description = "Name of its log and pid file (its kind).")
        @Nullable String name;

        @Option(
                names = "--dir",
                paramLabel = "D",
                description = "A cluster's directory: log and pid file go there.")
        @Nullable Path dir;

        abstract ServerKind kind();

        @Override
        final ExitCode run() throws Exception {
            String called = name != null ? name : kind().name().toLowerCase(java.util.Locale.ROOT);
            ServerProcess.run(kind(), called, main().configFile(), Optional.ofNullable(dir));
            return ExitCode.DONE;
        }
    }

    @Command(name = "metadata", description = "A metadata server.")
    static final class Metadata extends Server {
        @Override
        ServerKind kind() {
            return ServerKind.METADATA;
        }
    }

    @Command(name = "node", description = "A storage node.")
    static final class Node extends Server {
        @Override
        ServerKind kind() {
            return ServerKind.NODE;
        }
    }

    @Command(name = "gateway", description = "An NBD gateway.")
    static final class Gateway extends Server {
        @Override
        ServerKind kind() {
            return ServerKind.GATEWAY;
        }
    }
}
