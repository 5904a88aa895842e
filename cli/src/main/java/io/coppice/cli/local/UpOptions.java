package io.coppice.cli.local;

import io.coppice.nbd.NbdTlsConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// What `up` was asked for. A number that is not given is that of the cluster which the directory
/// already holds, or the default.
///
/// @param dir the cluster's directory
/// @param nbd `HOST:PORT` or `unix:PATH`
/// @param nbdTls empty: what the gateway does already
/// @param insecure everything travels in the clear; of a new cluster only
/// @param trashRetention how long deleted volumes can be restored; of a new cluster only
/// @param durabilityAlways every write is synced before it is acknowledged; of a new cluster only
/// @param repairAfter how long a node may be away until its data is copied elsewhere; of a new
///   cluster only
/// @param patience how long the cluster may take until it serves
public record UpOptions(
        Path dir,
        Optional<Integer> metadata,
        Optional<Integer> nodes,
        Optional<Integer> storesPerNode,
        Optional<Integer> replicas,
        Optional<String> nbd,
        Optional<NbdTlsConfig> nbdTls,
        boolean separate,
        boolean insecure,
        Duration trashRetention,
        boolean durabilityAlways,
        Duration repairAfter,
        Duration patience) {
    /// With certificates, the servers' usual patience with nodes that are away, and NBD as it is.
    public UpOptions(
            Path dir,
            Optional<Integer> metadata,
            Optional<Integer> nodes,
            Optional<Integer> storesPerNode,
            Optional<Integer> replicas,
            Optional<String> nbd,
            boolean separate,
            Duration trashRetention,
            boolean durabilityAlways,
            Duration patience) {
        this(
                dir,
                metadata,
                nodes,
                storesPerNode,
                replicas,
                nbd,
                Optional.empty(),
                separate,
                false,
                trashRetention,
                durabilityAlways,
                Duration.ofMinutes(5),
                patience);
    }
}
