package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.ListNodes;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.StoreInfo;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `node ...`
@Command(
        name = "node",
        description = "Look at storage nodes.",
        subcommands = {NodeCommands.Ls.class, NodeCommands.Show.class})
final class NodeCommands extends Noun {

    private static long used(NodeInfo node) {
        return node.getStoresList().stream().mapToLong(StoreInfo::getUsedBytes).sum();
    }

    private static long capacity(NodeInfo node) {
        return node.getStoresList().stream().mapToLong(StoreInfo::getCapacityBytes).sum();
    }

    @Command(name = "ls", description = "List storage nodes.")
    static final class Ls extends Verb {
        @Override
        ExitCode run() throws Exception {
            List<NodeInfo> nodes =
                    query(QueryRequest.newBuilder().setListNodes(ListNodes.getDefaultInstance()))
                            .getNodesList();
            output().print(
                            Views.each(nodes, Views::node),
                            () -> {
                                Table table =
                                        new Table(
                                                "ID",
                                                "NAME",
                                                "ADDRESS",
                                                "STATE",
                                                "STORES",
                                                "USED",
                                                "CAPACITY",
                                                "PID");
                                nodes.forEach(node ->
                                        table.row(
                                                node.getId(),
                                                node.getName(),
                                                node.getAddress(),
                                                node.getState(),
                                                node.getStoresCount(),
                                                Sizes.show(used(node)),
                                                Sizes.show(capacity(node)),
                                                node.getPid()));
                                return table.toString();
                            });
            return ExitCode.DONE;
        }
    }

    @Command(name = "show", description = "Show one storage node and its stores.")
    static final class Show extends Verb {
        @Parameters(paramLabel = "NODE", description = "Its name or id.")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            NodeInfo node =
                    query(QueryRequest.newBuilder().setListNodes(ListNodes.getDefaultInstance()))
                            .getNodesList()
                            .stream()
                            .filter(each ->
                                    each.getName().equals(name)
                                            || String.valueOf(each.getId()).equals(name))
                            .findFirst()
                            .orElseThrow(() ->
                                    new CliException(
                                            ExitCode.NOT_FOUND,
                                            "no node is called '"
                                                    + name
                                                    + "': see 'coppice node ls'"));
            output().print(Views.node(node), () -> text(node));
            return ExitCode.DONE;
        }

        private static String text(NodeInfo node) {
            String details =
                    new Details()
                            .line("name", node.getName())
                            .line("id", node.getId())
                            .line("address", node.getAddress())
                            .line("http", node.getHttpAddress())
                            .line("state", node.getState())
                            .line("rack", node.getRack().isEmpty() ? "-" : node.getRack())
                            .line("pid", node.getPid())
                            .line("incarnation", node.getIncarnation())
                            .line(
                                    "used",
                                    Sizes.show(used(node)) + " of " + Sizes.show(capacity(node)))
                            .toString();
            Table stores =
                    new Table("STORE", "STATE", "USED", "LIVE", "CAPACITY", "GROUPS", "UUID");
            node.getStoresList()
                    .forEach(store ->
                            stores.row(
                                    store.getId(),
                                    store.getState(),
                                    Sizes.show(store.getUsedBytes()),
                                    Sizes.show(store.getLiveBytes()),
                                    Sizes.show(store.getCapacityBytes()),
                                    store.getGroups(),
                                    store.getUuid()));
            return details + "\n\n" + stores;
        }
    }
}
