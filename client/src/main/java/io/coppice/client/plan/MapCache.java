package io.coppice.client.plan;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Pages of a device's chunk map, the least recently used dropped above a bound. Page p covers the
/// chunk indexes `[p * 512, (p + 1) * 512)`.
final class MapCache {
    static final int PAGE_SHIFT = 9;
    static final int PAGE_SLOTS = 1 << PAGE_SHIFT;
    private static final int SLOT_MASK = PAGE_SLOTS - 1;
    private static final long[] NO_CHUNKS = {};

    /// Slots past the end of `chunks` are unmapped. `owned` speaks of `generation`; in a later one
    /// nothing is owned.
    static final class Page {
        private long[] chunks;
        private long[] tags;
        private long[] writeTags;
        private final long[] owned = new long[PAGE_SLOTS / Long.SIZE];
        private long generation;

        private Page(long[] chunks, Tags tags, long generation) {
            this.chunks = chunks;
            this.tags = tags.read();
            this.writeTags = tags.write();
            this.generation = generation;
        }

        long chunk(long index) {
            return at(chunks, index);
        }

        /// To read the slot's chunk, or derive from it.
        long tag(long index) {
            return at(tags, index);
        }

        /// To change the slot's chunk, while it is owned.
        long writeTag(long index) {
            return at(writeTags, index);
        }

        private static long at(long[] values, long index) {
            int slot = (int) index & SLOT_MASK;
            return slot < values.length ? values[slot] : 0;
        }

        boolean isOwned(long index, long presentGeneration) {
            int slot = (int) index & SLOT_MASK;
            return generation == presentGeneration && (owned[slot >> 6] & 1L << slot) != 0;
        }

        /// A chunk that the present generation has put there; 0: none is any more.
        private void set(long index, long chunk, long tag, long writeTag, long presentGeneration) {
            int slot = (int) index & SLOT_MASK;
            chunks = with(chunks, slot, chunk);
            tags = with(tags, slot, tag);
            writeTags = with(writeTags, slot, writeTag);
            if (generation != presentGeneration) {
                java.util.Arrays.fill(owned, 0);
                generation = presentGeneration;
            }
            if (chunk != 0) {
                owned[slot >> 6] |= 1L << slot;
            } else {
                owned[slot >> 6] &= ~(1L << slot);
            }
        }
    }

    /// What is past the end of `values` is 0.
    private static long[] with(long[] values, int slot, long value) {
        if (slot >= values.length && value == 0) {
            return values;
        }
        long[] wide =
                slot < values.length
                        ? values
                        : java.util.Arrays.copyOf(values, slot < 64 ? 64 : PAGE_SLOTS);
        wide[slot] = value;
        return wide;
    }

    private final Map<Long, Page> pages;

    /// Neighbours are asked for one after the other: this spares the map in the steady state.
    private long lastNumber = -1;

    private @Nullable Page last;

    MapCache(int pagesMax) {
        pages =
                new LinkedHashMap<>(16, 0.75f, true) {
                    private static final long serialVersionUID = 1L;

                    @Override
                    protected boolean removeEldestEntry(Map.Entry<Long, Page> eldest) {
                        return size() > pagesMax;
                    }
                };
    }

    static long pageOf(long index) {
        return index >>> PAGE_SHIFT;
    }

    /// Null: not loaded.
    @Nullable Page page(long index) {
        long number = pageOf(index);
        if (number != lastNumber) {
            lastNumber = number;
            last = pages.get(number);
        }
        return last;
    }

    void put(long number, long[] chunks, byte[] ownedBits, Tags tags, long generation) {
        var page = new Page(chunks.length == 0 ? NO_CHUNKS : chunks, tags, generation);
        for (int i = 0; i < ownedBits.length && i < PAGE_SLOTS / Byte.SIZE; i++) {
            page.owned[i >> 3] |= (ownedBits[i] & 0xFFL) << ((i & 7) * Byte.SIZE);
        }
        pages.put(number, page);
        lastNumber = -1;
    }

    /// A flip of our own: the page follows if it is here.
    void flipped(long index, long chunk, long tag, long writeTag, long presentGeneration) {
        Page page = page(index);
        if (page != null) {
            page.set(index, chunk, tag, writeTag, presentGeneration);
        }
    }

    void drop(long number) {
        pages.remove(number);
        lastNumber = -1;
    }

    void clear() {
        pages.clear();
        lastNumber = -1;
    }

    int size() {
        return pages.size();
    }
}
