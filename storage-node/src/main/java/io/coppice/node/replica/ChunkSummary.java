package io.coppice.node.replica;

import io.coppice.model.Position;

/// One chunk of the primary's, in a page of the catch-up list.
///
/// @param parent the chunk it was derived from, 0: none or not known any more
public record ChunkSummary(long chunk, Position version, long parent) {}
