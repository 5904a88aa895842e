package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import io.coppice.port.Marks;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Groups change their stores, nodes leave. A group has at most one replica more than the cluster's
/// number; what is dropped is never needed:
///
/// - only from a group that has one more than the number, so dropping never thins a group out;
/// - never LAST, or equal to it: these may be the only ones that have everything;
/// - never the primary: its successor could not ask it for what it had begun (R6). It is moved
///   first;
/// - SERVING only when as many as the number go on serving;
/// - when two replicas share a node, one of these two goes first, or one that is down.
final class RepairCommands {
    private final Tables tables;

    RepairCommands(Tables tables) {
        this.tables = tables;
    }

    // ------------------------------------------------------------ members

    Outcome add(Command.AddReplica command) {
        ClusterConfig config = tables.config;
        Group group = tables.groups.get(command.group());
        Store store = tables.stores.get(command.store());
        Node node = store == null ? null : tables.storageNodes.get(store.node());
        if (group == null || config == null || store == null || node == null) {
            return refuse(Refusal.NOT_FOUND, "no such group or store");
        }
        if (group.epoch() != command.epoch()) {
            return stale(group, command.epoch());
        }
        if (!store.up() || node.draining()) {
            return refuse(Refusal.CONFLICT, "store " + store.id() + " takes no new replicas now");
        }
        if (group.replicas().size() > config.replicas() || group.primary().isEmpty()) {
            return refuse(
                    Refusal.CONFLICT, "group " + group.id() + " cannot take one more replica now");
        }
        if (group.replica(store.id()).isPresent() || membersOn(group, node.id()) > 1) {
            return refuse(
                    Refusal.CONFLICT,
                    "node " + node.name() + " has its part of group " + group.id());
        }
        return changeTo(Membership.joined(group, store.id()));
    }

    Outcome drop(Command.DropReplica command) {
        ClusterConfig config = tables.config;
        Group group = tables.groups.get(command.group());
        Outcome.Refused refused = NodeCommands.refuseView(group, command.epoch(), command.store());
        if (refused != null || group == null || config == null) {
            return refused != null ? refused : Refusals.notInitialized();
        }
        String why = needed(group, command.store(), config.replicas());
        if (why != null) {
            return refuse(
                    Refusal.CONFLICT,
                    "store " + command.store() + " stays in group " + group.id() + ": " + why);
        }
        Outcome dropped = changeTo(Membership.dropped(group, command.store()));
        Store of = tables.stores.get(command.store());
        Node left = of == null ? null : tables.storageNodes.get(of.node());
        if (left != null && left.draining() && holds(left.id()) == 0) {
            Marks.hit("a drained node holds nothing any more");
        }
        return dropped;
    }

    /// Why the group cannot do without its replica on `store`; null: it can.
    private @Nullable String needed(Group group, int store, int replicas) {
        ReplicaState state = group.replica(store).map(Replica::state).orElse(ReplicaState.LAST);
        boolean shared = group.replicas().stream().anyMatch(r -> sharesNode(group, r.store()));
        if (group.replicas().size() <= replicas) {
            return "there is no other one for it yet";
        }
        if (group.primary().isEmpty()) {
            return "nobody serves";
        }
        if (group.primary().get().store() == store) {
            return "it is the primary";
        }
        if (state == ReplicaState.LAST || group.replica(store).map(Replica::equal).orElse(false)) {
            return "it was among the last that served";
        }
        if (state == ReplicaState.SERVING && group.serving() <= replicas) {
            return "too few others serve";
        }
        return shared && state != ReplicaState.DOWN && !sharesNode(group, store)
                ? "two others share a node"
                : null;
    }

    private boolean sharesNode(Group group, int store) {
        Store of = tables.stores.get(store);
        return of != null && membersOn(group, of.node()) > 1;
    }

    private int membersOn(Group group, int node) {
        int count = 0;
        for (Replica replica : group.replicas()) {
            Store of = tables.stores.get(replica.store());
            count += of != null && of.node() == node ? 1 : 0;
        }
        return count;
    }

    private static Outcome stale(Group group, long epoch) {
        return refuse(
                Refusal.STALE,
                "group " + group.id() + " is in epoch " + group.epoch() + ", not " + epoch);
    }

    private Outcome changeTo(Group group) {
        tables.groups.put(group.id(), group);
        return new Outcome.GroupsChanged(List.of(group.id()));
    }

    // ------------------------------------------------------------ nodes

    Outcome drain(Command.DrainNode command) {
        Node node = find(command.node());
        if (node == null) {
            return unknown(command.node());
        }
        ClusterConfig config = tables.config;
        if (command.draining() && !node.draining() && config != null) {
            long others =
                    tables.storageNodes.values().stream()
                            .filter(other -> other.id() != node.id() && !other.draining())
                            .count();
            if (others < config.replicas() && holds(node.id()) > 0) {
                return refuse(
                        Refusal.CONFLICT,
                        config.replicas()
                                + " replicas need as many other nodes, "
                                + others
                                + " would be left: add a node first");
            }
        }
        tables.storageNodes.put(node.id(), node.drained(command.draining()));
        return Outcome.Nothing.INSTANCE;
    }

    Outcome remove(Command.RemoveNode command, long nowMillis) {
        Node node = find(command.node());
        if (node == null) {
            return unknown(command.node());
        }
        int held = holds(node.id());
        if (held > 0) {
            return refuse(
                    Refusal.CONFLICT,
                    "node "
                            + node.name()
                            + " holds replicas of "
                            + held
                            + " groups: 'coppice node drain "
                            + node.name()
                            + "' moves them away");
        }
        if (node.up() && !node.draining()) {
            return refuse(
                    Refusal.CONFLICT,
                    "node "
                            + node.name()
                            + " is up and would get replicas at any time: 'coppice node drain "
                            + node.name()
                            + "' first");
        }
        for (Store store : List.copyOf(tables.stores.values())) {
            if (store.node() == node.id()) {
                tables.stores.remove(store.id());
                tables.removedStores.put(store.uuid(), nowMillis);
            }
        }
        tables.storageNodes.remove(node.id());
        return Outcome.Nothing.INSTANCE;
    }

    private int holds(int node) {
        int groups = 0;
        for (Group group : tables.groups.values()) {
            groups += membersOn(group, node) > 0 ? 1 : 0;
        }
        return groups;
    }

    /// By name, else by id.
    private @Nullable Node find(String nameOrId) {
        Node byId = null;
        for (Node node : tables.storageNodes.values()) {
            if (node.name().equals(nameOrId)) {
                return node;
            }
            byId = String.valueOf(node.id()).equals(nameOrId) ? node : byId;
        }
        return byId;
    }

    private static Outcome unknown(String node) {
        return refuse(Refusal.NOT_FOUND, "no node is called '" + node + "': see 'coppice node ls'");
    }
}
