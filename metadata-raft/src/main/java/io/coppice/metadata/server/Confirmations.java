package io.coppice.metadata.server;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Answers beats, of nodes and clients alike, once this leader has committed an entry that was
/// proposed after they came (R5). Thread-safe.
final class Confirmations {
    /// Entries that confirm the leadership; more of them only make leases last a little longer.
    private static final int ROUNDS_PER_LEASE = 8;

    private final Leadership leadership;
    private final ReentrantLock lock = new ReentrantLock();
    // Under the lock.
    private final BeatRounds<Object, Runnable> rounds;

    Confirmations(Leadership leadership) {
        this.leadership = leadership;
        this.rounds =
                new BeatRounds<>(
                        leadership.config().timeouts().node().toNanos() / ROUNDS_PER_LEASE);
    }

    /// @param answer runs when the leadership is confirmed; never, if it is not, or if the sender's
    ///   next beat comes before
    void add(Object sender, Runnable answer) {
        lock.lock();
        try {
            rounds.add(sender, answer);
        } finally {
            lock.unlock();
        }
        tick();
    }

    /// Begins a round when it is time for one.
    void tick() {
        List<Runnable> round;
        lock.lock();
        try {
            round = rounds.begin(leadership.time().nanos());
        } finally {
            lock.unlock();
        }
        if (!round.isEmpty()) {
            leadership
                    .quorum()
                    .confirm()
                    .whenComplete((confirmed, failed) ->
                            leadership.threads().execute(() -> ended(round, failed == null)));
        }
    }

    private void ended(List<Runnable> round, boolean confirmed) {
        lock.lock();
        try {
            rounds.end();
        } finally {
            lock.unlock();
        }
        if (confirmed) {
            round.forEach(Runnable::run);
        }
    }
}
