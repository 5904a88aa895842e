package io.coppice.metadata.core;

/// The order is that of the control plane's numbers.
public enum ReplicaState {
    /// Not there, and others have what it may lack.
    DOWN,
    /// Gets live writes, is catching up.
    SYNCING,
    SERVING,
    /// Not there, and it holds everything that was ever acknowledged: it or its equals may lead
    /// again.
    LAST,
    DRAINING
}
