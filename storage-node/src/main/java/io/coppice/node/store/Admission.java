package io.coppice.node.store;

/// Whether the store takes more data.
public enum Admission {
    /// Everything is welcome.
    OPEN,
    /// Writes to chunks that are there, no new chunks.
    NEAR_FULL,
    /// Only reads, trims and purges until the cleaner has made room.
    CLEANING,
    /// Only reads, trims and purges: there is nothing to clean.
    FULL
}
