package io.coppice.metadata.core;

/// One disk of a node.
///
/// @param up its node is up and listed it when it registered
/// @param failed its node went on without it: the disk is bad, its replicas are not waited for
/// @param downSinceMillis wall clock of the leader that put it down; 0: it is up
/// @param servingSinceMillis when the last of its replicas that caught up began to serve; 0: none
///   has yet
public record Store(
        int id,
        String uuid,
        int node,
        long capacityBytes,
        boolean up,
        boolean failed,
        long downSinceMillis,
        long servingSinceMillis) {

    Store down(boolean hasFailed, long nowMillis) {
        long since = up ? nowMillis : downSinceMillis;
        return new Store(
                id,
                uuid,
                node,
                capacityBytes,
                false,
                failed || hasFailed,
                since,
                servingSinceMillis);
    }

    /// One of its replicas serves again.
    Store serving(long nowMillis) {
        return new Store(id, uuid, node, capacityBytes, up, failed, downSinceMillis, nowMillis);
    }
}
