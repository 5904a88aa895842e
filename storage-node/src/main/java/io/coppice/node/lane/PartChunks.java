package io.coppice.node.lane;

import io.coppice.model.Position;
import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.ChunkSummary;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Chunks of one group that the store did not have and that are on their way in pieces. Each piece
/// goes to the log as it comes, so that no client waits while a whole chunk is written. Until the
/// last one is there the chunk has no version, and nothing but its fetch may see it: it goes when
/// the fetch ends without it, before the replica gets a new view, and when the process starts
/// again. On the lane's loop.
final class PartChunks {
    private static final int PAGE_CHUNKS = 1_000;

    private final ChunkStore store;
    private final Set<Long> chunks = new HashSet<>();

    PartChunks(ChunkStore store) {
        this.store = store;
    }

    void add(long chunk) {
        chunks.add(chunk);
    }

    /// False: something else has come in its place, or it was deleted.
    boolean isHere(long chunk) {
        return chunks.contains(chunk) && Position.NONE.equals(store.version(chunk));
    }

    /// It is whole, or is to be forgotten.
    void remove(long chunk) {
        if (isHere(chunk)) {
            store.drop(chunk);
        }
        chunks.remove(chunk);
    }

    void removeAll() {
        for (long chunk : List.copyOf(chunks)) {
            remove(chunk);
        }
    }

    /// What a process before left of them.
    void removeLeft(int group) {
        long cursor = 0;
        List<ChunkSummary> page;
        do {
            page = store.list(group, cursor, PAGE_CHUNKS);
            for (ChunkSummary summary : page) {
                cursor = summary.chunk();
                if (summary.version().equals(Position.NONE)) {
                    store.drop(cursor);
                }
            }
        } while (page.size() == PAGE_CHUNKS);
    }
}
