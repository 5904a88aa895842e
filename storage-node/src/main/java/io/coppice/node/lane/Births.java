package io.coppice.node.lane;

import io.netty.util.collection.LongObjectHashMap;
import org.jspecify.annotations.Nullable;

/// Which generation of which volume made the newest chunks of a store. Until its flip is committed,
/// a chunk is changed by the tag of its lease, which knows no generation: this ends with the one
/// that made the chunk, so that nobody goes on changing what a snapshot has taken. What is
/// forgotten cannot be changed that way; the client makes another chunk. One thread.
final class Births {
    /// Chunks are remembered in two ages; the older one is forgotten when the younger has so many.
    static final int CHUNKS_MAX = 16_384;

    private record Birth(long volume, long generation) {}

    private LongObjectHashMap<Birth> young = new LongObjectHashMap<>();
    private LongObjectHashMap<Birth> old = new LongObjectHashMap<>();

    /// The chunk was made.
    void made(long chunk, long volume, long generation) {
        if (young.size() >= CHUNKS_MAX) {
            old = young;
            young = new LongObjectHashMap<>();
        }
        young.put(chunk, new Birth(volume, generation));
    }

    /// Whether the chunk is known to have been made in this generation.
    boolean isOf(long chunk, long volume, long generation) {
        Birth birth = birth(chunk);
        return birth != null && birth.volume == volume && birth.generation == generation;
    }

    private @Nullable Birth birth(long chunk) {
        Birth known = young.get(chunk);
        return known != null ? known : old.get(chunk);
    }
}
