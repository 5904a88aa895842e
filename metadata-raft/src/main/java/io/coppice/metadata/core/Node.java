package io.coppice.metadata.core;

/// A storage node as it last registered.
public record Node(
        int id,
        String name,
        String address,
        String httpAddress,
        long incarnation,
        long pid,
        String rack,
        boolean up) {

    Node down() {
        return new Node(id, name, address, httpAddress, incarnation, pid, rack, false);
    }
}
