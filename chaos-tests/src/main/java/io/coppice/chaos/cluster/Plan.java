package io.coppice.chaos.cluster;

/// The size of a cluster, and what it promises.
///
/// @param metadata servers
/// @param nodes storage nodes
/// @param replicas of each group
/// @param durabilityAlways every write is durable when it is acknowledged
/// @param diskBytes of each server
public record Plan(
        int metadata, int nodes, int replicas, boolean durabilityAlways, long diskBytes) {
    private static final long DISK_BYTES = 6L << 30;

    /// Three metadata servers, `nodes` storage nodes, three replicas.
    public static Plan of(int nodes, boolean durabilityAlways) {
        return new Plan(3, nodes, 3, durabilityAlways, DISK_BYTES);
    }
}
