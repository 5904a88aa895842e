package io.coppice.metadata.core;

import static io.coppice.metadata.core.ReplicaState.DOWN;
import static io.coppice.metadata.core.ReplicaState.LAST;
import static io.coppice.metadata.core.ReplicaState.SERVING;
import static io.coppice.metadata.core.ReplicaState.SYNCING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Position;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Groups change their stores. Three nodes hold everything, a fourth is empty; every test follows
/// group 0, whose primary is store 1.
class RepairTest {
    private static final long SETTLE = 30_000;
    private final Cluster cluster = Cluster.ready();

    @BeforeEach
    void aFourthNode() {
        cluster.register(4, 1, Map.of());
        cluster.apply(0, new Command.MovePrimary(0, group().epoch(), 1));
    }

    private Group group() {
        return cluster.view().group(0).orElseThrow();
    }

    private Outcome add(int store) {
        return cluster.apply(0, new Command.AddReplica(0, group().epoch(), store));
    }

    private Outcome drop(int store) {
        return cluster.apply(0, new Command.DropReplica(0, group().epoch(), store));
    }

    private void synced(int store) {
        assertInstanceOf(
                Outcome.GroupsChanged.class,
                cluster.apply(0, new Command.ReplicaSynced(0, group().epoch(), store)));
    }

    private ReplicaState state(int store) {
        return group().replica(store).orElseThrow().state();
    }

    private static void refused(Refusal code, Outcome outcome) {
        assertEquals(code, assertInstanceOf(Outcome.Refused.class, outcome).code());
    }

    private List<Command> repairs(long nowMillis) {
        return cluster.view()
                .repairs(new MetadataView.RepairRules(nowMillis, 60_000, SETTLE, 2, 2, Set.of()));
    }

    @Test
    void aReplacementCatchesUpServesAndThenTheOtherGoes() {
        long epoch = group().epoch();
        add(4);
        assertEquals(epoch + 1, group().epoch());
        assertEquals(SYNCING, state(4));
        refused(Refusal.CONFLICT, drop(3));
        synced(4);
        assertEquals(4, group().serving());
        refused(Refusal.CONFLICT, drop(1));
        drop(3);
        assertEquals(List.of(1, 2, 4), stores());
        assertEquals(3, group().serving());
        refused(Refusal.NOT_FOUND, drop(3));
    }

    private List<Integer> stores() {
        return group().replicas().stream().map(Replica::store).sorted().toList();
    }

    @Test
    void aGroupGetsOneMoreThanItsNumberAndOnceANode() {
        refused(Refusal.CONFLICT, add(2));
        add(4);
        cluster.register(5, 1, Map.of());
        refused(Refusal.CONFLICT, add(5));
        refused(Refusal.NOT_FOUND, add(77));
        refused(Refusal.STALE, cluster.apply(0, new Command.AddReplica(0, 1, 5)));
        cluster.apply(0, new Command.NodeLost(5, 1));
        drop(4);
        refused(Refusal.CONFLICT, add(5));
    }

    @Test
    void aLastReplicaIsNeverDropped() {
        add(4);
        for (int node : List.of(2, 3, 4, 1)) {
            cluster.apply(0, new Command.NodeLost(node, 1));
        }
        assertEquals(LAST, state(1));
        refused(Refusal.CONFLICT, drop(1));
        refused(Refusal.CONFLICT, drop(4));
        refused(Refusal.CONFLICT, add(4));
    }

    @Test
    void theSurvivorOfTwoLossesGetsTwoNewOnes() {
        cluster.register(5, 1, Map.of());
        cluster.apply(0, new Command.NodeLost(3, 1));
        cluster.apply(0, new Command.NodeLost(2, 1));
        assertEquals(LAST, state(2));
        add(4);
        refused(Refusal.CONFLICT, drop(2));
        synced(4);
        assertEquals(DOWN, state(2), "writes go on without it");
        drop(3);
        add(5);
        synced(5);
        drop(2);
        assertEquals(List.of(1, 4, 5), stores());
    }

    @Test
    void whatIsDownForLongIsReplacedAndWhatReturnsInTimeIsNot() {
        cluster.apply(0, new Command.NodeLost(3, 1));
        long lost = cluster.view().store(3).orElseThrow().downSinceMillis();
        assertEquals(List.of(), repairs(lost + 60_000));
        var plan = repairs(lost + 60_001);
        assertEquals(new Command.AddReplica(0, group().epoch(), 4), plan.getFirst());
        assertEquals(2, plan.size(), "the target takes two at a time");
        cluster.register(3, 2, Map.of(0, new Position(1, 1)));
        assertTrue(repairs(lost + 60_001).stream().noneMatch(Command.AddReplica.class::isInstance));
    }

    @Test
    void aStoreThatItsOwnNodeGivesUpIsReplacedAtOnce() {
        var other = List.of(new Command.StoreReport("fresh", 1L << 40, true, List.of()));
        cluster.apply(0, without3(1, other, List.of("store3")));
        assertTrue(cluster.view().store(3).orElseThrow().failed());
        var plan = repairs(1);
        assertTrue(plan.stream().anyMatch(Command.AddReplica.class::isInstance), plan::toString);
    }

