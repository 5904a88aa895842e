package io.coppice.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SealedBlocksTest {
    private static final int BLOCKS = 300;

    private final SealedBlocks kept = new SealedBlocks((long) BLOCKS << Blocks.BLOCK_SHIFT);

    private static ByteBuf content(long chunk, int block) {
        ByteBuf data = Unpooled.buffer(Blocks.BLOCK_BYTES);
        var random = new Random(chunk * 31 + block);
        while (data.writableBytes() > 0) {
            data.writeLong(random.nextLong());
        }
        return data;
    }

    private void read(long chunk, int block) {
        read(chunk, block, 1);
    }

    private void read(long chunk, int block, int count) {
        boolean isHere = kept.hasAll(chunk, block, count);
        for (int i = block; i < block + count; i++) {
            if (isHere) {
                ByteBuf found = Unpooled.buffer().writeZero(Blocks.BLOCK_BYTES);
                kept.copy(chunk, i, 0, Blocks.BLOCK_BYTES, found, 0);
                assertEquals(content(chunk, i), found, chunk + ":" + i);
            } else {
                kept.offer(chunk, i, content(chunk, i), 0);
            }
        }
        if (isHere) {
            kept.recalled(chunk, block, count);
        }
    }

    @Test
    void aBlockIsKeptTheSecondTimeItIsRead() {
        read(1, 0);
        assertFalse(kept.hasAll(1, 0, 1));
        read(1, 0);
        assertTrue(kept.hasAll(1, 0, 1));
        assertFalse(kept.hasAll(1, 0, 2), "only a part is here");
        read(1, 0);
        assertEquals(1, kept.count());
    }

    @Test
    void whatIsFoundIsRightWhateverIsReadAndTheBoundHolds() {
        var random = new Random(5);
        int hits = 0;
        for (int i = 0; i < 200_000; i++) {
            // A few chunks are hot.
            long chunk = 1 + (random.nextInt(4) > 0 ? random.nextInt(3) : random.nextInt(40));
            int block = random.nextInt(64);
            int count = 1 + random.nextInt(4);
            hits += kept.hasAll(chunk, block, count) ? 1 : 0;
            read(chunk, block, count);
            for (int ahead = 0; random.nextInt(4) == 0 && ahead < 8; ahead++) {
                int next = block + count + ahead;
                kept.ahead(chunk, next, content(chunk, next), 0);
            }
            assertTrue(kept.count() <= BLOCKS);
        }
        assertTrue(hits > 100_000, hits + " hits");
    }

    @Test
    void readingEverythingOnceDrivesNothingOut() {
        for (int i = 0; i < 10; i++) { // some are forgotten for others with the same place
            for (int block = 0; block < 200; block++) {
                read(1, block);
            }
        }
        assertTrue(kept.hasAll(1, 0, 200));
        for (int block = 0; block < 10_000; block++) {
            read(2, block);
        }
        assertTrue(kept.hasAll(1, 0, 200));
    }

    @Test
    void whatIsReadAheadIsKeptAtOnceAndDrivesNothingElseOut() {
        for (int i = 0; i < 2; i++) {
            read(1, 0);
        }
        for (int block = 0; block < 10_000; block++) {
            kept.ahead(2, block, content(2, block), 0);
            assertTrue(kept.hasAll(2, Math.max(0, block - 36), Math.min(block + 1, 37)));
            read(2, block);
        }
        assertFalse(kept.hasAll(2, 9_962, 1), "the oldest are gone");
        assertEquals(38, kept.count());
        read(2, 9_990); // for the second time
        for (int block = 0; block < 100; block++) {
            kept.ahead(3, block, content(3, block), 0);
        }
        assertTrue(kept.hasAll(2, 9_990, 1), "it is one of the others now");
        read(2, 9_990);
        assertTrue(kept.hasAll(1, 0, 1));
        assertEquals(39, kept.count());
    }

    @Test
    void aPartOfABlockAndZeros() {
        kept.offer(1, 0, null, 0);
        kept.offer(1, 0, null, 0);
        ByteBuf found = Unpooled.buffer().writeLong(-1).writeLong(-1);
        kept.copy(1, 0, 100, 8, found, 4);
        assertEquals(0xFFFFFFFF00000000L, found.getLong(0));
        assertEquals(0x00000000FFFFFFFFL, found.getLong(8));
    }

    @Test
    void clearedItForgetsAlsoWhatWasReadOnce() {
        read(1, 0);
        read(1, 0);
        read(1, 1);
        kept.clear();
        assertEquals(0, kept.count());
        assertFalse(kept.hasAll(1, 0, 1));
        read(1, 1);
        assertFalse(kept.hasAll(1, 1, 1));
    }

    @Test
    void withoutRoomNothingIsKept() {
        var none = new SealedBlocks(Blocks.BLOCK_BYTES - 1);
        none.offer(1, 0, null, 0);
        none.offer(1, 0, null, 0);
        assertFalse(none.hasAll(1, 0, 1));
        var one = new SealedBlocks(Blocks.BLOCK_BYTES);
        for (int block = 0; block < 10; block++) {
            one.offer(1, block, null, 0);
            one.offer(1, block, null, 0);
            assertTrue(one.hasAll(1, block, 1));
            assertEquals(1, one.count());
        }
    }
}
