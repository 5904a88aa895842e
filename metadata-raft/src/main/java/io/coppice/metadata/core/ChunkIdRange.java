package io.coppice.metadata.core;

/// Ids `first` to `first + count - 1`, all of one group.
public record ChunkIdRange(int group, long first, int count) {}
