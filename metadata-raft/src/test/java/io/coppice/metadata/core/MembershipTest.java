package io.coppice.metadata.core;

import static io.coppice.metadata.core.ReplicaState.DOWN;
import static io.coppice.metadata.core.ReplicaState.LAST;
import static io.coppice.metadata.core.ReplicaState.SERVING;
import static io.coppice.metadata.core.ReplicaState.SYNCING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.coppice.model.Position;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Nodes come and go; min-write-replicas is 2 of 3. Every test follows one group.
class MembershipTest {
    private final Cluster cluster = Cluster.ready();

    private Group group() {
        return cluster.view().group(0).orElseThrow();
    }

    private List<ReplicaState> states() {
        return List.of(stateOf(1), stateOf(2), stateOf(3));
    }

    private ReplicaState stateOf(int store) {
        return group().replica(store).orElseThrow().state();
    }

    private void lose(int node, long incarnation) {
        cluster.apply(0, new Command.NodeLost(node, incarnation));
    }

    private void back(int node, long incarnation, long sequence) {
        cluster.register(node, incarnation, Map.of(0, new Position(1, sequence)));
    }

    private void synced(int store) {
        assertInstanceOf(
                Outcome.GroupsChanged.class,
                cluster.apply(0, new Command.ReplicaSynced(0, group().epoch(), store)));
    }

    @Test
    void aLostReplicaComesBackByCatchingUp() {
        lose(1, 1);
        assertEquals(List.of(DOWN, SERVING, SERVING), states());
        assertEquals(2, group().epoch());
        back(1, 2, 10);
        assertEquals(List.of(SYNCING, SERVING, SERVING), states());
        assertEquals(3, group().epoch());
        synced(1);
        assertEquals(List.of(SERVING, SERVING, SERVING), states());
        assertEquals(4, group().epoch());
    }

    @Test
    void whoLeadsGoesOnLeadingWhenOneBeforeItHasCaughtUp() {
        int first = group().primary().orElseThrow().store();
        lose(first, 1);
        int heir = group().primary().orElseThrow().store();
        back(first, 2, 10);
        synced(first);
        assertEquals(heir, group().primary().orElseThrow().store());
        assertEquals(first, group().replicas().get(1).store());
        lose(heir, 1);
        assertEquals(first, group().primary().orElseThrow().store());
    }

    @Test
    void aRestartTakesTheReplicaOutOfServiceFirst() {
        back(1, 2, 10);
        assertEquals(List.of(SYNCING, SERVING, SERVING), states());
        lose(1, 1);
        assertEquals(SYNCING, stateOf(1), "that incarnation is gone already");
    }

    @Test
    void aSessionThatReconnectsKeepsItsReplicas() {
        long epoch = group().epoch();
        back(1, 1, 10);
        assertEquals(List.of(SERVING, SERVING, SERVING), states());
        assertEquals(epoch, group().epoch());
    }

    @Test
    void whenAllWentThoseThatHaveEverythingWaitForEachOtherAndTheLongestLeads() {
        lose(1, 1);
        lose(2, 1);
        lose(3, 1);
        assertEquals(List.of(DOWN, LAST, LAST), states());
        back(1, 2, 99);
        back(2, 2, 7);
        assertEquals(List.of(DOWN, LAST, LAST), states(), "3 may be longer");
        back(3, 2, 8);
        assertEquals(List.of(SYNCING, SYNCING, SERVING), states());
        assertEquals(3, group().primary().orElseThrow().store());
    }

    @Test
    void afterTheGraceOneOfTheLastIsEnough() {
        lose(1, 1);
        lose(2, 1);
        lose(3, 1);
        back(1, 2, 99);
        back(2, 2, 7);
        cluster.apply(0, new Command.ElectLast(0));
        assertEquals(List.of(SYNCING, SERVING, LAST), states());
        synced(1);
        assertEquals(List.of(SERVING, SERVING, DOWN), states(), "writes go on without 3");
    }

