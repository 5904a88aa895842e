package io.coppice.chaos.cluster;

/// A machine of the run.
///
/// @param number as the switch knows it
/// @param role what runs there
public record Host(String name, int number, Role role) {
    /// What may run on a host.
    public enum Role {
        /// The harness itself, which nobody cuts off.
        ADMIN,
        METADATA,
        NODE,
        GATEWAY,
        CLIENT
    }

    public String address() {
        return io.coppice.chaos.net.Switch.address(number);
    }
}
