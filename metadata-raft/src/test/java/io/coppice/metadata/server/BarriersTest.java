package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class BarriersTest {
    private static final List<VolumeBarrier> VOLUMES =
            List.of(VolumeBarrier.newBuilder().setVolume(1).setSealedGeneration(3).build());

    @Test
    void withoutNodesABarrierIsDoneAtOnce() {
        assertTrue(new Barriers(Set.of(), 0, () -> true).raise(VOLUMES).isDone());
    }

    @Test
    void everyLivingNodeIsWaitedFor() {
        var barriers = new Barriers(Set.of(1, 2), 0, () -> true);
        var told = new ArrayList<Barrier>();
        barriers.connected(1, told::add);
        var done = barriers.raise(VOLUMES);
        barriers.done(1, told.getFirst().getBarrier());
        assertFalse(done.isDone());
        assertEquals(Set.of(2), barriers.waitedFor());
        barriers.lost(2);
        assertTrue(done.isDone());
        assertEquals(0, barriers.underWay());
    }

    @Test
    void aNodeThatWasRemovedWhileItWasAwayIsNotWaitedFor() {
        var barriers = new Barriers(Set.of(1, 2), 0, () -> true);
        var told = new ArrayList<Barrier>();
        Consumer<Barrier> sender = told::add;
        barriers.connected(2, sender);
        var done = barriers.raise(VOLUMES);
        barriers.done(1, told.getFirst().getBarrier());
        barriers.disconnected(2, sender);
        assertFalse(done.isDone());
        barriers.keepOnly(node -> node != 2);
        assertTrue(done.isDone());
        barriers.raise(VOLUMES);
        assertEquals(Set.of(1), barriers.waitedFor());
    }

    @Test
    void nodeThatComesBackIsToldAgain() {
        var barriers = new Barriers(Set.of(), 10, () -> true);
        var told = new ArrayList<Barrier>();
        Consumer<Barrier> firstStream = told::add;
        barriers.connected(1, firstStream);
        var done = barriers.raise(VOLUMES);
        barriers.disconnected(1, firstStream);
        assertFalse(done.isDone());
        barriers.connected(1, told::add);
        assertEquals(2, told.size());
        assertEquals(told.getFirst(), told.getLast());
        barriers.done(1, told.getLast().getBarrier());
        assertTrue(done.isDone());
    }

    @Test
    void nodeThatComesNewIsWaitedForToo() {
        var barriers = new Barriers(Set.of(1), 0, () -> true);
        var done = barriers.raise(VOLUMES);
        var told = new ArrayList<Barrier>();
        barriers.connected(2, told::add);
        barriers.lost(1);
        assertFalse(done.isDone());
        barriers.done(2, told.getFirst().getBarrier());
        assertTrue(done.isDone());
    }

    @Test
    void answersToUnknownBarriersAreIgnored() {
        var barriers = new Barriers(Set.of(1), 0, () -> true);
        barriers.done(1, 99);
        var done = barriers.raise(VOLUMES);
        barriers.done(2, 1);
        assertFalse(done.isDone());
    }

    /// What was never acknowledged may come back while too few serve.
    @Test
    void itWaitsUntilEnoughReplicasServe() {
        boolean[] enough = {false};
        var barriers = new Barriers(Set.of(1), 0, () -> enough[0]);
        var done = barriers.raise(VOLUMES);
        barriers.done(1, 1);
        barriers.lost(1);
        assertFalse(done.isDone());
        enough[0] = true;
        barriers.recheck();
        assertTrue(done.isDone());
        assertEquals(0, barriers.underWay());
    }
}
