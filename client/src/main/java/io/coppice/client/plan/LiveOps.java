package io.coppice.client.plan;

import org.jspecify.annotations.Nullable;

/// Operations not yet acknowledged, oldest first: a list through the operations themselves.
final class LiveOps {
    private @Nullable ChunkOp oldest;
    private @Nullable ChunkOp newest;
    private int count;

    int count() {
        return count;
    }

    @Nullable ChunkOp oldest() {
        return oldest;
    }

    void add(ChunkOp op) {
        op.livePrevious = newest;
        if (newest == null) {
            oldest = op;
        } else {
            newest.liveNext = op;
        }
        newest = op;
        count++;
    }

    void remove(ChunkOp op) {
        ChunkOp previous = op.livePrevious;
        ChunkOp next = op.liveNext;
        if (previous == null && next == null && oldest != op) {
            return; // never admitted
        }
        if (previous == null) {
            oldest = next;
        } else {
            previous.liveNext = next;
        }
        if (next == null) {
            newest = previous;
        } else {
            next.livePrevious = previous;
        }
        op.livePrevious = null;
        op.liveNext = null;
        count--;
    }
}
