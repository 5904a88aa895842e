package io.coppice.metadata.server;

import java.util.HashMap;
import java.util.Map;

/// What the leader knows of the storage nodes' leases (R5): until when a node may be serving, and
/// so when it may be declared lost although nothing is known of its process.
///
/// A node counts its lease from when it sent a beat, the leader from when that beat arrived, which
/// is later, and a little longer, because clocks differ in rate. Leases that an earlier leader
/// granted are over one lease after this one began to lead: its last entry is older than that.
///
/// Between the decision that a node is lost and the end of its session nothing grants it a lease:
/// who wants to answer takes a *ticket* when the beat arrives, and the ticket is void once the node
/// was declared lost. No clock, no thread: the caller has a lock and tells the time.
final class NodeLeases {
    /// Clocks may differ in rate by one part in this many.
    private static final int CLOCK_PARTS = 20;

    /// A ticket that grants nothing.
    private static final long VOID = -1;

    private static final class Entry {
        private boolean answered;
        private long countsFromNanos;
        private long losses;
        private boolean isBeingLost;
    }

    private final long leaseNanos;
    private final Map<String, Entry> entries = new HashMap<>();

    /// Nobody's lease is over before one has passed since then.
    private long sinceNanos;

    private long tickedNanos;

    /// @param nowNanos when this server began to lead
    NodeLeases(long leaseNanos, long nowNanos) {
        this.leaseNanos = leaseNanos;
        this.sinceNanos = nowNanos;
        this.tickedNanos = nowNanos;
    }

    /// How long a node must be silent before its lease has surely run out.
    long patienceNanos() {
        return patienceNanos(leaseNanos);
    }

    /// How long somebody must be silent before a lease of that length has surely run out.
    static long patienceNanos(long leaseNanos) {
        return leaseNanos + leaseNanos / CLOCK_PARTS;
    }

    /// Called regularly. A leader that was itself stopped for a while has heard nobody meanwhile:
    /// it gives everybody a lease's time to be heard again.
    void tick(long nowNanos) {
        if (nowNanos - tickedNanos > leaseNanos / 2) {
            sinceNanos = nowNanos;
        }
        tickedNanos = nowNanos;
    }

    // ------------------------------------------------------------ grants

    /// A beat, or registration, of a node has arrived.
    long ticket(String node) {
        Entry entry = entries.get(node);
        return entry == null ? 0 : entry.isBeingLost ? VOID : entry.losses;
    }

    /// Leadership was confirmed after the beat of `ticket` had arrived at `arrivedNanos`. True: it
    /// is to be answered, and its lease counts; false: the node was, or is being, declared lost.
    boolean grant(String node, long ticket, long arrivedNanos) {
        if (ticket == VOID || ticket(node) != ticket) {
            return false;
        }
        Entry entry = entries.computeIfAbsent(node, name -> new Entry());
        if (!entry.answered || arrivedNanos - entry.countsFromNanos > 0) {
            entry.answered = true;
            entry.countsFromNanos = arrivedNanos;
        }
        return true;
    }

    // ------------------------------------------------------------ losses

    /// Whether the node's lease has surely run out, so that another may serve in its place.
    boolean isOver(String node, long nowNanos) {
        Entry entry = entries.get(node);
        boolean over = nowNanos - sinceNanos > patienceNanos();
        return entry == null || !entry.answered
                ? over
                : over && nowNanos - entry.countsFromNanos > patienceNanos();
    }

    /// The node is being declared lost; false: it already is.
    boolean beginLoss(String node) {
        Entry entry = entries.computeIfAbsent(node, name -> new Entry());
        if (entry.isBeingLost) {
            return false;
        }
        entry.isBeingLost = true;
        entry.losses++;
        return true;
    }

    /// The entry that declares it lost is committed or came to nothing, and the session that it had
    /// has ended.
    void endLoss(String node) {
        entries.computeIfAbsent(node, name -> new Entry()).isBeingLost = false;
    }
}
