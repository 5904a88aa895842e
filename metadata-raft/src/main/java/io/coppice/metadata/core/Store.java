package io.coppice.metadata.core;

/// One disk of a node.
///
/// @param up its node is up and listed it when it registered
public record Store(int id, String uuid, int node, long capacityBytes, boolean up) {

    Store down() {
        return new Store(id, uuid, node, capacityBytes, false);
    }
}
