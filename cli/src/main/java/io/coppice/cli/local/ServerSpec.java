package io.coppice.cli.local;

import java.util.List;

/// One server of the cluster.
///
/// @param name also the stem of its files: `NAME.conf`, `NAME.log`, `NAME.pid`
/// @param ports what it listens on
record ServerSpec(ServerKind kind, String name, List<Port> ports) {
    /// @param role for people: what the port is for
    record Port(String role, String host, int number) {
        String address() {
            return host + ":" + number;
        }
    }

    /// `host:port` of the port with that role.
    String address(String role) {
        return ports.stream()
                .filter(port -> port.role().equals(role))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + " has no port for " + role))
                .address();
    }
}
