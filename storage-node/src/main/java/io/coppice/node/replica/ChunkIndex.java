package io.coppice.node.replica;

import io.coppice.model.Position;

/// What a replica asks about the chunks of its store. Answers include everything appended so far,
/// written to disk or not.
public interface ChunkIndex {
    boolean exists(long chunk);

    /// Position of the last operation that changed the chunk; [Position#NONE] when there is no such
    /// chunk.
    Position version(long chunk);

    /// False after a recovery that may have lost operations in the middle of the log: then equal
    /// versions do not mean equal content.
    boolean trustsVersions(int group);

    /// Whether new data may be taken: OK; OVERLOADED, not before the cleaner has made room; or
    /// NO_SPACE. `newChunk` asks for the stricter bound of new chunks.
    Outcome room(boolean newChunk);

    /// Last operation that the store holds of the group, after a restart.
    Position position(int group);

    /// Smallest chunk id of the group above `chunk`, in unsigned order; 0: none.
    long nextChunk(int group, long chunk);
}
