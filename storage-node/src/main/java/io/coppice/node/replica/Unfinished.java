package io.coppice.node.replica;

import io.coppice.node.replica.Operation.BarrierWait;
import io.coppice.port.Marks;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// The primary's operations that are numbered but not acknowledged, in order: first those that some
/// serving replica may not have appended, then those that only have to become durable.
final class Unfinished {
    private final GroupReplica replica;
    private final Effects effects;
    private final PendingBlocks pending;

    /// Not yet with the operating system of every serving replica, in order.
    private final ArrayDeque<Operation> unappended = new ArrayDeque<>();

    /// Appended everywhere, but to be durable before the answer.
    private final ArrayDeque<Operation> unsynced = new ArrayDeque<>();

    /// Retries of finished requests that ask for durability: nothing but a sync on all is left to
    /// do.
    private final ArrayDeque<SyncWait> syncWaits = new ArrayDeque<>();

    private record SyncWait(Ticket ticket, long sequence) {}

    private long unappendedBytes;

    /// What an earlier primary left is finished once this is.
    private long adoptedUpTo = Long.MAX_VALUE;

    Unfinished(GroupReplica replica, PendingBlocks pending) {
        this.replica = replica;
        this.effects = replica.effects();
        this.pending = pending;
    }

    void add(Operation operation) {
        pending.add(operation);
        unappended.add(operation);
        unappendedBytes += operation.bytes();
    }

    /// All that an earlier primary left is known, and will be finished.
    void reconciled() {
        adoptedUpTo = replica.last();
    }

    /// What the members are told to be committed; 0: nothing yet. Until what an earlier primary
    /// left is finished, a backup is not to take for sealed what may still change.
    long committedToTell() {
        return replica.committed() >= adoptedUpTo ? replica.committed() : 0;
    }

    /// The ticket is answered once everything up to `sequence` is durable everywhere.
    void awaitSync(Ticket ticket, long sequence) {
        syncWaits.add(new SyncWait(ticket, sequence));
    }

    int operations() {
        return unappended.size() + unsynced.size();
    }

    /// Of those that are not appended everywhere.
    long bytes() {
        return unappendedBytes;
    }

    /// Whether something is answered only once it is durable everywhere.
    boolean awaitsSync() {
        return !unsynced.isEmpty()
                || !syncWaits.isEmpty()
                || unappended.stream().anyMatch(replica::mustSync);
    }

    /// Everything up to there may have been acknowledged: also what came behind an operation that
    /// still has to become durable, if it did not ask for that itself.
    long finishedUpTo() {
        Operation first = unappended.peekFirst();
        return first == null ? replica.last() : first.sequence() - 1;
    }

    @Nullable Operation find(Origin origin) {
        Operation found = find(unappended, origin);
        return found == null ? find(unsynced, origin) : found;
    }

    private static @Nullable Operation find(ArrayDeque<Operation> among, Origin origin) {
        for (Operation operation : among) {
            if (operation.isRequest(origin.session(), origin.sequence())) {
                return operation;
            }
        }
        return null;
    }

    /// The barrier waits for what is under way of the volume.
    void join(BarrierWait wait, long volume) {
        join(unappended, wait, volume);
        join(unsynced, wait, volume);
    }

    private static void join(ArrayDeque<Operation> all, BarrierWait wait, long volume) {
        for (Operation operation : all) {
            if (operation.origin().volume() == volume) {
                operation.join(wait);
            }
        }
    }

    void finish(long appendedByAll, long syncedByAll) {
        Operation next;
        while ((next = unappended.peekFirst()) != null && next.sequence() <= appendedByAll) {
            unappended.removeFirst();
            unappendedBytes -= next.bytes();
            if (replica.mustSync(next)) {
                unsynced.add(next);
            } else {
                finish(next);
            }
        }
        while ((next = unsynced.peekFirst()) != null && next.sequence() <= syncedByAll) {
            unsynced.removeFirst();
            finish(next);
        }
        SyncWait wait;
        while ((wait = syncWaits.peekFirst()) != null && wait.sequence() <= syncedByAll) {
            syncWaits.removeFirst();
            effects.answer(wait.ticket(), Outcome.OK);
        }
    }

    private void finish(Operation operation) {
        pending.remove(operation, effects);
        operation.answer(effects, Outcome.OK);
        operation.leaveBarriers(effects);
        if (operation.change().kind() == Change.Kind.PURGE) {
            Marks.hit("a purge reached all serving replicas");
            effects.purged(operation.change().purged());
        }
    }

    /// The next primary finishes them, or they are lost without having been acknowledged.
    void abandon(Outcome why) {
        unappended.forEach(operation -> abandon(operation, why));
        unsynced.forEach(operation -> abandon(operation, why));
        syncWaits.forEach(wait -> effects.answer(wait.ticket(), why));
    }

    private void abandon(Operation operation, Outcome why) {
        operation.answer(effects, why);
        operation.leaveBarriers(effects);
    }
}
