package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ListGroups;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.ReplicaInfo;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `group ...`
@Command(
        name = "group",
        description = "Look at replica groups.",
        subcommands = {GroupCommands.Ls.class, GroupCommands.Show.class})
final class GroupCommands extends Noun {

    @Command(name = "ls", description = "List replica groups.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<GroupInfo> groups =
                    query(QueryRequest.newBuilder().setListGroups(ListGroups.getDefaultInstance()))
                            .getGroupsList();
            output().print(
                            Views.each(groups, Views::group),
                            () -> {
                                Table table =
                                        new Table(
                                                "ID",
                                                "EPOCH",
                                                "STATE",
                                                "PRIMARY",
                                                "REPLICAS (STORE:STATE)");
                                groups.forEach(group ->
                                        table.row(
                                                group.getId(),
                                                group.getEpoch(),
                                                group.getState(),
                                                primary(group),
                                                group.getReplicasList().stream()
                                                        .map(replica ->
                                                                replica.getStore()
                                                                        + ":"
                                                                        + Views.replicaState(
                                                                                replica))
                                                        .collect(Collectors.joining(" "))));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(name = "show", description = "Show one replica group.")
    static final class Show extends Verb {
        @Parameters(paramLabel = "GROUP", description = "Its id.")
        String id = "";

        @Override
        ExitCode run() throws Exception {
            GroupInfo group =
                    query(QueryRequest.newBuilder().setListGroups(ListGroups.getDefaultInstance()))
                            .getGroupsList()
                            .stream()
                            .filter(each -> String.valueOf(each.getId()).equals(id))
                            .findFirst()
                            .orElseThrow(() ->
                                    new CliException(
                                            ExitCode.NOT_FOUND,
                                            "there is no group '"
                                                    + id
                                                    + "': see 'coppice group ls'"));
            output().print(Views.group(group), () -> text(group));
            return ExitCode.DONE;
        }

        private static String text(GroupInfo group) {
            String details =
                    new Details()
                            .line("group", group.getId())
                            .line("epoch", group.getEpoch())
                            .line("state", group.getState())
                            .line("primary", primary(group))
                            .toString();
            Table replicas = new Table("STORE", "NODE", "ADDRESS", "STATE");
            for (ReplicaInfo replica : group.getReplicasList()) {
                replicas.row(
                        replica.getStore(),
                        replica.getNode(),
                        replica.getAddress(),
                        Views.replicaState(replica));
            }
            return details + "\n\n" + replicas;
        }
    }

    private static String primary(GroupInfo group) {
        return group.getPrimary() == 0 ? "-" : String.valueOf(group.getPrimary());
    }
}
