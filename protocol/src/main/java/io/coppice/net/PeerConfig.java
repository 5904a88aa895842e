package io.coppice.net;

import io.coppice.model.Invariant;

/// Bounds of a [Peer].
///
/// @param requestsMax requests in flight or waiting for the connection; one more fails at once
/// @param backoffMillisMin first pause before reconnecting; doubles up to `backoffMillisMax`
public record PeerConfig(int requestsMax, int backoffMillisMin, int backoffMillisMax) {
    public PeerConfig {
        Invariant.check(requestsMax > 0, "requestsMax must be positive", requestsMax);
        Invariant.check(
                backoffMillisMin > 0 && backoffMillisMin <= backoffMillisMax,
                "back-off out of range",
                backoffMillisMin);
    }

    public static PeerConfig defaults() {
        return new PeerConfig(16_384, 10, 500);
    }
}
