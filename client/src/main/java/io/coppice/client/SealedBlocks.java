package io.coppice.client;

import io.coppice.model.Blocks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Blocks of sealed chunks, which nothing changes any more: what many clones of one image read
/// comes over the network once. A block is kept the second time it is read, so that reading
/// something once, from its beginning to its end, drives nothing out. What goes is found by CLOCK
/// (Corbato 1968). What is read ahead is kept at once, in a part of its own, first in, first out.
/// Memory is taken as it is needed, up to the bound. Blocks of encrypted volumes are here as plain
/// text: who shares a chunk has the same data key. On the event loop.
final class SealedBlocks {
    private static final int ARENA_SHIFT = 8;
    private static final int ARENA_BLOCKS = 1 << ARENA_SHIFT;
    private static final int NONE = -1;

    /// So many times as many blocks are remembered by name only.
    private static final int SEEN_PER_BLOCK = 2;

    private static final int SEEN_SET = 4;

    /// So large a part is for what is read ahead.
    private static final int AHEAD_PART = 8;

    /// Places below this one are for what is read ahead.
    private final int aheadCapacity;

    private int aheadHand;
    private final int capacity;
    private final @Nullable ByteBuf[] arenas;

    /// What is where; chunk 0: nothing.
    private final long[] chunks;

    private final int[] blocks;

    /// Read since the hand passed.
    private final boolean[] used;

    /// Hash chains: the first of each, and the next of each block.
    private final int[] heads;

    private final int[] nexts;
    private final long[] seen;
    private int count;

    /// Of the others those below this one were taken at least once.
    private int taken;

    private int hand;

    /// @param bytes at most so many; 0: nothing is kept
    SealedBlocks(long bytes) {
        capacity = (int) Math.min(Integer.MAX_VALUE / 4, bytes >>> Blocks.BLOCK_SHIFT);
        aheadCapacity = capacity / AHEAD_PART;
        taken = hand = aheadCapacity;
        arenas = new ByteBuf[(capacity + ARENA_BLOCKS - 1) >>> ARENA_SHIFT];
        chunks = new long[capacity];
        blocks = new int[capacity];
        used = new boolean[capacity];
        nexts = new int[capacity];
        heads = new int[tableSize(capacity)];
        seen = new long[Math.max(SEEN_SET, tableSize(capacity * SEEN_PER_BLOCK))];
        Arrays.fill(heads, NONE);
    }

    private static int tableSize(int entries) {
        return entries <= 1 ? 1 : Integer.highestOneBit(entries - 1) << 1;
    }

    /// Blocks that are here.
    int count() {
        return count;
    }

    boolean hasAll(long chunk, int block, int blockCount) {
        if (count == 0) {
            return false;
        }
        for (int i = 0; i < blockCount; i++) {
            if (find(chunk, block + i) == NONE) {
                return false;
            }
        }
        return true;
    }

    /// Copies `length` bytes from `skip` on in a block that is here.
    void copy(long chunk, int block, int skip, int length, ByteBuf target, int index) {
        int at = find(chunk, block);
        target.setBytes(index, arena(at), offset(at) + skip, length);
    }

    /// Blocks that are here were copied, all of them. What is done for one may cost another its
    /// place, so it is done at the end.
    void recalled(long chunk, int block, int blockCount) {
        for (int i = block; i < block + blockCount; i++) {
            int at = find(chunk, i);
            if (at == NONE) {
                continue;
            }
            used[at] = true;
            if (at < aheadCapacity && isSeenAgain(chunk, i)) {
                promote(at);
            }
        }
    }

    /// The block was read ahead; it is kept until so many others were. `data` null: zeros.
    void ahead(long chunk, int block, @Nullable ByteBuf data, int index) {
        if (aheadCapacity == 0 || find(chunk, block) != NONE) {
            return;
        }
        int at = aheadHand;
        arena(at); // or there is no memory: then nothing has changed
        aheadHand = at + 1 == aheadCapacity ? 0 : at + 1;
        if (chunks[at] != 0) {
            unlink(at);
        }
        fill(at, chunk, block, data, index);
    }

