package io.coppice.metadata.core;

import io.coppice.model.Invariant;
import org.jspecify.annotations.Nullable;

/// The answers given, so that a retried command gets the first one. For a registered session the
/// last [#WINDOW] sequence numbers, less what it acknowledged; for anonymous callers the last
/// [#ANONYMOUS_MAX] answers, fewer when they are long.
///
/// Refusals that ask for a retry (UNAVAILABLE, STALE) are not kept: the next attempt is judged
/// anew.
final class OutcomeMemory {
    static final int WINDOW = 512;
    static final int ANONYMOUS_MAX = 10_000;

    /// Values in the answers kept for anonymous callers, so that 10,000 answers that list 1,000
    /// clones each do not fill the heap.
    static final int ANONYMOUS_VALUES_MAX = 200_000;

    record Key(long session, long sequence) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int bySession = Long.compare(session, other.session);
            return bySession != 0 ? bySession : Long.compare(sequence, other.sequence);
        }
    }

    /// An anonymous answer in the order of arrival.
    record Arrival(Key key, int weight) {}

    private static final int SHARDS = 256;
    final ShardedMap<Key, Outcome> outcomes;

    /// Sequence number up to which a registered session's answers are gone.
    final ShardedMap<Long, Long> forgotten;

    final ShardedMap<Long, Arrival> arrivals;
    long oldest;
    long next;
    long values;

    OutcomeMemory(CaptureGate gate) {
        outcomes = new ShardedMap<>(gate, SHARDS, key -> (int) key.session);
        forgotten = new ShardedMap<>(gate, SHARDS, Long::intValue);
        arrivals = new ShardedMap<>(gate, SHARDS, Long::intValue);
    }

    private OutcomeMemory(OutcomeMemory live) {
        outcomes = live.outcomes.freeze();
        forgotten = live.forgotten.freeze();
        arrivals = live.arrivals.freeze();
        oldest = live.oldest;
        next = live.next;
        values = live.values;
    }

    OutcomeMemory freeze() {
        return new OutcomeMemory(this);
    }

    @Nullable Outcome recall(long session, long sequence) {
        Outcome outcome = outcomes.get(new Key(session, sequence));
        if (outcome != null) {
            return outcome;
        }
        Long gone = forgotten.get(session);
        return gone != null && sequence <= gone
                ? new Outcome.Refused(
                        Refusal.BAD_REQUEST,
                        "command " + sequence + " was answered before and the answer forgotten")
                : null;
    }

    private static boolean isKept(Outcome outcome) {
        return !(outcome instanceof Outcome.Refused refused
                && (refused.code() == Refusal.UNAVAILABLE || refused.code() == Refusal.STALE));
    }

    void openSession(long session) {
        if (!forgotten.contains(session)) {
            forgotten.put(session, 0L);
        }
    }

    void closeSession(long session) {
        forget(session, Long.MAX_VALUE);
        forgotten.remove(session);
    }

    void remember(Stamped stamped, Outcome outcome) {
        long session = stamped.session();
        Long gone = forgotten.get(session);
        if (gone == null) {
            rememberAnonymous(new Key(session, stamped.sequence()), outcome);
            return;
        }
        long upTo = Math.max(stamped.sequence() - WINDOW, stamped.acknowledged());
        if (upTo > gone) {
            forget(session, upTo);
            forgotten.put(session, upTo);
        }
        if (isKept(outcome)) {
            outcomes.put(new Key(session, stamped.sequence()), outcome);
        }
    }

    private void forget(long session, long upTo) {
        Key from = new Key(session, Long.MIN_VALUE);
        while (true) {
            Key first = outcomes.shardOf(from).ceilingKey(from);
            if (first == null || first.session != session || first.sequence > upTo) {
                return;
            }
            outcomes.remove(first);
        }
    }

    private void rememberAnonymous(Key key, Outcome outcome) {
        if (!isKept(outcome) || outcomes.contains(key)) {
            return;
        }
        int weight = weight(outcome);
        outcomes.put(key, outcome);
        arrivals.put(next++, new Arrival(key, weight));
        values += weight;
        while (next - oldest > ANONYMOUS_MAX
                || (values > ANONYMOUS_VALUES_MAX && next - oldest > 1)) {
            Arrival dropped = arrivals.remove(oldest++);
            if (dropped != null) {
                outcomes.remove(dropped.key());
                values -= dropped.weight();
            }
        }
        Invariant.check(values >= 0, "values in remembered outcomes", values);
    }

    private static int weight(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Volumes it -> 1 + it.volumes().size();
            case Outcome.Snapshots it -> 1 + it.snapshots().size() + it.volumes().size();
            case Outcome.Clones it -> 1 + it.clones().size();
            case Outcome.ChunkIdsLeased it -> 1 + it.ranges().size();
            case Outcome.NodeRegistered it -> 1 + it.stores().size() + it.groups().size();
            case Outcome.GroupsChanged it -> 1 + it.groups().size();
            case Outcome.SessionClosed it -> 1 + it.ended().size();
            case Outcome.DueDone it -> 1 + it.ended().size();
            case Outcome.RightsChanged it -> 1 + it.ended().size();
            case Outcome.Refused _,
                    Outcome.Nothing _,
                    Outcome.SessionOpened _,
                    Outcome.PolicyPut _,
                    Outcome.ProjectPut _,
                    Outcome.Attached _,
                    Outcome.Stepped _ ->
                    1;
        };
    }
}
