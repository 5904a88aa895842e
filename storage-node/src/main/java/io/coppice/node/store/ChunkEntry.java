package io.coppice.node.store;

import io.coppice.model.Position;
import org.jspecify.annotations.Nullable;

/// A chunk in the index. Only data.
final class ChunkEntry {
    final long id;
    final int born;
    long parent;
    long epoch;
    long sequence;
    Table table;

    /// Null: never derived, nor derived from.
    @Nullable Family family;

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
        family = old.family;
    }

    /// This entry, new, was derived from `from`.
    void join(ChunkEntry from) {
        Family shared = from.family;
        if (shared == null) {
            shared = new Family();
            shared.members = 1;
            from.family = shared;
        }
        shared.members++;
        family = shared;
    }

    /// This entry, new, shares blocks with `from` without being derived from it. Two families that
    /// meet stay two, of which neither ever counts as alone again: a chunk may be taken for shared
    /// that is not, never the other way round.
    void relate(ChunkEntry from) {
        Family mine = family;
        if (mine == null) {
            join(from);
        } else if (from.family == null) {
            mine.members++;
            from.family = mine;
        } else if (from.family != mine) {
            mine.members++;
            from.family.members++;
        }
    }

    /// This entry is dropped.
    void leave() {
        Family left = family;
        if (left != null) {
            left.members--;
        }
    }

    boolean isAlone() {
        Family known = family;
        return known == null || known.members == 1;
    }

    Position version() {
        return new Position(epoch, sequence);
    }
}
