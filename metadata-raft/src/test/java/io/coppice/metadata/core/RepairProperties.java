package io.coppice.metadata.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/// Clusters that lose, get and drain nodes, repaired by the planner's commands through the state
/// machine.
class RepairProperties {
    private static final long CAPACITY = 1L << 40;
    private MetadataState state = new MetadataState();
    private final Map<Integer, Long> incarnations = new HashMap<>();

    /// Disks put in for broken ones, by node.
    private final Map<Integer, Integer> exchanged = new HashMap<>();

    private long now = 1;
    private int adds;

    private Outcome apply(Command command) {
        return state.apply(Stamped.byLeader(now++, command));
    }

    private void register(int node, int stores, int racks, int factor) {
        long incarnation = incarnations.merge(node, 1L, Long::sum);
        var reports = new ArrayList<Command.StoreReport>();
        for (int i = 0; i < stores; i++) {
            reports.add(new Command.StoreReport(name(node, i), CAPACITY * factor, true, List.of()));
        }
        apply(
                new Command.RegisterNode(
                        "node" + node, "h", "h", incarnation, 1, "r" + node % racks, "", reports));
    }

    private String name(int node, int store) {
        int disk = store == 0 ? 0 : exchanged.getOrDefault(node, 0);
        return "store" + node + "-" + store + "-" + disk;
    }

    private void start(int nodes, int stores, int racks, int groups) {
        state = new MetadataState();
        incarnations.clear();
        exchanged.clear();
        adds = 0;
        for (int node = 1; node <= nodes; node++) {
            register(node, stores, racks, 1);
        }
        apply(
                new Command.InitializeCluster(
                        new ClusterConfig("c1", 3, 2, groups, 65_536, false, 0)));
    }

    private List<Command> plan(Set<Integer> full) {
        return state.view()
                .repairs(new MetadataView.RepairRules(now + 1_000_000, 1_000, 1_000, 3, 4, full));
    }

    private void sync(Random random) {
        for (Group group : state.view().groups()) {
            for (Replica replica : group.replicas()) {
                if (replica.state() == ReplicaState.SYNCING && random.nextInt(3) > 0) {
                    apply(new Command.ReplicaSynced(group.id(), group.epoch(), replica.store()));
                }
            }
        }
    }

    /// Runs the plan until there is none; each command must be good for the present.
    private void settle(Random random) {
        for (int round = 0; round < 2_000; round++) {
            List<Command> plan = plan(Set.of());
            for (Command command : plan) {
                Outcome outcome = apply(command);
                assertFalse(outcome instanceof Outcome.Refused, () -> command + ": " + outcome);
                adds += command instanceof Command.AddReplica ? 1 : 0;
                check();
            }
            boolean syncing =
                    state.view().groups().stream()
                            .anyMatch(g ->
                                    g.replicas().stream()
                                            .anyMatch(r -> r.state() == ReplicaState.SYNCING));
            if (plan.isEmpty() && !syncing) {
                return;
            }
            sync(random);
        }
        throw new AssertionError("the plan does not come to an end: " + plan(Set.of()));
    }

    private void check() {
        Map<Integer, Integer> syncs = new HashMap<>();
        for (Group group : state.view().groups()) {
            int size = group.replicas().size();
            assertTrue(size == 3 || size == 4, group::toString);
            assertEquals(size, group.replicas().stream().map(Replica::store).distinct().count());
            for (Replica replica : group.replicas()) {
                if (replica.state() == ReplicaState.SYNCING) {
                    syncs.merge(replica.store(), 1, Integer::sum);
                }
            }
        }
    }

    private Map<Integer, Integer> loads() {
        Map<Integer, Integer> loads = new HashMap<>();
        state.view().stores().forEach(store -> loads.put(store.id(), 0));
        for (Group group : state.view().groups()) {
            group.replicas().forEach(r -> loads.merge(r.store(), 1, Integer::sum));
        }
        return loads;
    }

    private void checkSettled() {
        for (Group group : state.view().groups()) {
            assertEquals(3, group.replicas().size());
            assertEquals(3, group.serving());
            var nodes = new HashSet<Integer>();
            group.replicas()
                    .forEach(r -> nodes.add(state.view().store(r.store()).orElseThrow().node()));
            assertEquals(3, nodes.size(), "two replicas on a node");
        }
    }

    @Property(seed = "26", tries = 40)
    void anAddedNodeGetsItsShareAndNotMuchMoves(
            @ForAll @IntRange(min = 3, max = 9) int nodes,
            @ForAll @IntRange(min = 1, max = 3) int stores,
            @ForAll @IntRange(min = 20, max = 120) int groups,
            @ForAll Random random) {
        start(nodes, stores, 1, groups);
        register(nodes + 1, stores, 1, 1);
        settle(random);
        checkSettled();
        double share = groups * 3.0 / (nodes + 1) / stores;
        loads().values()
                .forEach(load ->
                        assertTrue(Math.abs(load - share) <= 0.1 * share + 1, () -> "" + loads()));
        assertTrue(adds <= share * stores * 1.1 + stores, adds + " moves");
        Map<Integer, Integer> leads = new HashMap<>();
        state.view()
                .groups()
                .forEach(g -> leads.merge(g.primary().orElseThrow().store(), 1, Integer::sum));
        double evenly = groups / (double) (nodes + 1) / stores;
        leads.values()
                .forEach(lead -> assertTrue(lead <= evenly * 1.3 + 3, () -> "leads " + leads));
    }

