package io.coppice.metadata.core;

/// What a clone held from a moment on.
///
/// @param millis wall clock
/// @param mappedBytes all that it reads
/// @param ownBytes what nobody else has
public record Holding(long millis, long mappedBytes, long ownBytes) {}
