package io.coppice.cli.local;

/// The kinds of servers of a cluster, in the order in which they start.
public enum ServerKind {
    METADATA,
    NODE,
    GATEWAY
}
