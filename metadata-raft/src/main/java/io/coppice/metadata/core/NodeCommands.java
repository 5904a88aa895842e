package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import io.coppice.model.AccessKey;
import io.coppice.model.Blocks;
import io.coppice.model.Names;
import io.coppice.model.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Storage nodes, their stores, and the views of the groups.
final class NodeCommands {
    static final int REPLICAS_MAX = 7;
    static final int STORES_PER_NODE_MAX = 256;
    static final int TEXT_CHARS_MAX = 256;

    private final Tables tables;

    NodeCommands(Tables tables) {
        this.tables = tables;
    }

    // ------------------------------------------------------------ the cluster

    Outcome initialize(Command.InitializeCluster command) {
        ClusterConfig config = command.config();
        ClusterConfig present = tables.config;
        if (present != null) {
            return present.cluster().equals(config.cluster())
                    ? Outcome.Nothing.INSTANCE
                    : refuse(
                            Refusal.CONFLICT,
                            "the cluster is initialised already, as " + present.cluster());
        }
        Outcome.Refused refused = refuseConfig(config);
        if (refused != null) {
            return refused;
        }
        var candidates = new ArrayList<PlacementPlanner.Candidate>();
        Set<Integer> nodes = new HashSet<>();
        for (Store store : tables.stores.values()) {
            Node node = tables.storageNodes.get(store.node());
            if (store.up() && node != null) {
                nodes.add(node.id());
                candidates.add(
                        new PlacementPlanner.Candidate(
                                store.id(), node.id(), node.rack(), store.capacityBytes()));
            }
        }
        if (nodes.size() < config.replicas()) {
            return refuse(
                    Refusal.UNAVAILABLE,
                    config.replicas()
                            + " replicas need as many nodes, "
                            + nodes.size()
                            + " are there: start more nodes");
        }
        int count =
                config.groups() > 0
                        ? config.groups()
                        : PlacementPlanner.groupCount(candidates.size(), config.replicas());
        List<int[]> plan = PlacementPlanner.plan(candidates, count, config.replicas());
        var made = new ArrayList<Integer>();
        for (int id = 0; id < plan.size(); id++) {
            tables.groups.put(id, Membership.planned(id, plan.get(id)));
            made.add(id);
        }
        tables.config = config;
        AccessKey first = command.key();
        if (first != null && first.number() == 1) {
            tables.accessKeys = tables.accessKeys.with(first);
        }
        return new Outcome.GroupsChanged(made);
    }

    private static Outcome.@Nullable Refused refuseConfig(ClusterConfig config) {
        String wrong = null;
        if (config.cluster().isEmpty() || config.cluster().length() > TEXT_CHARS_MAX) {
            wrong = "the cluster's id has 1 to " + TEXT_CHARS_MAX + " characters";
        } else if (config.replicas() < 1 || config.replicas() > REPLICAS_MAX) {
            wrong = "replicas go from 1 to " + REPLICAS_MAX;
        } else if (config.minWriteReplicas() < 1 || config.minWriteReplicas() > config.replicas()) {
            wrong = "min-write-replicas go from 1 to the number of replicas";
        } else if (config.groups() < 0 || config.groups() > PlacementPlanner.GROUPS_MAX) {
            wrong = "groups go from 0 (chosen) to " + PlacementPlanner.GROUPS_MAX;
        } else if (Long.bitCount(config.chunkBytes()) != 1
                || config.chunkBytes() < Blocks.CHUNK_BYTES_MIN
                || config.chunkBytes() > Blocks.CHUNK_BYTES_MAX) {
            wrong = "chunk bytes are a power of two from 64 KiB to 64 MiB";
        } else if (config.trashRetentionMillis() < 0) {
            wrong = "the trash retention is not negative";
        }
        return wrong == null ? null : refuse(Refusal.BAD_REQUEST, wrong);
    }

    // ------------------------------------------------------------ nodes

    Outcome register(Command.RegisterNode command, long nowMillis) {
        Node present = nodeNamed(command.name());
        Outcome.Refused refused = refuseNode(command, present);
        if (refused != null) {
            return refused;
        }
        Set<Integer> changed = new TreeSet<>();
        int id = present == null ? tables.nextNode++ : present.id();
        List<Store> stores = takeIn(command, id);
        Set<Integer> listed = new HashSet<>();
        stores.forEach(store -> listed.add(store.id()));
        boolean restarted = present != null && present.incarnation() != command.incarnation();
        // R7: what was served by the old process is not served by the new one on its own word.
        Set<Integer> gone = new HashSet<>();
        for (Store store : tables.stores.values()) {
            if (store.node() == id && (restarted || !listed.contains(store.id()))) {
                gone.add(store.id());
            }
        }
        IntPredicate failed = store -> isNamed(command.failed(), store);
        leave(gone, failed, changed);
        for (int store : gone) {
            putDown(store, failed.test(store), nowMillis);
        }
        tables.storageNodes.put(
                id,
                new Node(
                        id,
                        command.name(),
                        command.address(),
                        command.httpAddress(),
                        command.incarnation(),
                        command.pid(),
                        command.rack(),
                        true,
                        present != null && present.draining()));
        for (Store store : stores) {
            tables.stores.put(store.id(), store);
        }
        rejoin(command, stores, changed);
        return new Outcome.NodeRegistered(id, stores, List.copyOf(changed));
    }

