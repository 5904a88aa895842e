package io.coppice.node.replica;

import io.coppice.model.Position;

/// A chunk's content on its way from the primary; opaque to this room but for its version. Counted
/// like a [Payload].
public interface FetchedChunk {
    Position version();

    /// Whether this is only the difference from the parent at the version that was asked with.
    boolean isDifference();

    void release();
}
