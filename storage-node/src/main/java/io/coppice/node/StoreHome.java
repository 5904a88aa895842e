package io.coppice.node;

import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.StoreConfig;
import java.io.IOException;
import java.util.UUID;

/// Where one store lives: a data directory, or the simulator's disk. Used by one thread at a time.
public interface StoreHome {
    UUID uuid() throws IOException;

    /// Whether the store exists: false until the node is a member of a cluster.
    boolean isOpen();

    /// Only when open.
    ChunkStore store();

    /// Whether what was recovered may lack something that was durable.
    boolean isSuspect();

    /// What the device has, for a store that is not open yet.
    long deviceBytes() throws IOException;

    /// Makes the store of a cluster that this node has just become a member of.
    void join(String cluster, StoreConfig config) throws IOException;
}
