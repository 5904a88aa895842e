package io.coppice.node.replica;

/// What an operation does to the group's chunks.
///
/// @param chunk the chunk changed; 0 for a purge
/// @param fromChunk derive `chunk` from this one first; 0: do not
/// @param create `chunk` is new and starts empty
/// @param block first block inside the chunk
/// @param crcs CRC32C of each block of the payload
/// @param purged the chunks that a purge drops
public record Change(
        Kind kind,
        long chunk,
        long fromChunk,
        boolean create,
        int block,
        int blockCount,
        int[] crcs,
        Payload payload,
        long[] purged) {
    private static final int[] NO_CRCS = {};
    private static final long[] NO_CHUNKS = {};

    /// The closed set of operations.
    public enum Kind {
        WRITE,
        ZERO,
        PURGE
    }

    public static Change write(
            long chunk,
            long fromChunk,
            boolean create,
            int block,
            int blockCount,
            int[] crcs,
            Payload payload) {
        return new Change(
                Kind.WRITE, chunk, fromChunk, create, block, blockCount, crcs, payload, NO_CHUNKS);
    }

    public static Change zero(
            long chunk, long fromChunk, boolean create, int block, int blockCount) {
        return new Change(
                Kind.ZERO,
                chunk,
                fromChunk,
                create,
                block,
                blockCount,
                NO_CRCS,
                Payload.NONE,
                NO_CHUNKS);
    }

    public static Change purge(long[] chunks) {
        return new Change(Kind.PURGE, 0, 0, false, 0, 0, NO_CRCS, Payload.NONE, chunks);
    }

    /// The same change, with its data elsewhere.
    Change with(Payload same) {
        return new Change(kind, chunk, fromChunk, create, block, blockCount, crcs, same, purged);
    }

    /// Whether the chunk comes into being with this operation.
    public boolean makesChunk() {
        return create || fromChunk != 0;
    }

    boolean overlaps(int firstBlock, int count) {
        return block < firstBlock + count && firstBlock < block + blockCount;
    }
}