    /// The block has been read; it is kept if that was so before. `data` null: zeros.
    void offer(long chunk, int block, @Nullable ByteBuf data, int index) {
        if (capacity == 0 || find(chunk, block) != NONE || !isSeenAgain(chunk, block)) {
            return;
        }
        fill(free(), chunk, block, data, index);
    }

    /// Forgets all of it.
    void clear() {
        count = aheadHand = 0;
        taken = hand = aheadCapacity;
        Arrays.fill(chunks, 0);
        Arrays.fill(heads, NONE);
        Arrays.fill(seen, 0);
    }

    private int find(long chunk, int block) {
        int at = heads[bucket(chunk, block)];
        while (at != NONE && (chunks[at] != chunk || blocks[at] != block)) {
            at = nexts[at];
        }
        return at;
    }

    /// A block that was read ahead is wanted again: it moves to the others.
    private void promote(int at) {
        int to = free();
        long chunk = chunks[at];
        int block = blocks[at];
        unlink(at);
        fill(to, chunk, block, arena(at), offset(at));
    }

    private void fill(int at, long chunk, int block, @Nullable ByteBuf data, int index) {
        count++;
        chunks[at] = chunk;
        blocks[at] = block;
        used[at] = false;
        int bucket = bucket(chunk, block);
        nexts[at] = heads[bucket];
        heads[bucket] = at;
        if (data == null) {
            arena(at).setZero(offset(at), Blocks.BLOCK_BYTES);
        } else {
            arena(at).setBytes(offset(at), data, index, Blocks.BLOCK_BYTES);
        }
    }

    /// A place for a block that is to be kept.
    private int free() {
        if (taken < capacity) {
            arena(taken); // or there is no memory: then nothing has changed
            return taken++;
        }
        while (used[hand]) {
            used[hand] = false;
            hand = next(hand);
        }
        int gone = hand;
        hand = next(hand);
        unlink(gone);
        return gone;
    }

    private int next(int place) {
        return place + 1 == capacity ? aheadCapacity : place + 1;
    }

    private void unlink(int gone) {
        count--;
        int bucket = bucket(chunks[gone], blocks[gone]);
        chunks[gone] = 0;
        if (heads[bucket] == gone) {
            heads[bucket] = nexts[gone];
        } else {
            int before = heads[bucket];
            while (nexts[before] != gone) {
                before = nexts[before];
            }
            nexts[before] = nexts[gone];
        }
    }

    /// Names of blocks stand in small sets, the newest first; the oldest of a set is forgotten.
    private boolean isSeenAgain(long chunk, int block) {
        long hash = hash(chunk, block);
        int first = (int) (hash >>> 32) & (seen.length - 1) & -SEEN_SET;
        int last = first + SEEN_SET - 1;
        for (int place = first; place <= last; place++) {
            if (seen[place] == hash) {
                System.arraycopy(seen, place + 1, seen, place, last - place);
                seen[last] = 0;
                return true;
            }
        }
        System.arraycopy(seen, first, seen, first + 1, SEEN_SET - 1);
        seen[first] = hash;
        return false;
    }

    private int bucket(long chunk, int block) {
        return (int) hash(chunk, block) & (heads.length - 1);
    }

    /// Never 0. SplitMix64's finalizer (Steele et al. 2014).
    private static long hash(long chunk, int block) {
        long z = chunk * 0x9E3779B97F4A7C15L + block;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31 | 1L << 63;
    }

    private ByteBuf arena(int at) {
        ByteBuf arena = arenas[at >>> ARENA_SHIFT];
        if (arena == null) {
            int size = Math.min(ARENA_BLOCKS, capacity) << Blocks.BLOCK_SHIFT;
            arena = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(size));
            arenas[at >>> ARENA_SHIFT] = arena;
        }
        return arena;
    }

    private static int offset(int at) {
        return (at & ARENA_BLOCKS - 1) << Blocks.BLOCK_SHIFT;
    }
}
