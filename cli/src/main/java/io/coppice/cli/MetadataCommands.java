package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.AddMetadataServer;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListMetadataServers;
import io.coppice.wire.pb.MetadataServerInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RemoveMetadataServer;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `metadata ...`
@Command(
        name = "metadata",
        description = "See and change who is in the metadata quorum.",
        subcommands = {
            MetadataCommands.Ls.class,
            MetadataCommands.Add.class,
            MetadataCommands.Remove.class
        })
final class MetadataCommands extends Noun {

    @Command(name = "ls", description = "List metadata servers.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<MetadataServerInfo> servers =
                    query(
                                    QueryRequest.newBuilder()
                                            .setListMetadataServers(
                                                    ListMetadataServers.getDefaultInstance()))
                            .getMetadataQuorum()
                            .getServersList();
            output().print(
                            Views.each(servers, Views::metadataServer),
                            () -> {
                                Table table =
                                        new Table(
                                                "ID",
                                                "ROLE",
                                                "STATE",
                                                "RAFT",
                                                "CONTROL",
                                                "LOG INDEX",
                                                "SILENT");
                                servers.forEach(server ->
                                        table.row(
                                                server.getId(),
                                                server.getRole(),
                                                server.getState(),
                                                server.getRaftAddress(),
                                                server.getControlAddress(),
                                                server.getCommitIndex(),
                                                server.getSilentMillis() + " ms"));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(
            name = "add",
            description = {
                "Make a running server a member of the quorum, once it has what the others have.",
                "Start it first, with an empty directory and the others' addresses."
            })
    static final class Add extends Verb {
        @Parameters(index = "0", paramLabel = "ID")
        String id = "";

        @Parameters(
                index = "1",
                paramLabel = "RAFT_HOST:PORT",
                description = "Where the other metadata servers reach it.")
        String raft = "";

        @Parameters(
                index = "2",
                paramLabel = "CONTROL_HOST:PORT",
                description = "Where nodes, clients and commands reach it.")
        String control = "";

        @Override
        ExitCode run() throws Exception {
            requireAddress(raft);
            requireAddress(control);
            execute(
                    ExecuteRequest.newBuilder()
                            .setAddMetadataServer(
                                    AddMetadataServer.newBuilder()
                                            .setId(id)
                                            .setRaftAddress(raft)
                                            .setControlAddress(control)));
            output().done(
                            Map.of("id", id, "raft_address", raft, "control_address", control),
                            () -> "metadata server " + id + " is a member of the quorum");
            return ExitCode.DONE;
        }

        private static void requireAddress(String address) {
            if (!address.matches(".+:[0-9]{1,5}")) {
                throw new CliException(
                        ExitCode.USAGE, "'" + address + "' is not HOST:PORT: see --help");
            }
        }
    }

    @Command(
            name = "remove",
            description = {
                "Take a server out of the quorum.",
                "Refused where the rest would be no majority."
            })
    static final class Remove extends Verb {
        @Parameters(paramLabel = "ID")
        String id = "";

        @Override
        ExitCode run() throws Exception {
            execute(
                    ExecuteRequest.newBuilder()
                            .setRemoveMetadataServer(RemoveMetadataServer.newBuilder().setId(id)));
            output().done(
                            Map.of("id", id, "member", false),
                            () ->
                                    "metadata server "
                                            + id
                                            + " is no member of the quorum any more; stop it");
            return ExitCode.DONE;
        }
    }
}
