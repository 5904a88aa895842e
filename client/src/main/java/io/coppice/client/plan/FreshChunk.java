package io.coppice.client.plan;

/// An id for a chunk that is yet to be made.
///
/// @param tag proves to the storage nodes that it is ours to make
public record FreshChunk(long id, long tag) {}
