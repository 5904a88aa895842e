package io.coppice.metadata.core;

/// Fixed when the cluster is initialised, but for the format.
///
/// @param cluster the cluster's id, made by the caller
/// @param groups 0: chosen from the number of stores
/// @param format what every metadata server of the quorum understands, at most [#NEWEST_FORMAT]. 0:
///   no projects, policies, terms of volumes and audit log; 1: no accounts of what is whose own, no
///   principals and rights, no revoked certificates, no keys of volumes, no access keys
public record ClusterConfig(
        String cluster,
        int replicas,
        int minWriteReplicas,
        int groups,
        long chunkBytes,
        boolean durabilityAlways,
        long trashRetentionMillis,
        int format) {
    public static final int NEWEST_FORMAT = 2;

    /// The first format with them.
    public static final int WITH_ACCESS_KEYS = 2;

    /// All that this version knows.
    public ClusterConfig(
            String cluster,
            int replicas,
            int minWriteReplicas,
            int groups,
            long chunkBytes,
            boolean durabilityAlways,
            long trashRetentionMillis) {
        this(
                cluster,
                replicas,
                minWriteReplicas,
                groups,
                chunkBytes,
                durabilityAlways,
                trashRetentionMillis,
                NEWEST_FORMAT);
    }

    ClusterConfig withFormat(int higher) {
        return new ClusterConfig(
                cluster,
                replicas,
                minWriteReplicas,
                groups,
                chunkBytes,
                durabilityAlways,
                trashRetentionMillis,
                higher);
    }
}