    @Test
    void aStoreThatFailedBeforeItsNodeStartedIsReplacedAtOnceToo() {
        cluster.apply(0, new Command.NodeLost(3, 1));
        assertEquals(List.of(), repairs(1));
        cluster.apply(0, without3(2, List.of(), List.of("store3", "store2", "unknown")));
        assertTrue(cluster.view().store(3).orElseThrow().failed());
        assertTrue(cluster.view().store(2).orElseThrow().up(), "not its own");
        var plan = repairs(1);
        assertTrue(plan.stream().anyMatch(Command.AddReplica.class::isInstance), plan::toString);
    }

    private static Command.RegisterNode without3(
            long incarnation, List<Command.StoreReport> stores, List<String> failed) {
        return new Command.RegisterNode(
                "node3", "h", "h", incarnation, 3, "rack3", "c1", stores, failed);
    }

    /// Its disk is not bad: what it has is not made anew before it was away for long.
    @Test
    void aStoreThatIsStuckLeavesServiceAndIsWaitedFor() {
        cluster.apply(0, without3(1, List.of(), List.of()));
        assertTrue(cluster.view().node(3).orElseThrow().up());
        Store stuck = cluster.view().store(3).orElseThrow();
        assertTrue(!stuck.up() && !stuck.failed());
        assertEquals(ReplicaState.DOWN, state(3));
        assertEquals(List.of(), repairs(1));
        cluster.apply(0, new Command.NodeLost(2, 1));
        assertEquals(LAST, state(2));
        cluster.register(3, 1, Map.of());
        assertEquals(SYNCING, state(3));
    }

    @Test
    void aDrainedNodeEmptiesAndMayGoForGood() {
        refused(Refusal.CONFLICT, cluster.apply(0, new Command.RemoveNode("node4")));
        refused(Refusal.NOT_FOUND, cluster.apply(0, new Command.DrainNode("nobody", true)));
        cluster.apply(0, new Command.DrainNode("node1", true));
        refused(Refusal.CONFLICT, cluster.apply(0, new Command.DrainNode("node2", true)));
        refused(Refusal.CONFLICT, cluster.apply(0, new Command.RemoveNode("1")));
        assertEquals(SERVING, state(1), "it serves on");
        settle();
        assertEquals(
                0, cluster.view().groups().stream().filter(g -> g.replica(1).isPresent()).count());
        assertInstanceOf(Outcome.Nothing.class, cluster.apply(0, new Command.RemoveNode("node1")));
        assertTrue(cluster.view().node(1).isEmpty() && cluster.view().store(1).isEmpty());
        refused(Refusal.NOT_ALLOWED, cluster.register(1, 9, Map.of()));
        cluster.state = Cluster.load(cluster.bytes());
        refused(Refusal.NOT_ALLOWED, cluster.register(1, 9, Map.of()));
    }

    @Test
    void aCancelledDrainChangesNothingMore() {
        cluster.apply(0, new Command.DrainNode("node1", true));
        assertTrue(!repairs(1).isEmpty());
        cluster.apply(0, new Command.DrainNode("node1", false));
        assertTrue(
                repairs(1).stream()
                        .allMatch(c -> !(c instanceof Command.AddReplica a) || a.store() == 4));
    }

    /// Does what is planned at that time, until there is nothing left.
    private int spread(long nowMillis) {
        int moves = 0;
        for (var plan = repairs(nowMillis); !plan.isEmpty(); plan = repairs(nowMillis)) {
            assertEquals(1, plan.size(), "one group at a time");
            cluster.apply(0, assertInstanceOf(Command.MovePrimary.class, plan.getFirst()));
            moves++;
        }
        return moves;
    }

    private List<Integer> leads() {
        var leads = new int[5];
        cluster.view().groups().forEach(g -> leads[g.primary().orElseThrow().store()]++);
        return List.of(leads[1], leads[2], leads[3]);
    }

    /// Twelve groups on three nodes; node 1 was away for a moment.
    @Test
    void whoReturnsDoesNotLeadAtOnceAndPrimariesMoveBackOneByOneLater() {
        Cluster fresh = Cluster.empty();
        for (int node = 1; node <= 3; node++) {
            fresh.register(node, 1, Map.of());
        }
        fresh.done(new Command.InitializeCluster(Cluster.config(12)));
        cluster.state = fresh.state;
        assertEquals(List.of(4, 4, 4), leads());
        cluster.advance(1_000);
        cluster.apply(0, new Command.NodeLost(1, 1));
        assertEquals(0, leads().getFirst());
        cluster.register(1, 2, Map.of());
        for (Group group : cluster.view().groups()) {
            cluster.apply(0, new Command.ReplicaSynced(group.id(), group.epoch(), 1));
        }
        assertEquals(3, group().serving());
        assertEquals(0, leads().getFirst(), "who led meanwhile goes on");
        cluster.state = Cluster.load(cluster.bytes());
        long serving = cluster.view().store(1).orElseThrow().servingSinceMillis();
        spread(serving + SETTLE - 1);
        assertEquals(0, leads().getFirst());
        int moves = spread(serving + SETTLE);
        assertTrue(moves >= 3 && moves <= 4, moves + " moves");
        assertTrue(leads().stream().allMatch(lead -> lead >= 3 && lead <= 5), leads()::toString);
    }

    private void settle() {
        for (int i = 0; i < 100; i++) {
            repairs(1).forEach(command -> cluster.apply(0, command));
            for (Group group : cluster.view().groups()) {
                group.replicas().stream()
                        .filter(r -> r.state() == SYNCING)
                        .forEach(r ->
                                cluster.apply(
                                        0,
                                        new Command.ReplicaSynced(
                                                group.id(), group.epoch(), r.store())));
            }
        }
        assertEquals(List.of(), repairs(1));
    }
}
