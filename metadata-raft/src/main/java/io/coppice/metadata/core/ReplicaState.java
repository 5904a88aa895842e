package io.coppice.metadata.core;

/// The order is that of the control plane's numbers. A replica on a node that is drained is shown
/// as DRAINING while it serves; it *is* SERVING.
public enum ReplicaState {
    /// Not there, and others have what it may lack.
    DOWN,
    /// Gets live writes, is catching up.
    SYNCING,
    SERVING,
    /// Not there, and it holds everything that was ever acknowledged: it or its equals may lead
    /// again.
    LAST
}
