package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.node.replica.ReplicaWorldTest.Run;
import java.util.Set;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/// A group of which a member's store is full for a while.
@NullUnmarked
class FullStoresTest {
    /// While a member is believed to be full no data is sent, so it must speak up by itself.
    @Test
    void aGroupTakesWritesAgainOnceAMemberHasRoom() {
        var run = new Run(5, false);
        run.writeAndTick(2);
        run.world.nodes.get(2).disk.room = Outcome.NO_SPACE;
        for (int i = 0; i < 30 && run.refusals.isEmpty(); i++) {
            run.writeAndTick(1);
        }
        assertEquals(Set.of(Outcome.NO_SPACE), run.refusals);
        assertFalse(run.underWay.isEmpty());
        run.world.nodes.get(2).disk.room = Outcome.OK;
        run.world.tick();
        run.writeAndTick(2);
        assertTrue(run.underWay.isEmpty(), "it is taken at last");
        run.rest();
        run.check();
    }

    /// Clients are told to come back, and hear it when there is no room after all.
    @Test
    void aGroupWaitsForAMemberThatIsMakingRoom() {
        var run = new Run(5, false);
        run.writeAndTick(2);
        run.world.nodes.get(2).disk.room = Outcome.OVERLOADED;
        for (int i = 0; i < 30 && run.refusals.isEmpty(); i++) {
            run.writeAndTick(1);
        }
        assertEquals(Set.of(Outcome.OVERLOADED), run.refusals);
        run.world.nodes.get(2).disk.room = Outcome.NO_SPACE;
        for (int i = 0; i < 30 && run.refusals.size() == 1; i++) {
            run.writeAndTick(1);
        }
        assertEquals(Set.of(Outcome.OVERLOADED, Outcome.NO_SPACE), run.refusals);
        run.world.nodes.get(2).disk.room = Outcome.OK;
        run.world.tick();
        run.writeAndTick(2);
        assertTrue(run.underWay.isEmpty(), "it is taken at last");
        run.rest();
        run.check();
    }

    @Test
    void aReplicaWithoutRoomWaitsWithCatchingUp() {
        var run = new Run(5, true);
        run.writeAndTick(5);
        run.world.crash(3);
        run.writeAndTick(10);
        ModelStore disk = run.world.nodes.get(3).disk;
        disk.room = Outcome.NO_SPACE;
        run.world.restart(3);
        Set<Long> held = Set.copyOf(disk.chunks.keySet());
        run.writeAndTick(20);
        assertTrue(run.underWay.isEmpty(), "the others go on");
        assertEquals(GroupView.State.SYNCING, run.world.view().stateOf(3));
        assertEquals(held, Set.copyOf(disk.chunks.keySet()));
        disk.room = Outcome.OK;
        run.rest();
        run.check();
    }

    /// It fills up while chunks are on their way: it must take neither these nor the live writes of
    /// the others.
    @Test
    void aReplicaThatFillsUpWhileItCatchesUpStartsOver() {
        var run = new Run(5, true);
        run.writeAndTick(5);
        run.world.crash(3);
        run.writeAndTick(30);
        run.world.restart(3);
        ModelStore disk = run.world.nodes.get(3).disk;
        GroupReplica replica = java.util.Objects.requireNonNull(run.world.nodes.get(3).replica);
        while (replica.missingChunks() == 0) {
            assertTrue(run.world.step());
        }
        assertEquals(GroupView.State.SYNCING, run.world.view().stateOf(3));
        disk.room = Outcome.NO_SPACE;
        int installed = disk.installed;
        run.writeAndTick(3);
        Set<Long> held = Set.copyOf(disk.chunks.keySet());
        run.writeAndTick(20);
        assertEquals(installed, disk.installed);
        assertEquals(GroupView.State.SYNCING, run.world.view().stateOf(3));
        assertEquals(held, Set.copyOf(disk.chunks.keySet()));
        disk.room = Outcome.OK;
        run.rest();
        run.check();
    }
}
