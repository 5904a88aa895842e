package io.coppice.metadata.core;

/// How far the snapshots of a policy's rule are.
///
/// @param moment that they are of
/// @param upTo volumes up to this id have theirs; [Long#MAX_VALUE]: all have
record Run(long moment, long upTo) {}
