package io.coppice.metadata.server;

import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/// Seals (R8) and fences (R9) on their way: who was told, who still has writes to finish.
///
/// A barrier is done when every living node has said so. A node lives from its registration until
/// the quorum has declared it lost; one whose stream broke meanwhile is waited for, and told again
/// when it is back, because the writes that it had accepted may still be under way.
///
/// And then all groups must have enough serving replicas at some moment. While too few serve, one
/// that was last may hold a write that was never acknowledged; it may lead again, and the write
/// with it, after somebody has read without it. Once enough serve it leads no more. No thread, no
/// clock: the caller decides how long to wait, and a barrier that nobody waits for any more still
/// completes. Thread-safe.
final class Barriers {
    /// One barrier under way.
    private record Pending(Barrier barrier, Set<Integer> missing, CompletableFuture<Void> done) {}

    private final BooleanSupplier enoughServe;
    private final ReentrantLock lock = new ReentrantLock();
    // Under the lock.
    private final Map<Long, Pending> pending = new LinkedHashMap<>();
    private final Set<Integer> living = new HashSet<>();
    private final Map<Integer, Consumer<Barrier>> connected = new LinkedHashMap<>();
    private long lastId;

    /// @param living nodes that are up when this leader starts; none of them is connected yet
    /// @param firstId barriers get ids above it; larger than any of an earlier leader's
    /// @param enoughServe whether every group has enough serving replicas now; called without the
    ///   lock
    Barriers(Set<Integer> living, long firstId, BooleanSupplier enoughServe) {
        this.enoughServe = enoughServe;
        this.living.addAll(living);
        this.lastId = firstId;
    }

    /// Tells every node, and ends when all have finished what they had accepted before.
    CompletableFuture<Void> raise(List<VolumeBarrier> volumes) {
        var done = new CompletableFuture<Void>();
        List<Consumer<Barrier>> told;
        Barrier barrier;
        lock.lock();
        try {
            barrier = Barrier.newBuilder().setBarrier(++lastId).addAllVolumes(volumes).build();
            pending.put(barrier.getBarrier(), new Pending(barrier, new TreeSet<>(living), done));
            told = List.copyOf(connected.values());
        } finally {
            lock.unlock();
        }
        told.forEach(node -> node.accept(barrier));
        recheck();
        return done;
    }

    /// A node's session stands. It is told of what is under way; from now on it is waited for.
    void connected(int node, Consumer<Barrier> sender) {
        List<Barrier> missed;
        lock.lock();
        try {
            living.add(node);
            connected.put(node, sender);
            missed =
                    pending.values().stream()
                            .peek(one -> one.missing().add(node))
                            .map(Pending::barrier)
                            .toList();
        } finally {
            lock.unlock();
        }
        missed.forEach(sender);
    }

    /// The stream behind `sender` broke; the node may be alive.
    void disconnected(int node, Consumer<Barrier> sender) {
        lock.lock();
        try {
            connected.remove(node, sender);
        } finally {
            lock.unlock();
        }
    }

    /// A node has finished what it had accepted before the barrier.
    void done(int node, long barrier) {
        settle(List.of(barrier), node);
    }

    /// The quorum has taken the node's replicas out of service: what it accepted is no longer its
    /// to finish.
    void lost(int node) {
        List<Long> all;
        lock.lock();
        try {
            living.remove(node);
            all = List.copyOf(pending.keySet());
        } finally {
            lock.unlock();
        }
        settle(all, node);
    }

    /// Whoever is not a member any more has nothing to finish, connected or not.
    void keepOnly(IntPredicate isMember) {
        List<Integer> gone;
        lock.lock();
        try {
            gone = living.stream().filter(node -> !isMember.test(node)).toList();
        } finally {
            lock.unlock();
        }
        gone.forEach(this::lost);
    }

    private void settle(List<Long> ids, int node) {
        lock.lock();
        try {
            for (long id : ids) {
                Pending one = pending.get(id);
                if (one != null) {
                    one.missing().remove(node);
                }
            }
        } finally {
            lock.unlock();
        }
        recheck();
    }

    /// Groups may have changed: ends what waited for nothing else.
    void recheck() {
        if (isAnyReady() && enoughServe.getAsBoolean()) {
            var finished = new ArrayList<Pending>();
            lock.lock();
            try {
                pending.values().removeIf(one -> one.missing().isEmpty() && finished.add(one));
            } finally {
                lock.unlock();
            }
            finished.forEach(one -> one.done().complete(null));
        }
    }

    private boolean isAnyReady() {
        lock.lock();
        try {
            return pending.values().stream().anyMatch(one -> one.missing().isEmpty());
        } finally {
            lock.unlock();
        }
    }

    /// Nodes that some barrier still waits for, for messages.
    Set<Integer> waitedFor() {
        lock.lock();
        try {
            var all = new TreeSet<Integer>();
            pending.values().forEach(one -> all.addAll(one.missing()));
            return all;
        } finally {
            lock.unlock();
        }
    }

    int underWay() {
        lock.lock();
        try {
            return pending.size();
        } finally {
            lock.unlock();
        }
    }
}
