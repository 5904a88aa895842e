package io.coppice.node.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.coppice.model.Position;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class ChangedBlocksTest {
    private final ModelStore store = new ModelStore();
    private final ChangedBlocks changed = new ChangedBlocks();
    private long sequence;

    private Position write(long chunk, int block) {
        var change =
                new Change(
                        Change.Kind.WRITE,
                        chunk,
                        0,
                        !store.exists(chunk),
                        block,
                        1,
                        new int[] {block},
                        Payload.NONE,
                        new long[0]);
        changed.changes(change, store);
        store.apply(new Operation(1, ++sequence, change, Origin.GROUP));
        return store.version(chunk);
    }

    private static BitSet blocks(int... blocks) {
        var set = new BitSet();
        for (int block : blocks) {
            set.set(block);
        }
        return set;
    }

    @Test
    void blocksChangedSinceTheVersionBeforeAreKnown() {
        Position before = write(7, 1);
        changed.note(true);
        assertNull(changed.since(7, before), "nothing changed");
        Position between = write(7, 2);
        write(7, 5);
        assertEquals(blocks(2, 5), changed.since(7, before));
        assertNull(changed.since(7, between), "nobody who was away has that");
        assertNull(changed.since(7, Position.NONE));
    }

    @Test
    void newAndPurgedChunksAreNotKnown() {
        changed.note(true);
        Position made = write(7, 1);
        assertNull(changed.since(7, Position.NONE));
        write(7, 2);
        assertEquals(blocks(2), changed.since(7, made));
        changed.changes(Change.purge(new long[] {7}), store);
        assertNull(changed.since(7, made));
    }

    @Test
    void whenAllServeItIsForgotten() {
        Position before = write(7, 1);
        changed.note(true);
        write(7, 2);
        changed.note(true);
        assertEquals(blocks(2), changed.since(7, before));
        changed.note(false);
        assertNull(changed.since(7, before));
        write(7, 3);
        assertNull(changed.since(7, before));
    }

    @Test
    void moreChunksThanTheBoundAreNotNoted() {
        var first = new Position[ChangedBlocks.CHUNKS_MAX + 1];
        for (int i = 0; i <= ChangedBlocks.CHUNKS_MAX; i++) {
            first[i] = write(i + 1, 0);
        }
        changed.note(true);
        for (int i = 0; i <= ChangedBlocks.CHUNKS_MAX; i++) {
            write(i + 1, 1);
        }
        assertEquals(blocks(1), changed.since(1, first[0]));
        assertNull(changed.since(ChangedBlocks.CHUNKS_MAX + 1, first[ChangedBlocks.CHUNKS_MAX]));
    }
}
