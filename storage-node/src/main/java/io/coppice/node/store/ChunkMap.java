package io.coppice.node.store;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Chunk id -> entry: open addressing, 4 to 8 bytes a slot. One thread.
final class ChunkMap {
    private @Nullable ChunkEntry[] slots = new @Nullable ChunkEntry[16];
    private int size;

    @Nullable ChunkEntry get(long id) {
        return slots[slotOf(id)];
    }

    /// Adds the entry or replaces the one of the same id.
    void put(ChunkEntry entry) {
        int slot = slotOf(entry.id);
        if (slots[slot] == null) {
            if ((size + 1) * 3 > slots.length * 2) {
                grow();
                slot = slotOf(entry.id);
            }
            size++;
        }
        slots[slot] = entry;
    }

    @Nullable ChunkEntry remove(long id) {
        int hole = slotOf(id);
        ChunkEntry removed = slots[hole];
        if (removed == null) {
            return null;
        }
        int mask = slots.length - 1;
        slots[hole] = null;
        for (int slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
            ChunkEntry entry = slots[slot];
            if (entry == null) {
                break;
            }
            int home = hash(entry.id) & mask;
            if (((slot - home) & mask) >= ((slot - hole) & mask)) {
                slots[hole] = entry;
                slots[slot] = null;
                hole = slot;
            }
        }
        size--;
        return removed;
    }

    int size() {
        return size;
    }

    int slotCount() {
        return slots.length;
    }

    @Nullable ChunkEntry slot(int slot) {
        return slot < slots.length ? slots[slot] : null;
    }

    void forEach(Consumer<ChunkEntry> visitor) {
        for (ChunkEntry entry : slots) {
            if (entry != null) {
                visitor.accept(entry);
            }
        }
    }

    /// The entries at this moment, with holes.
    @Nullable ChunkEntry[] capture() {
        return slots.clone();
    }

    /// The `limit` smallest ids above `cursor`, ascending.
    long[] idsAbove(long cursor, int limit) {
        var ids = new long[Math.min(size, 64)];
        int count = 0;
        for (ChunkEntry entry : slots) {
            if (entry != null && Long.compareUnsigned(entry.id, cursor) > 0) {
                if (count == ids.length) {
                    ids = Arrays.copyOf(ids, count * 2);
                }
                ids[count++] = entry.id;
            }
        }
        // ids of one group share their upper bits, so signed order is unsigned order
        Arrays.sort(ids, 0, count);
        return Arrays.copyOf(ids, Math.min(count, limit));
    }

    int countAbove(long cursor) {
        int count = 0;
        for (ChunkEntry entry : slots) {
            count += entry != null && Long.compareUnsigned(entry.id, cursor) > 0 ? 1 : 0;
        }
        return count;
    }

    private int slotOf(long id) {
        int mask = slots.length - 1;
        int slot = hash(id) & mask;
        while (true) {
            ChunkEntry entry = slots[slot];
            if (entry == null || entry.id == id) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    private void grow() {
        @Nullable ChunkEntry[] old = slots;
        slots = new @Nullable ChunkEntry[old.length * 2];
        for (ChunkEntry entry : old) {
            if (entry != null) {
                slots[slotOf(entry.id)] = entry;
            }
        }
    }

    private static int hash(long id) {
        long mixed = id * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32);
    }
}