    /// 1 loses what was not synced, and is believed to serve until it is back. 3 has everything and
    /// waits for it; 2 has it too, but nobody knows.
    @Test
    void whoWaitsToCatchUpAndHasEverythingLeadsBeforeOneThatComesBackShorter() {
        lose(2, 1);
        lose(3, 1);
        back(2, 2, 80);
        back(3, 2, 80);
        assertEquals(List.of(SERVING, SYNCING, SYNCING), states());
        back(1, 2, 78);
        assertEquals(List.of(SYNCING, SYNCING, SERVING), states());
        lose(3, 2);
        assertEquals(List.of(SYNCING, SYNCING, LAST), states());
        cluster.apply(0, new Command.ElectLast(0));
        assertEquals(List.of(SERVING, SYNCING, LAST), states(), "1 is equal to 3 by now, 2 is not");
    }

    /// Two that went at once are both LAST; the one that leads alone then writes alone.
    @Test
    void whereOneIsEnoughForAWriteTheOthersAreOvertakenAtOnce() {
        var last = new Replica(1, LAST, new Position(1, 9));
        var group = new Group(0, 5, List.of(last, new Replica(2, LAST, new Position(1, 8))), 1, 0);
        Group alone = Membership.elected(group, store -> store == 1, true, 1);
        assertEquals(
                List.of(SERVING, DOWN), alone.replicas().stream().map(Replica::state).toList());
        Group both = Membership.elected(group, store -> true, false, 1);
        assertEquals(
                List.of(SERVING, SYNCING), both.replicas().stream().map(Replica::state).toList());
        Group gone = Membership.left(both, store -> true, store -> false, 1);
        assertEquals(List.of(LAST, DOWN), gone.replicas().stream().map(Replica::state).toList());
    }

    private void backAfterPowerLoss(int node, long incarnation, long sequence) {
        cluster.register(node, incarnation, false, Map.of(0, new Position(1, sequence)));
    }

    @Test
    void whenAllOfTheLastLostTheirPowerTheEpochSaysThatWritesMayBeLost() {
        lose(1, 1);
        lose(2, 1);
        lose(3, 1);
        back(1, 2, 99); // it is not one of the last
        backAfterPowerLoss(2, 2, 7);
        back(2, 3, 7); // a restart of the process alone brings nothing back
        backAfterPowerLoss(3, 2, 8);
        long elected = group().epoch();
        assertEquals(SERVING, stateOf(3));
        assertEquals(elected, group().lossEpoch());
        synced(1);
        synced(2);
        lose(3, 2);
        assertEquals(elected, group().lossEpoch(), "that was then");
    }

    /// Also if it says that it is further: it may have died while it caught up to there.
    @Test
    void oneOfTheLastThatKeptItsPowerLeadsAndNothingIsLost() {
        lose(1, 1);
        lose(2, 1);
        lose(3, 1);
        backAfterPowerLoss(2, 2, 9);
        back(3, 2, 8);
        assertEquals(SERVING, stateOf(3));
        assertEquals(0, group().lossEpoch());
    }

    @Test
    void whoHasCaughtUpSinceItLostItsPowerHasEverythingAgain() {
        backAfterPowerLoss(1, 2, 10);
        synced(1);
        lose(2, 1);
        lose(3, 1);
        lose(1, 2);
        back(1, 3, 10);
        back(3, 2, 9);
        assertEquals(SERVING, stateOf(1));
        assertEquals(0, group().lossEpoch());
    }

    private void failDisk(int node, long incarnation) {
        cluster.apply(
                0,
                new Command.RegisterNode(
                        "node" + node,
                        "h",
                        "h",
                        incarnation,
                        node,
                        "rack" + node,
                        "",
                        List.of(),
                        List.of("store" + node)));
    }

    /// 2 lost what was not synced, 1 has everything and is only away.
    @Test
    void aStoreThatFailedDoesNotLeadWhileOneThatHasEverythingMayReturn() {
        lose(3, 1);
        failDisk(2, 1);
        assertEquals(List.of(SERVING, LAST, DOWN), states());
        lose(1, 1);
        assertEquals(List.of(LAST, LAST, DOWN), states());
        back(2, 2, 99);
        cluster.apply(0, new Command.ElectLast(0));
        assertEquals(List.of(LAST, LAST, DOWN), states(), "not after the grace either");
        back(1, 2, 50);
        assertEquals(List.of(SERVING, SYNCING, DOWN), states(), "nor is it longer");
    }

