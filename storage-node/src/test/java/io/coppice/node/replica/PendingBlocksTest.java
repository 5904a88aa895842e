package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/// Reads that wait for a write, and what becomes of them.
@NullUnmarked
class PendingBlocksTest {
    private static final long CHUNK = 7;

    private final List<String> heard = new ArrayList<>();
    private final ReplicaWorld world =
            new ReplicaWorld(
                    1,
                    new ReplicaLimits(2, false, 8, 1_000, 16, 1_000, 2, 4, 4, 1_024, 0),
                    new ReplicaWorld.Callers() {
                        @Override
                        public void answered(Ticket ticket, Outcome outcome, ReplicaWorld.Node by) {
                            heard.add(outcome.toString());
                        }

                        @Override
                        public void read(Ticket ticket, ReplicaWorld.Node by) {
                            heard.add("served");
                        }

                        @Override
                        public void purged(long[] chunks) {}

                        @Override
                        public void barrierPassed(long barrier) {}
                    });
    private final ReplicaWorld.Node node = world.nodes.get(1);
    private final PendingBlocks pending = new PendingBlocks(4, node.disk);
    private final Operation write =
            new Operation(
                    1,
                    1,
                    Change.write(CHUNK, 0, false, 0, 1, new int[1], Payload.NONE),
                    Origin.GROUP);

    private void readDuringWrite() {
        node.disk.chunks.put(CHUNK, new ModelStore.Chunk());
        pending.add(write);
        pending.await(new Ticket() {}, CHUNK, 0, 1, node);
        assertEquals(List.of(), heard);
    }

    @Test
    void aReadIsServedOnceTheWriteIsAcknowledged() {
        readDuringWrite();
        pending.remove(write, node);
        assertEquals(List.of("served"), heard);
    }

    /// Its volume was deleted meanwhile: zeros would be a lie.
    @Test
    void aReadOfAChunkThatWasPurgedMeanwhileIsNotServed() {
        readDuringWrite();
        node.disk.chunks.remove(CHUNK);
        pending.remove(write, node);
        assertEquals(List.of("NO_SUCH_CHUNK"), heard);
    }
}
