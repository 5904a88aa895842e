package io.coppice.node;

import io.coppice.node.replica.NodeLease;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// Which stores of a node take part in its session, and until when each may serve (R5).
///
/// A beat counts for those stores whose loops turn when it is sent. So one that is stuck, as in a
/// write that does not return, loses its own lease and no other one does. When that is over the
/// store is given up: no answer under way can revive its lease, and the node registers again
/// without it, which takes its groups out of service. Once its loop turns again the node registers
/// with it, and it catches up. It is not told anything in between: the registration tells all.
///
/// No clock, no thread: the caller looks at it regularly. Thread-safe, as leases are read by loops.
///
/// @param <S> a store
final class StoreLeases<S> {
    /// Looks in a row at which a loop stood still. A process that was stopped finds all of its
    /// loops behind once, and blames nobody.
    static final int STUCK_LOOKS = 4;

    private static final class Entry {
        final NodeLease lease;
        boolean takesPart = true;
        int stuckLooks;

        Entry(NodeLease lease) {
            this.lease = lease;
        }
    }

    /// @param givenUp stores that take no part from now on
    /// @param back stores that turn and take no part
    record Seen<S>(List<S> givenUp, List<S> back) {}

    private final Map<S, Entry> entries = new LinkedHashMap<>();

    /// A store that is new to the session: the beat with which the node registered counts for it.
    synchronized void add(S store, NodeLease lease, long sequence, long sentNanos) {
        entries.put(store, new Entry(lease));
        lease.sent(sequence, sentNanos);
    }

    /// The store has failed for good.
    synchronized void remove(S store) {
        Entry entry = entries.remove(store);
        if (entry != null) {
            entry.lease.revoke();
        }
    }

    /// The node registers with these stores; the others take no part.
    synchronized void registering(Set<S> stores, long sequence, long nowNanos) {
        entries.forEach((store, entry) -> {
            entry.takesPart = stores.contains(store);
            if (entry.takesPart) {
                entry.lease.sent(sequence, nowNanos);
            } else {
                entry.lease.revoke();
            }
        });
    }

    synchronized void sent(long sequence, long nowNanos) {
        for (Entry entry : entries.values()) {
            if (entry.takesPart && entry.stuckLooks == 0) {
                entry.lease.sent(sequence, nowNanos);
            }
        }
    }

    synchronized void answered(long sequence, long leaseNanos) {
        entries.values().forEach(entry -> entry.lease.answered(sequence, leaseNanos));
    }

    synchronized Seen<S> look(Predicate<S> turns, long nowNanos) {
        var givenUp = new ArrayList<S>();
        var back = new ArrayList<S>();
        entries.forEach((store, entry) -> {
            entry.stuckLooks = turns.test(store) ? 0 : entry.stuckLooks + 1;
            if (!entry.takesPart && entry.stuckLooks == 0) {
                back.add(store);
            } else if (entry.takesPart && isStuck(entry) && !entry.lease.holds(nowNanos)) {
                entry.takesPart = false;
                entry.lease.revoke();
                givenUp.add(store);
            }
        });
        return new Seen<>(givenUp, back);
    }

    private static boolean isStuck(Entry entry) {
        return entry.stuckLooks >= STUCK_LOOKS;
    }

    synchronized boolean isStuck(S store) {
        Entry entry = entries.get(store);
        return entry != null && isStuck(entry);
    }

    synchronized boolean takesPart(S store) {
        Entry entry = entries.get(store);
        return entry != null && entry.takesPart;
    }

    /// Whether there is somebody to speak for: of the stores that take part, if there are any, one
    /// turns.
    synchronized boolean mayBeat() {
        return entries.values().stream().noneMatch(entry -> entry.takesPart)
                || entries.values().stream()
                        .anyMatch(entry -> entry.takesPart && entry.stuckLooks == 0);
    }
}