    @Test
    void oneThatHasEverythingDoesNotWaitForAStoreThatFailed() {
        lose(3, 1);
        failDisk(2, 1);
        lose(1, 1);
        cluster.state = Cluster.load(cluster.bytes());
        back(1, 2, 50);
        assertEquals(List.of(SERVING, LAST, DOWN), states(), "2 is kept: nothing is written yet");
        back(3, 2, 10);
        synced(3);
        assertEquals(List.of(SERVING, DOWN, SERVING), states());
    }

    /// What was flushed is on both, and on nobody else.
    @Test
    void whereOnlyStoresThatFailedAreLeftTheLongestOfThemLeads() {
        lose(3, 1);
        failDisk(2, 1);
        failDisk(1, 1);
        assertEquals(List.of(LAST, LAST, DOWN), states());
        back(3, 2, 99);
        cluster.apply(0, new Command.ElectLast(0));
        assertEquals(List.of(LAST, LAST, DOWN), states(), "3 lacks what was written without it");
        back(2, 2, 40);
        assertEquals(List.of(LAST, LAST, DOWN), states(), "1 may be longer");
        back(1, 2, 41);
        assertEquals(List.of(SERVING, SYNCING, SYNCING), states());
    }

    @Test
    void withoutOneOfTheLastNobodyLeads() {
        lose(1, 1);
        lose(2, 1);
        lose(3, 1);
        back(1, 2, 99);
        cluster.apply(0, new Command.ElectLast(0));
        assertEquals(List.of(DOWN, LAST, LAST), states());
    }

    @Test
    void aStaleViewChangesNothing() {
        lose(1, 1);
        back(1, 2, 0);
        var stale = cluster.apply(0, new Command.ReplicaSynced(0, 1, 1));
        assertEquals(Refusal.STALE, assertInstanceOf(Outcome.Refused.class, stale).code());
        var foreign = cluster.apply(0, new Command.ReplicaFailed(0, group().epoch(), 9, "x"));
        assertEquals(Refusal.NOT_FOUND, assertInstanceOf(Outcome.Refused.class, foreign).code());
    }

    @Test
    void aFailedReplicaReturnsWhenItsNodeRegistersAgain() {
        cluster.apply(0, new Command.ReplicaFailed(0, group().epoch(), 2, "link"));
        assertEquals(List.of(SERVING, DOWN, SERVING), states());
        back(2, 1, 5);
        assertEquals(List.of(SERVING, SYNCING, SERVING), states());
    }

    @Test
    void aServingReplicaMayBePutFirst() {
        int last = group().replicas().getLast().store();
        cluster.apply(0, new Command.MovePrimary(0, group().epoch(), last));
        assertEquals(last, group().primary().orElseThrow().store());
        assertEquals(2, group().epoch());
    }

    @Test
    void nodesOfAnotherClusterAndOldProcessesAreRefused() {
        var store = List.of(new Command.StoreReport("store1", 1, true, List.of()));
        var other = new Command.RegisterNode("node1", "h", "h", 5, 1, "r", "elsewhere", store);
        var refused = assertInstanceOf(Outcome.Refused.class, cluster.apply(0, other));
        assertEquals(Refusal.NOT_ALLOWED, refused.code());
        back(1, 9, 0);
        var old = new Command.RegisterNode("node1", "h", "h", 8, 1, "r", "c1", store);
        refused = assertInstanceOf(Outcome.Refused.class, cluster.apply(0, old));
        assertEquals(Refusal.NOT_ALLOWED, refused.code());
        var stolen = new Command.RegisterNode("node7", "h", "h", 8, 1, "r", "c1", store);
        refused = assertInstanceOf(Outcome.Refused.class, cluster.apply(0, stolen));
        assertEquals(Refusal.CONFLICT, refused.code());
    }

    @Test
    void initializingWaitsForEnoughNodesAndHappensOnce() {
        Cluster fresh = Cluster.empty();
        fresh.register(1, 1, Map.of());
        var init = new Command.InitializeCluster(Cluster.config(0));
        var refused = assertInstanceOf(Outcome.Refused.class, fresh.apply(4, init));
        assertEquals(Refusal.UNAVAILABLE, refused.code());
        fresh.register(2, 1, Map.of());
        fresh.register(3, 1, Map.of());
        fresh.done(init);
        assertEquals(32, fresh.view().groups().size());
        assertEquals(Outcome.Nothing.INSTANCE, fresh.done(init));
    }
}
