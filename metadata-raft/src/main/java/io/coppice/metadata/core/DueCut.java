package io.coppice.metadata.core;

/// Snapshots that a policy's rule asks for.
///
/// @param moment that they are to be of, wall clock; as near to it as the leader comes
/// @param after volumes up to this id have theirs already
public record DueCut(String policy, String rule, long moment, long after) {}