    @Property(seed = "26", tries = 40)
    void aStoreAddedToANodeIsUsed(
            @ForAll @IntRange(min = 3, max = 6) int nodes, @ForAll Random random) {
        start(nodes, 1, 1, 60);
        incarnations.put(1, 0L); // the same process lists one store more
        register(1, 2, 1, 1);
        settle(random);
        checkSettled();
        assertTrue(loads().values().stream().allMatch(load -> load > 0), () -> "" + loads());
    }

    @Property(seed = "26", tries = 40)
    void aLostNodeIsReplacedByAllOthers(
            @ForAll @IntRange(min = 5, max = 9) int nodes,
            @ForAll @IntRange(min = 1, max = 3) int racksMore,
            @ForAll Random random) {
        start(nodes, 2, racksMore == 3 ? nodes : 1, 90);
        Map<Integer, Integer> before = loads();
        apply(new Command.NodeLost(1, 1));
        settle(random);
        checkSettled();
        loads().forEach((store, load) -> {
            boolean lost = state.view().store(store).orElseThrow().node() == 1;
            assertTrue(lost ? load == 0 : load > before.getOrDefault(store, 0), () -> "" + loads());
        });
        int lost =
                before.entrySet().stream()
                        .filter(e -> state.view().store(e.getKey()).orElseThrow().node() == 1)
                        .mapToInt(Map.Entry::getValue)
                        .sum();
        assertTrue(adds >= lost && adds <= lost * 1.1 + 2, adds + " copies for " + lost);
        apply(new Command.RemoveNode("node1"));
        assertTrue(state.view().node(1).isEmpty());
    }

    @Property(seed = "26", tries = 60)
    void whateverHappensNothingNeededIsDroppedAndAllComesBack(
            @ForAll @IntRange(min = 4, max = 7) int nodes, @ForAll Random random) {
        start(nodes, 2, 1, 12);
        for (int step = 0; step < 120; step++) {
            Map<Integer, Group> before = new HashMap<>();
            state.view().groups().forEach(group -> before.put(group.id(), group));
            step(nodes, random);
            for (Group group : state.view().groups()) {
                checkChange(before.getOrDefault(group.id(), group), group);
            }
            check();
        }
        for (int node = 1; node <= nodes; node++) {
            apply(new Command.DrainNode("node" + node, false));
            register(node, 2, 1, 1);
        }
        state.view().groups().forEach(group -> apply(new Command.ElectLast(group.id())));
        settle(random);
        checkSettled();
        assertArrayEquals(Cluster.bytes(state), Cluster.bytes(Cluster.load(Cluster.bytes(state))));
    }

    private void step(int nodes, Random random) {
        int node = 1 + random.nextInt(nodes);
        int group = random.nextInt(12);
        long epoch = state.view().group(group).orElseThrow().epoch();
        int store = 1 + random.nextInt(state.view().stores().size());
        switch (random.nextInt(11)) {
            case 0 -> apply(new Command.NodeLost(node, incarnations.getOrDefault(node, 0L)));
            case 1, 2 -> register(node, random.nextInt(8) == 0 ? 1 : 2, 1, 1);
            case 3 -> sync(random);
            case 4 -> apply(new Command.AddReplica(group, epoch, store));
            case 5 -> apply(new Command.DropReplica(group, epoch, store));
            case 6 -> apply(new Command.DrainNode("node" + node, random.nextBoolean()));
            case 7 -> apply(new Command.ElectLast(group));
            case 8 -> exchangeDisk(node);
            default -> plan(Set.of()).forEach(this::apply);
        }
    }

    /// The node starts with an empty disk for its second one, if others hold all that was there.
    private void exchangeDisk(int node) {
        String name = name(node, 1);
        for (Group group : state.view().groups()) {
            long others =
                    group.replicas().stream()
                            .filter(r -> r.state() == ReplicaState.SERVING)
                            .filter(r -> state.view().store(r.store()).orElseThrow().node() != node)
                            .count();
            boolean held =
                    group.replicas().stream()
                            .anyMatch(r ->
                                    state.view()
                                            .store(r.store())
                                            .orElseThrow()
                                            .uuid()
                                            .equals(name));
            if (held && others < 2) {
                return;
            }
        }
        exchanged.merge(node, 1, Integer::sum);
        register(node, 2, 1, 1);
    }

    /// What left the group was not LAST, and enough serve without it.
    private static void checkChange(Group before, Group after) {
        for (Replica replica : before.replicas()) {
            if (after.replica(replica.store()).isEmpty()) {
                assertTrue(after.epoch() > before.epoch());
                assertTrue(after.primary().isPresent(), () -> before + " -> " + after);
                assertTrue(
                        replica.state() != ReplicaState.LAST
                                || after.serving() >= 2, // it became DOWN by the same plan
                        () -> before + " -> " + after);
                assertTrue(
                        replica.state() != ReplicaState.SERVING || after.serving() >= 3,
                        () -> before + " -> " + after);
            }
        }
    }

    @Property(seed = "26", tries = 20)
    void aFullStoreGetsNothing(@ForAll Random random) {
        start(4, 1, 1, 40);
        apply(new Command.NodeLost(1, 1));
        for (int i = 0; i < 200; i++) {
            for (Command command : plan(Set.of(2))) {
                assertFalse(command instanceof Command.AddReplica add && add.store() == 2);
                apply(command);
            }
            sync(random);
        }
    }
}
