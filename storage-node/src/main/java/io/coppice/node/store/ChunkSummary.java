package io.coppice.node.store;

import io.coppice.model.Position;

/// One chunk of a listing.
///
/// @param parent chunk that it was derived from, 0: none
/// @param blocks mapped blocks
/// @param ownBlocks mapped blocks that no other chunk of this store is known to share
public record ChunkSummary(long chunk, Position version, long parent, int blocks, int ownBlocks) {}
