package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.DrainNode;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ListNodes;
import io.coppice.wire.pb.NodeInfo;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RemoveNode;
import io.coppice.wire.pb.StoreInfo;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `node ...`
@Command(
        name = "node",
        description = "Look at storage nodes, empty one, and take it out of the cluster.",
        subcommands = {
            NodeCommands.Ls.class,
            NodeCommands.Show.class,
            NodeCommands.Drain.class,
            NodeCommands.Remove.class
        })
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
            NodeInfo node = find(this, name);
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
                    new Table(
                            "STORE",
                            "STATE",
                            "USED",
                            "LIVE",
                            "CAPACITY",
                            "GROUPS",
                            "SCRUBBED",
                            "LEFT",
                            "DAMAGED",
                            "MENDED",
                            "UUID");
            node.getStoresList()
                    .forEach(store ->
                            stores.row(
                                    store.getId(),
                                    store.getState(),
                                    Sizes.show(store.getUsedBytes()),
                                    Sizes.show(store.getLiveBytes()),
                                    Sizes.show(store.getCapacityBytes()),
                                    store.getGroups(),
                                    Times.show(store.getScrub().getFinishedMillis()),
                                    Sizes.show(store.getScrub().getLeftBytes()),
                                    store.getScrub().getErrors(),
                                    store.getScrub().getRepaired(),
                                    store.getUuid()));
            return details + "\n\n" + stores;
        }
    }

    private static NodeInfo find(Verb verb, String name) throws ControlException {
        List<NodeInfo> nodes =
                verb.query(QueryRequest.newBuilder().setListNodes(ListNodes.getDefaultInstance()))
                        .getNodesList();
        return nodes.stream()
                .filter(each -> each.getName().equals(name))
                .findFirst()
                .or(() ->
                        nodes.stream()
                                .filter(each -> String.valueOf(each.getId()).equals(name))
                                .findFirst())
                .orElseThrow(() ->
                        new CliException(
                                ExitCode.NOT_FOUND,
                                "no node is called '" + name + "': see 'coppice node ls'"));
    }

    @Command(
            name = "drain",
            description =
                    "Replace a node's replicas by others elsewhere; it serves on meanwhile, and"
                            + " gets no new ones.")
    static final class Drain extends Verb {
        private static final long LOOK_MILLIS = 250;

        @Parameters(paramLabel = "NODE", description = "Its name or id.")
        String name = "";

        @Option(names = "--wait", description = "Return when the node is empty.")
        boolean wait;

        @Option(names = "--cancel", description = "Take the node back into use instead.")
        boolean cancel;

        @Override
        ExitCode run() throws Exception {
            if (wait && cancel) {
                throw new CliException(ExitCode.USAGE, "--wait and --cancel exclude each other");
            }
            execute(
                    ExecuteRequest.newBuilder()
                            .setDrainNode(DrainNode.newBuilder().setNode(name).setCancel(cancel)));
            int groups = groups();
            while (wait && groups > 0) {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
                groups = groups();
            }
            int left = groups;
            output().done(
                            Map.of("node", name, "draining", !cancel, "groups_left", left),
                            () -> text(left));
            return ExitCode.DONE;
        }

        private int groups() throws ControlException {
            return find(this, name).getStoresList().stream().mapToInt(StoreInfo::getGroups).sum();
        }

        private String text(int left) {
            if (cancel) {
                return "node " + name + " is in use again";
            }
            return left == 0
                    ? "node " + name + " is empty: 'coppice node remove " + name + "' takes it out"
                    : "node "
                            + name
                            + " is being emptied, "
                            + left
                            + " replicas are left: see 'coppice status'";
        }
    }

    @Command(
            name = "remove",
            description = "Forget a node that holds no replicas; its stores never come back.")
    static final class Remove extends Verb {
        @Parameters(paramLabel = "NODE", description = "Its name or id.")
        String name = "";

        @Override
        ExitCode run() throws Exception {
            execute(
                    ExecuteRequest.newBuilder()
                            .setRemoveNode(RemoveNode.newBuilder().setNode(name)));
            output().done(
                            Map.of("node", name, "removed", true),
                            () -> "removed node " + name + "; its process may be stopped");
            return ExitCode.DONE;
        }
    }
}
