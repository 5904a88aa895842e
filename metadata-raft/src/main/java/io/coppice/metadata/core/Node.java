package io.coppice.metadata.core;

/// A storage node as it last registered.
///
/// @param draining its replicas serve on and are being replaced by others elsewhere
public record Node(
        int id,
        String name,
        String address,
        String httpAddress,
        long incarnation,
        long pid,
        String rack,
        boolean up,
        boolean draining) {

    Node down() {
        return new Node(id, name, address, httpAddress, incarnation, pid, rack, false, draining);
    }

    Node drained(boolean on) {
        return new Node(id, name, address, httpAddress, incarnation, pid, rack, up, on);
    }
}
