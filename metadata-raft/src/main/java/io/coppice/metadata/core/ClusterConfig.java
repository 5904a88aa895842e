package io.coppice.metadata.core;

/// Fixed when the cluster is initialised.
///
/// @param cluster the cluster's id, made by the caller
/// @param groups 0: chosen from the number of stores
public record ClusterConfig(
        String cluster,
        int replicas,
        int minWriteReplicas,
        int groups,
        long chunkBytes,
        boolean durabilityAlways,
        long trashRetentionMillis) {}
