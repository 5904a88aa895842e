package io.coppice.metadata.core;

import io.coppice.model.Position;

/// A store's part in a group.
///
/// @param position the end of its log when its node last registered; decides who leads among the
///   last
/// @param equal it has everything that was ever acknowledged: it was LAST, and since then too few
///   served for anything to be acknowledged. So it is LAST again should it go while it catches up.
///   LAST without it: its disk failed, so it has what was flushed, and perhaps no more
public record Replica(int store, ReplicaState state, Position position, boolean equal) {
    public Replica(int store, ReplicaState state, Position position) {
        this(store, state, position, state == ReplicaState.LAST);
    }
}
