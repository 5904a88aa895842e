package io.coppice.node.replica;

import io.coppice.model.Invariant;

/// Bounds of one group's replica (R12).
///
/// @param minWriteReplicas writes wait while fewer serve; never more than the group has
/// @param syncAlways every write is durable before it is acknowledged
/// @param inFlightOperations operations numbered and not yet held by every serving replica
/// @param inFlightBytes their data
/// @param waitingRequests requests that wait for room, for a reconciled primary or for enough
///   replicas; one more is refused as OVERLOADED
/// @param waitingBytes their data
/// @param fetches chunks that a catching-up replica asks for at a time
/// @param heldOperations live operations it holds back for chunks that are on their way
/// @param sessions clients whose requests are remembered; the one silent for longest is forgotten
/// @param requestsPerSession how many requests of a client are remembered; a power of two
/// @param slowTicks a member that does not come a step nearer for so many ticks of the lane is not
///   waited for any longer; 0: it is
public record ReplicaLimits(
        int minWriteReplicas,
        boolean syncAlways,
        int inFlightOperations,
        long inFlightBytes,
        int waitingRequests,
        long waitingBytes,
        int fetches,
        int heldOperations,
        int sessions,
        int requestsPerSession,
        int slowTicks) {
    private static final int SLOW_TICKS_MAX = 1_000_000;

    public ReplicaLimits {
        Invariant.check(
                minWriteReplicas >= 1, "minWriteReplicas must be at least 1", minWriteReplicas);
        Invariant.check(
                inFlightOperations >= 1, "inFlightOperations must be positive", inFlightOperations);
        Invariant.check(inFlightBytes >= 1, "inFlightBytes must be positive", inFlightBytes);
        Invariant.check(
                waitingRequests >= 0, "waitingRequests must not be negative", waitingRequests);
        Invariant.check(waitingBytes >= 0, "waitingBytes must not be negative", waitingBytes);
        Invariant.check(fetches >= 1, "fetches must be positive", fetches);
        Invariant.check(heldOperations >= 0, "heldOperations must not be negative", heldOperations);
        Invariant.check(sessions >= 1, "sessions must be positive", sessions);
        Invariant.check(
                Integer.bitCount(requestsPerSession) == 1,
                "requestsPerSession must be a power of two",
                requestsPerSession);
        Invariant.check(
                slowTicks >= 0 && slowTicks <= SLOW_TICKS_MAX,
                "slowTicks must lie between 0 and " + SLOW_TICKS_MAX,
                slowTicks);
    }

    public static ReplicaLimits defaults() {
        return new ReplicaLimits(
                2, false, 4_096, 32L << 20, 4_096, 32L << 20, 4, 4_096, 1_024, 4_096, 50);
    }

    public ReplicaLimits withDurability(int minimumWriteReplicas, boolean always) {
        return new ReplicaLimits(
                minimumWriteReplicas,
                always,
                inFlightOperations,
                inFlightBytes,
                waitingRequests,
                waitingBytes,
                fetches,
                heldOperations,
                sessions,
                requestsPerSession,
                slowTicks);
    }

    /// Data of the operations that are held back.
    public long heldBytes() {
        return waitingBytes / 4;
    }

    /// How many ticks a store may work on one sync; 0: for ever.
    public int slowSyncTicks() {
        return Laggards.syncTicks(slowTicks);
    }

    public ReplicaLimits withSlowTicks(int ticks) {
        return new ReplicaLimits(
                minWriteReplicas,
                syncAlways,
                inFlightOperations,
                inFlightBytes,
                waitingRequests,
                waitingBytes,
                fetches,
                heldOperations,
                sessions,
                requestsPerSession,
                ticks);
    }
}
