package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.node.replica.ReplicaWorldTest.Run;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.LongRange;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/// A group of which a member is alive for the quorum, but too slow for, or cut off from, the
/// others.
@NullUnmarked
class SlowMembersTest {
    /// The runs wait no longer than so many ticks for a member.
    private static final int SLOW_TICKS = 3;

    @Property(seed = "26", tries = 300, shrinking = ShrinkingMode.OFF)
    void replicasThatLeaveTheSlowBehindKeepWhatWasAcknowledged(
            @ForAll @LongRange(min = 1, max = Integer.MAX_VALUE) long seed) {
        new Run(seed, true, SLOW_TICKS).run(600);
    }

    @Property(seed = "26", tries = 500, shrinking = ShrinkingMode.OFF)
    void replicasThatAreCutOffKeepWhatWasAcknowledged(
            @ForAll @LongRange(min = 1, max = Integer.MAX_VALUE) long seed) {
        new Run(seed, true, seed % 2 == 0 ? SLOW_TICKS : 0, true).run(600);
    }

    @Test
    void aMemberThatStandsStillIsLeftBehindAndComesBackOnceItKeepsUp() {
        var run = new Run(5, false, SLOW_TICKS);
        run.writeAndTick(2);
        for (int round = 1; round <= 3; round++) {
            run.world.cutOff = 3;
            run.writeAndTick(SLOW_TICKS - 1);
            assertTrue(!run.underWay.isEmpty() && run.world.allServe(), "it is waited for");
            run.writeAndTick(2);
            assertEquals(Map.of(), run.underWay, "the others go on");
            assertEquals(GroupView.State.SYNCING, run.world.view().stateOf(3));
            run.world.cutOff = 0;
            int ticks = 0;
            while (!run.world.allServe()) {
                run.writeAndTick(1);
                ticks++;
            }
            assertTrue(ticks >= SLOW_TICKS << (round - 1), "it must not flap: " + ticks);
        }
        run.rest();
        run.check();
    }

    @Test
    void aPrimaryThatReachesNobodyHandsOver() {
        var run = new Run(5, false, SLOW_TICKS);
        run.writeAndTick(2);
        run.world.cutOff = 1;
        run.writeAndTick(3 * SLOW_TICKS - 1);
        assertEquals(1, run.world.view().primary());
        run.writeAndTick(3);
        assertEquals(2, run.world.view().primary());
        assertTrue(run.underWay.isEmpty(), "the others go on");
        assertEquals(GroupView.State.SYNCING, run.world.view().stateOf(1));
        run.rest();
        run.check();
    }

    @Test
    void aNewPrimaryThatCannotReconcileHandsOver() {
        var run = new Run(5, false, SLOW_TICKS);
        run.writeAndTick(2);
        run.world.crash(1);
        run.world.restart(1);
        while (run.world.view().stateOf(1) != GroupView.State.SERVING) {
            run.writeAndTick(1);
            run.world.cutOff = run.world.view().primary() == 1 ? 1 : 0;
        }
        run.world.cutOff = 1;
        run.writeAndTick(3 * SLOW_TICKS + 2);
        assertEquals(2, run.world.view().primary());
        run.rest();
        run.check();
    }

    @Test
    void aReplicaThatLeavesAnswersNothingMoreInItsEpoch() {
        var world = new Run(5, false, SLOW_TICKS).world;
        GroupReplica replica = java.util.Objects.requireNonNull(world.nodes.get(1).replica);
        long epoch = replica.epoch();
        replica.leave("test");
        assertEquals(Outcome.STALE_EPOCH, replica.servesIn(epoch));
        assertEquals(Outcome.STALE_EPOCH, replica.flushesIn(epoch));
        while (world.step()) {}
        assertEquals(2, world.view().primary());
    }

    @Test
    void aReplicaThatIsNeededStays() {
        var world = new Run(5, false, SLOW_TICKS).world;
        world.crash(3);
        world.restart(3); // it serves no more, and nothing is delivered yet
        GroupReplica replica = java.util.Objects.requireNonNull(world.nodes.get(1).replica);
        replica.view(world.view());
        replica.leave("test");
        assertEquals(Outcome.OK, replica.servesIn(replica.epoch()));
    }
}
