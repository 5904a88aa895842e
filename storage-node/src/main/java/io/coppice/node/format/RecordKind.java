package io.coppice.node.format;

import org.jspecify.annotations.Nullable;

/// What a record of the log says. The codes are on disk: never renumber.
public enum RecordKind {
    /// Data blocks of a chunk, perhaps after deriving or creating it.
    WRITE(1),
    /// Blocks of a chunk are unmapped, perhaps after deriving or creating it.
    ZERO(2),
    /// Chunks are dropped, in the group's order. Extra: their ids.
    PURGE(3),
    /// Position and state of a group.
    MARK(4),
    /// A remembered request.
    OUTCOME(5),
    /// A chunk as another replica has it. Extra: which blocks the data is, which blocks are
    /// unmapped.
    INSTALL(6),
    /// A chunk is forgotten, outside the order.
    DROP(7),
    /// A group is forgotten.
    DROP_GROUP(8),
    /// Good data for a damaged block.
    REPAIR(9),
    /// Blocks that the cleaner moved. Means nothing to a replay: the old places still hold them,
    /// because a segment is deleted only when a checkpoint knows the new ones.
    MOVE(10);

    private static final RecordKind[] BY_CODE = new RecordKind[11];

    static {
        for (RecordKind kind : values()) {
            BY_CODE[kind.code] = kind;
        }
    }

    final byte code;

    RecordKind(int code) {
        this.code = (byte) code;
    }

    static @Nullable RecordKind of(byte code) {
        return code > 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
