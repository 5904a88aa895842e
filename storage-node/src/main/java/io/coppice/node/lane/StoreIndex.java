package io.coppice.node.lane;

import io.coppice.model.Position;
import io.coppice.node.replica.ChunkIndex;
import io.coppice.node.replica.Outcome;
import io.coppice.node.store.ChunkStore;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/// What the replicas of a lane ask about its store.
final class StoreIndex implements ChunkIndex {
    private final ChunkStore store;
    private final boolean suspect;

    /// Groups that were compared with their primaries since a recovery that lost something.
    private final Set<Integer> compared = new HashSet<>();

    StoreIndex(ChunkStore store, boolean suspect) {
        this.store = store;
        this.suspect = suspect;
    }

    @Override
    public boolean exists(long chunk) {
        return store.contains(chunk);
    }

    @Override
    public Position version(long chunk) {
        return Objects.requireNonNullElse(store.version(chunk), Position.NONE);
    }

    @Override
    public boolean trustsVersions(int group) {
        return !suspect || compared.contains(group);
    }

    void compared(int group) {
        if (suspect) {
            compared.add(group);
        }
    }

    @Override
    public Outcome room(boolean newChunk) {
        return switch (store.admission()) {
            case OPEN -> Outcome.OK;
            case NEAR_FULL -> newChunk ? Outcome.NO_SPACE : Outcome.OK;
            case CLEANING -> Outcome.OVERLOADED;
            case FULL -> Outcome.NO_SPACE;
        };
    }

    @Override
    public Position position(int group) {
        return store.position(group);
    }

    @Override
    public long nextChunk(int group, long chunk) {
        List<io.coppice.node.store.ChunkSummary> next = store.list(group, chunk, 1);
        return next.isEmpty() ? 0 : next.getFirst().chunk();
    }
}
