package io.coppice.metadata.core;

import io.coppice.model.Position;

/// A store's part in a group.
///
/// @param position the end of its log when its node last registered; decides who leads among the
///   last
public record Replica(int store, ReplicaState state, Position position) {}
