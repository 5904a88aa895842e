package io.coppice.client;

import java.util.TreeMap;

/// For how long this client may rely on what it knows of its volumes' maps (R9): the quorum gives
/// none of them to another client before. Counts from when a beat was sent that the leader has
/// answered, as the leases of nodes do (R5). No clock: the caller tells the time.
final class SessionLease {
    /// Beats without answer that are remembered; an answer to an older one grants nothing.
    private static final int BEATS_MAX = 16;

    private static final int BEATS_PER_LEASE = 3;
    private static final long BEAT_MILLIS_MIN = 50;
    private static final long BEAT_MILLIS_MAX = 1_000;

    private final TreeMap<Long, Long> sentNanos = new TreeMap<>();
    private long lastBeat;
    private boolean granted;
    private long endNanos;
    private long beatMillis = BEAT_MILLIS_MAX;

    /// A beat is being sent; its number.
    long beat(long nowNanos) {
        if (sentNanos.size() >= BEATS_MAX) {
            sentNanos.pollFirstEntry();
        }
        sentNanos.put(++lastBeat, nowNanos);
        return lastBeat;
    }

    /// The leader has answered that beat; `leaseMillis` 0: without a lease.
    void answered(long beat, long leaseMillis) {
        Long sent = sentNanos.get(beat);
        sentNanos.headMap(beat, true).clear();
        if (sent == null || leaseMillis <= 0) {
            return;
        }
        beatMillis = Math.clamp(leaseMillis / BEATS_PER_LEASE, BEAT_MILLIS_MIN, BEAT_MILLIS_MAX);
        long end = sent + leaseMillis * 1_000_000;
        if (!granted || end - endNanos > 0) {
            granted = true;
            endNanos = end;
        }
    }

    boolean holds(long nowNanos) {
        return granted && endNanos - nowNanos > 0;
    }

    /// The session has ended, and with it whatever was known.
    void end() {
        granted = false;
        sentNanos.clear();
    }

    /// How long to wait before the next beat.
    long beatMillis() {
        return beatMillis;
    }
}