    private boolean isNamed(List<String> uuids, int id) {
        Store store = tables.stores.get(id);
        return store != null && uuids.contains(store.uuid());
    }

    private @Nullable Node nodeNamed(String name) {
        for (Node node : tables.storageNodes.values()) {
            if (node.name().equals(name)) {
                return node;
            }
        }
        return null;
    }

    private Outcome.@Nullable Refused refuseNode(
            Command.RegisterNode command, @Nullable Node present) {
        ClusterConfig config = tables.config;
        if (!Names.isValid(command.name())) {
            return refuse(Refusal.BAD_REQUEST, Names.rule("node", command.name()));
        }
        if (!command.cluster().isEmpty()
                && (config == null || !config.cluster().equals(command.cluster()))) {
            return refuse(
                    Refusal.NOT_ALLOWED,
                    "node "
                            + command.name()
                            + " belongs to another cluster: its data directory is not of this one");
        }
        if (present != null && present.incarnation() > command.incarnation()) {
            return refuse(
                    Refusal.NOT_ALLOWED,
                    "a newer process runs as node " + command.name() + ": stop one of them");
        }
        // a node all of whose stores have failed is known, and says so by naming none
        if (command.stores().isEmpty() && present == null
                || command.stores().size() + command.failed().size() > STORES_PER_NODE_MAX) {
            return refuse(
                    Refusal.BAD_REQUEST, "a node has 1 to " + STORES_PER_NODE_MAX + " stores");
        }
        if (command.address().length() > TEXT_CHARS_MAX
                || command.httpAddress().length() > TEXT_CHARS_MAX
                || command.rack().length() > TEXT_CHARS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "an address or rack is too long");
        }
        Set<String> uuids = new HashSet<>();
        for (Command.StoreReport report : command.stores()) {
            Outcome.Refused refused = refuseStore(report, command.name());
            if (refused != null || !uuids.add(report.uuid())) {
                return refused != null
                        ? refused
                        : refuse(Refusal.BAD_REQUEST, "store " + report.uuid() + " named twice");
            }
        }
        return null;
    }

    private Outcome.@Nullable Refused refuseStore(Command.StoreReport report, String node) {
        if (report.uuid().isEmpty() || report.uuid().length() > TEXT_CHARS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "a store's id has 1 to 256 characters");
        }
        if (report.capacityBytes() <= 0) {
            return refuse(Refusal.BAD_REQUEST, "store " + report.uuid() + " has no capacity");
        }
        if (tables.removedStores.get(report.uuid()) != null) {
            return refuse(
                    Refusal.NOT_ALLOWED,
                    "store "
                            + report.uuid()
                            + " was removed from the cluster: start node "
                            + node
                            + " with an empty directory");
        }
        for (Store store : tables.stores.values()) {
            Node owner = tables.storageNodes.get(store.node());
            if (store.uuid().equals(report.uuid())
                    && store.up()
                    && owner != null
                    && !owner.name().equals(node)) {
                return refuse(
                        Refusal.CONFLICT,
                        "store " + store.uuid() + " is in use by node " + owner.name());
            }
        }
        return null;
    }

    /// The stores as they will be, in the order of the command.
    private List<Store> takeIn(Command.RegisterNode command, int node) {
        Map<String, Store> byUuid = new HashMap<>();
        tables.stores.forEach((_, store) -> byUuid.put(store.uuid(), store));
        var stores = new ArrayList<Store>();
        for (Command.StoreReport report : command.stores()) {
            Store known = byUuid.get(report.uuid());
            int id = known == null ? tables.nextStore++ : known.id();
            long since = known == null ? 0 : known.servingSinceMillis();
            stores.add(
                    new Store(
                            id,
                            report.uuid(),
                            node,
                            report.capacityBytes(),
                            true,
                            false,
                            0,
                            since));
        }
        return stores;
    }

    private void rejoin(Command.RegisterNode command, List<Store> stores, Set<Integer> changed) {
        ClusterConfig config = tables.config;
        if (config == null) {
            return;
        }
        Map<Integer, Map<Integer, Position>> positions = new HashMap<>();
        Set<Integer> intact = new HashSet<>();
        for (int i = 0; i < stores.size(); i++) {
            if (command.stores().get(i).intact()) {
                intact.add(stores.get(i).id());
            }
            Map<Integer, Position> held = new HashMap<>();
            for (Command.GroupPosition at : command.stores().get(i).positions()) {
                held.put(at.group(), at.position());
            }
            positions.put(stores.get(i).id(), held);
        }
        for (Group group : tables.groups.values()) {
            Group next = group;
            for (Replica replica : group.replicas()) {
                Map<Integer, Position> held = positions.get(replica.store());
                if (held != null) {
                    Position position = held.getOrDefault(group.id(), Position.NONE);
                    next =
                            Membership.returned(
                                    next,
                                    replica.store(),
                                    position,
                                    intact.contains(replica.store()),
                                    this::isUp,
                                    config.minWriteReplicas());
                }
            }
            become(group, next, changed);
        }
    }

    Outcome lost(Command.NodeLost command, long nowMillis) {
        Node node = tables.storageNodes.get(command.node());
        Set<Integer> changed = new TreeSet<>();
        if (node != null && node.up() && node.incarnation() == command.incarnation()) {
            tables.storageNodes.put(node.id(), node.down());
            Set<Integer> gone = new HashSet<>();
            for (Store store : tables.stores.values()) {
                if (store.node() == node.id()) {
                    gone.add(store.id());
                    putDown(store.id(), false, nowMillis);
                }
            }
            leave(gone, store -> false, changed);
        }
        return new Outcome.GroupsChanged(List.copyOf(changed));
    }

    private void leave(Set<Integer> stores, IntPredicate broken, Set<Integer> changed) {
        ClusterConfig config = tables.config;
        if (stores.isEmpty() || config == null) {
            return;
        }
        for (Group group : tables.groups.values()) {
            become(
                    group,
                    Membership.left(group, stores::contains, broken, config.minWriteReplicas()),
                    changed);
        }
    }

    private void putDown(int id, boolean failed, long nowMillis) {
        Store store = tables.stores.get(id);
        if (store != null) {
            tables.stores.put(id, store.down(failed, nowMillis));
        }
    }

    private boolean isUp(int id) {
        Store store = tables.stores.get(id);
        return store != null && store.up();
    }

    private void become(Group before, Group after, Set<Integer> changed) {
        if (!before.equals(after)) {
            tables.groups.put(after.id(), after);
        }
        if (before.epoch() != after.epoch()) {
            changed.add(after.id());
        }
    }

    // ------------------------------------------------------------ views

    Outcome synced(Command.ReplicaSynced command, long nowMillis) {
        ClusterConfig config = tables.config;
        Group group = tables.groups.get(command.group());
        Outcome.Refused refused = refuseView(group, command.epoch(), command.store());
        if (refused != null || group == null || config == null) {
            return refused != null ? refused : Refusals.notInitialized();
        }
        if (stateOf(group, command.store()) != ReplicaState.SYNCING) {
            return refuse(Refusal.CONFLICT, "the replica is not catching up");
        }
        Store store = tables.stores.get(command.store());
        if (store != null) {
            tables.stores.put(store.id(), store.serving(nowMillis));
        }
        return changeTo(
                group, Membership.synced(group, command.store(), config.minWriteReplicas()));
    }

    Outcome failed(Command.ReplicaFailed command) {
        ClusterConfig config = tables.config;
        Group group = tables.groups.get(command.group());
        Outcome.Refused refused = refuseView(group, command.epoch(), command.store());
        if (refused != null || group == null || config == null) {
            return refused != null ? refused : Refusals.notInitialized();
        }
        IntPredicate gone = store -> store == command.store();
        return changeTo(
                group, Membership.left(group, gone, store -> false, config.minWriteReplicas()));
    }

    Outcome electLast(Command.ElectLast command) {
        Group group = tables.groups.get(command.group());
        ClusterConfig config = tables.config;
        return group == null || config == null
                ? refuse(Refusal.NOT_FOUND, "no group " + command.group())
                : changeTo(
                        group,
                        Membership.elected(group, this::isUp, true, config.minWriteReplicas()));
    }

    Outcome movePrimary(Command.MovePrimary command) {
        Group group = tables.groups.get(command.group());
        Outcome.Refused refused = refuseView(group, command.epoch(), command.store());
        if (refused != null || group == null) {
            return refused != null ? refused : Refusals.notInitialized();
        }
        if (stateOf(group, command.store()) != ReplicaState.SERVING) {
            return refuse(Refusal.CONFLICT, "the replica does not serve");
        }
        return changeTo(group, Membership.ledBy(group, command.store()));
    }

    static Outcome.@Nullable Refused refuseView(@Nullable Group group, long epoch, int store) {
        if (group == null || group.replica(store).isEmpty()) {
            return refuse(Refusal.NOT_FOUND, "no such group, or the store has no part in it");
        }
        return group.epoch() == epoch
                ? null
                : refuse(
                        Refusal.STALE,
                        "group " + group.id() + " is in epoch " + group.epoch() + ", not " + epoch);
    }

    private static ReplicaState stateOf(Group group, int store) {
        return group.replica(store).map(Replica::state).orElse(ReplicaState.DOWN);
    }

    private Outcome changeTo(Group before, Group after) {
        Set<Integer> changed = new TreeSet<>();
        become(before, after, changed);
        return new Outcome.GroupsChanged(List.copyOf(changed));
    }
}
