package io.coppice.node.store;

import io.coppice.model.Position;

/// A chunk in the index. Only data.
final class ChunkEntry {
    final long id;
    final int born;
    long parent;
    long epoch;
    long sequence;
    Table table;

    ChunkEntry(long id, long parent, Table table, int born) {
        this.id = id;
        this.parent = parent;
        this.table = table;
        this.born = born;
    }

    /// Takes the place of `old`, which a capture keeps.
    ChunkEntry(ChunkEntry old, int born) {
        this(old.id, old.parent, old.table, born);
        epoch = old.epoch;
        sequence = old.sequence;
    }

    Position version() {
        return new Position(epoch, sequence);
    }
}
