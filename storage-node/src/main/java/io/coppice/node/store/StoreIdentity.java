package io.coppice.node.store;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Whose store a directory is.
///
/// @param cluster id of the cluster
/// @param store id of the store; null in an expectation: any store of the cluster will do
public record StoreIdentity(String cluster, @Nullable UUID store) {}
