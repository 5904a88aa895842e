package io.coppice.node.replica;

/// How a request ended. The meanings are those of the wire's status codes.
public enum Outcome {
    OK,
    STALE_EPOCH,
    NOT_PRIMARY,
    SEALED,
    FENCED,
    NO_SPACE,
    NO_SUCH_CHUNK,
    NOT_SERVING,
    OVERLOADED,
    /// Refused by the request memory: older than anything it remembers.
    TOO_OLD
}
