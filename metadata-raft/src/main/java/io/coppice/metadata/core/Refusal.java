package io.coppice.metadata.core;

/// Why a command was not done; the names are those of the control plane's codes.
public enum Refusal {
    /// Too few nodes, not initialised: back off and retry.
    UNAVAILABLE,
    BAD_REQUEST,
    NOT_FOUND,
    EXISTS,
    /// In conflict with the present state.
    CONFLICT,
    NOT_ALLOWED,
    /// A bound was reached.
    NO_SPACE,
    /// Generation, fence, epoch or old chunk differ: reload, then retry.
    STALE
}
