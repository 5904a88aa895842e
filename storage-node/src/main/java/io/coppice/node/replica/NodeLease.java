package io.coppice.node.replica;

/// How long this node may serve (R5), by its own monotonic clock.
///
/// The quorum's leader answers a beat only after it has confirmed that it led when the beat
/// arrived. From the moment the beat was *sent* nobody can have been put in this node's place for
/// the length of a lease: the leader counts from its arrival, which is later. A request is answered
/// only while the lease holds at the time when its answer is ready; so a process that was stopped,
/// or cut off, answers nothing old when it wakes up.
///
/// No clock in here: times are arguments. One per store of a node; beats, answers and lanes are
/// different threads, so this one class of the room is thread-safe.
public final class NodeLease {
    /// Beats whose answer may still come; with more under way the oldest count for nothing.
    private static final int BEATS = 64;

    private final long[] sequences = new long[BEATS];
    private final long[] sentNanos = new long[BEATS];
    private volatile long endNanos;
    private volatile boolean isRevoked;

    /// Nothing is served before the first answer.
    public NodeLease(long nowNanos) {
        endNanos = nowNanos;
    }

    /// A beat is about to be sent. Sequences are positive and grow.
    public synchronized void sent(long sequence, long nowNanos) {
        int slot = (int) (sequence % BEATS);
        sequences[slot] = sequence;
        sentNanos[slot] = nowNanos;
    }

    /// The leader has answered a beat. Answers may come late, twice and in any order.
    public synchronized void answered(long sequence, long leaseNanos) {
        int slot = (int) (sequence % BEATS);
        if (sequence <= 0 || sequences[slot] != sequence) {
            return;
        }
        long end = sentNanos[slot] + leaseNanos;
        if (isRevoked || end - endNanos > 0) {
            endNanos = end;
        }
        isRevoked = false;
    }

    /// It is over, and no answer to a beat that was sent before gives it back.
    public synchronized void revoke() {
        java.util.Arrays.fill(sequences, 0);
        isRevoked = true;
    }

    public boolean holds(long nowNanos) {
        return !isRevoked && endNanos - nowNanos > 0;
    }
}
