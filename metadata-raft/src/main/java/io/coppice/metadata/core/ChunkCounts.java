package io.coppice.metadata.core;

import java.util.Arrays;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// How many leaf slots name a chunk. Only chunks named twice or more are in the table; a chunk that
/// a map names and that is not here counts 1.
///
/// 4,096 small open-addressing tables, so that growing one never holds up a command, and a table is
/// copied on its own when a capture shares it.
final class ChunkCounts {
    static final int SHARD_BITS = 12;
    private static final int SHARDS = 1 << SHARD_BITS;
    private static final int CAPACITY_MIN = 8;

    /// One table: linear probing, at most 2/3 full, no tombstones.
    static final class Shard {
        private long[] keys;
        private int[] counts;
        private int size;
        private long stamp;

        Shard(long[] keys, int[] counts, int size, long stamp) {
            this.keys = keys;
            this.counts = counts;
            this.size = size;
            this.stamp = stamp;
        }

        private int find(long chunk, long hash) {
            int mask = keys.length - 1;
            int at = (int) hash & mask;
            while (keys[at] != 0 && keys[at] != chunk) {
                at = (at + 1) & mask;
            }
            return at;
        }

        private void put(long chunk, long hash, int count) {
            if ((size + 1) * 3L > keys.length * 2L) {
                rehash(keys.length * 2);
            }
            int at = find(chunk, hash);
            keys[at] = chunk;
            counts[at] = count;
            size++;
        }

        private void removeAt(int hole) {
            int mask = keys.length - 1;
            int at = hole;
            while (true) {
                at = (at + 1) & mask;
                if (keys[at] == 0) {
                    break;
                }
                int home = (int) mix(keys[at]) & mask;
                boolean mayMove =
                        hole <= at ? home <= hole || home > at : home <= hole && home > at;
                if (mayMove) {
                    keys[hole] = keys[at];
                    counts[hole] = counts[at];
                    hole = at;
                }
            }
            keys[hole] = 0;
            counts[hole] = 0;
            size--;
            if (keys.length > CAPACITY_MIN && size * 8 < keys.length) {
                rehash(keys.length / 2);
            }
        }

        private void rehash(int capacity) {
            long[] oldKeys = keys;
            int[] oldCounts = counts;
            keys = new long[capacity];
            counts = new int[capacity];
            for (int i = 0; i < oldKeys.length; i++) {
                if (oldKeys[i] != 0) {
                    int at = find(oldKeys[i], mix(oldKeys[i]));
                    keys[at] = oldKeys[i];
                    counts[at] = oldCounts[i];
                }
            }
        }

        long[] keys() {
            return keys;
        }

        int[] counts() {
            return counts;
        }

        int size() {
            return size;
        }
    }

    private final CaptureGate gate;
    private final @Nullable Shard[] shards;
    private long shared;
    private long extra;
    private long slots;

    ChunkCounts(CaptureGate gate) {
        this(gate, new @Nullable Shard[SHARDS], 0, 0, 0);
    }

    private ChunkCounts(
            CaptureGate gate, @Nullable Shard[] shards, long shared, long extra, long slots) {
        this.gate = gate;
        this.shards = shards;
        this.shared = shared;
        this.extra = extra;
        this.slots = slots;
    }

    ChunkCounts freeze() {
        return new ChunkCounts(gate, Arrays.copyOf(shards, SHARDS), shared, extra, slots);
    }

    /// Of a chunk that some map names.
    int count(long chunk) {
        if (shared == 0) {
            return 1;
        }
        long hash = mix(chunk);
        Shard shard = shards[shardOf(hash)];
        if (shard == null) {
            return 1;
        }
        int at = shard.find(chunk, hash);
        return shard.keys[at] == 0 ? 1 : shard.counts[at];
    }

    /// A leaf slot names a chunk that nothing named before.
    void first() {
        slots++;
    }

    /// One more leaf slot names the chunk.
    void increment(long chunk) {
        long hash = mix(chunk);
        Shard shard = writable(shardOf(hash));
        int at = shard.find(chunk, hash);
        extra++;
        slots++;
        if (shard.keys[at] != 0) {
            shard.counts[at]++;
        } else {
            shard.put(chunk, hash, 2);
            shared++;
        }
    }

    /// What is left; 0: nothing names the chunk any more.
    int decrement(long chunk) {
        slots--;
        long hash = mix(chunk);
        int index = shardOf(hash);
        Shard present = shards[index];
        if (present == null || present.keys[present.find(chunk, hash)] == 0) {
            return 0;
        }
        Shard shard = writable(index);
        int at = shard.find(chunk, hash);
        extra--;
        int left = --shard.counts[at];
        if (left == 1) {
            shard.removeAt(at);
            shared--;
            if (shard.size == 0) {
                shards[index] = null;
            }
        }
        return left;
    }

    private Shard writable(int index) {
        Shard shard = shards[index];
        if (shard == null) {
            shard = new Shard(new long[CAPACITY_MIN], new int[CAPACITY_MIN], 0, gate.stamp());
            shards[index] = shard;
        } else if (gate.isShared(shard.stamp)) {
            shard = new Shard(shard.keys.clone(), shard.counts.clone(), shard.size, gate.stamp());
            shards[index] = shard;
        }
        return shard;
    }

    /// Chunks that are named twice or more.
    long shared() {
        return shared;
    }

    /// Leaf slots that name a chunk; a leaf that many maps share counts once.
    long slots() {
        return slots;
    }

    /// Distinct chunks.
    long chunks() {
        return slots - extra;
    }

    void forEachShared(LongConsumer each) {
        for (Shard shard : shards) {
            if (shard != null) {
                for (long key : shard.keys) {
                    if (key != 0) {
                        each.accept(key);
                    }
                }
            }
        }
    }

    // ------------------------------------------------------------ snapshots

    int shardCount() {
        return SHARDS;
    }

    @Nullable Shard shard(int index) {
        return shards[index];
    }

    static ChunkCounts restore(CaptureGate gate, @Nullable Shard[] shards, long slots) {
        long shared = 0;
        long extra = 0;
        for (Shard shard : shards) {
            if (shard != null) {
                shared += shard.size;
                for (int count : shard.counts) {
                    extra += Math.max(0, count - 1);
                }
            }
        }
        return new ChunkCounts(gate, shards, shared, extra, slots);
    }

    private static int shardOf(long hash) {
        return (int) (hash >>> (64 - SHARD_BITS));
    }

    /// Spreads ids that differ in their low bits only (the finaliser of SplitMix64).
    static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
