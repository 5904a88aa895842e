package io.coppice.node.store;

import io.coppice.model.Position;

/// A group in the index. Only data.
final class GroupEntry {
    final int id;
    final ChunkMap chunks = new ChunkMap();
    final OutcomeWindow outcomes;
    long epoch;
    long sequence;
    long state;

    GroupEntry(int id, int outcomesMax) {
        this.id = id;
        this.outcomes = new OutcomeWindow(outcomesMax);
    }

    Position position() {
        return new Position(epoch, sequence);
    }

    /// Positions only grow, except by a mark.
    void advance(long toEpoch, long toSequence) {
        if (toEpoch > epoch || toEpoch == epoch && toSequence > sequence) {
            epoch = toEpoch;
            sequence = toSequence;
        }
    }
}
