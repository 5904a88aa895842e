package io.coppice.client.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// Random reads, writes, patches, discards, snapshots and rollbacks through a cluster that
/// reorders, repeats and refuses, while others look on.
class DevicePlanTest {
    @Property(seed = "26", tries = 800)
    void contentIsLinearAndAcknowledgementsFollowFlips(@ForAll long seed) {
        var world = new PlanWorld(seed);
        int operations = 40 + world.random.nextInt(160);
        int depth = 1 + world.random.nextInt(24);
        int started = 0;
        while (started < operations) {
            if (world.plan.unfinished() < depth && world.random.nextInt(3) == 0) {
                world.startRandom();
                started++;
            }
            if (world.random.nextInt(60) == 0) {
                world.snapshot();
            }
            if (world.random.nextInt(150) == 0) {
                world.rollback();
            }
            if (world.random.nextInt(20) == 0) {
                world.expire();
            }
            if (world.random.nextInt(3) == 0) {
                world.look();
            }
            world.step();
        }
        world.settle();
        assertTrue(world.acknowledged > 0, () -> world.summary().toString());
    }

    @Property(seed = "26", tries = 20)
    void whoWasTakenOverFromDoesNotTakeSomethingForNothing(@ForAll long seed) {
        var world = new PlanWorld(seed);
        world.calmDown();
        for (ChunkOp.Kind kind : List.of(ChunkOp.Kind.READ, ChunkOp.Kind.ZERO)) {
            int index = kind.ordinal();
            world.start(ChunkOp.Kind.READ, index);
            while (world.step()) {}
            world.takeOver(index);
            world.start(kind, index);
            while (world.step()) {}
        }
        assertEquals(4, world.acknowledged, "the world looks at what each of them saw and did");
        world.settle();
    }

    @Property(seed = "26", tries = 50)
    void sameSeedSameRun(@ForAll long seed) {
        assertEquals(run(seed), run(seed));
    }

    private static String run(long seed) {
        var world = new PlanWorld(seed);
        for (int i = 0; i < 60; i++) {
            world.startRandom();
            world.step();
        }
        world.settle();
        return world.summary() + " at " + world.now;
    }
}
