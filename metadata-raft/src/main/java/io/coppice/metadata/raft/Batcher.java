package io.coppice.metadata.raft;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.wire.pb.LoggedCommand;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Bundles what arrives while earlier entries are under way into one log entry.
///
/// Nothing is delayed for company: with no entry under way a command leaves at once, and under load
/// the entries grow by themselves. One thread of its own forms the entries and hands them to Ratis
/// one after the other, so that commands reach the log in the order of their submission.
///
/// At the bounds, of commands and of their bytes, callers are refused. The leader's own commands -
/// nodes that register or are lost, replicas that change - have places of their own, and a
/// confirmation of the leadership neither waits behind others nor is ever refused: else nodes would
/// lose their leases because clients ask for much. Half of those places are also for what the audit
/// log is told of, which callers cause. Thread-safe.
final class Batcher implements AutoCloseable {
    /// Takes an entry to the log. The future ends when the entry was applied here, or cannot be.
    @FunctionalInterface
    interface Proposer {
        CompletableFuture<Void> propose(Batch batch);
    }

    /// Waits to be put into an entry; `command` null: a read.
    private record Waiting(
            @Nullable LoggedCommand command,
            int bytes,
            CompletableFuture<Outcome> outcome,
            CompletableFuture<Void> read) {}

    /// Places and bytes for the leader's own commands: one part in this many more than for all.
    private static final int OWN_PART = 8;

    private static final long WAITING_BYTES_MAX = 64L << 20;

    private final QuorumConfig.BatchLimits limits;
    private final Proposer proposer;
    private final QuorumMetrics metrics;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Under the lock.
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private long waitingBytes;

    /// Shared by all who ask before the next entry leaves; null: nobody does.
    private @Nullable CompletableFuture<Void> confirmation;

    private int entriesInFlight;
    private boolean closed;
    private final Thread pump;

    Batcher(
            String server,
            QuorumConfig.BatchLimits limits,
            Proposer proposer,
            QuorumMetrics metrics) {
        this.limits = limits;
        this.proposer = proposer;
        this.metrics = metrics;
        this.pump =
                Thread.ofPlatform()
                        .name("metadata-batcher-" + server)
                        .daemon()
                        .unstarted(this::run);
    }

    void start() {
        pump.start();
    }

    CompletableFuture<Outcome> submit(Stamped stamped) {
        var outcome = new CompletableFuture<Outcome>();
        LoggedCommand command = LogEncoder.encode(stamped);
        enqueue(
                new Waiting(
                        command, command.getSerializedSize(), outcome, new CompletableFuture<>()),
                share(stamped),
                outcome);
        return outcome;
    }

    /// Of what all may have waiting, how much may wait when this one comes.
    private static double share(Stamped stamped) {
        if (!Caller.LEADER.equals(stamped.caller())) {
            return 1;
        }
        double own = 1.0 / OWN_PART;
        return stamped.command() instanceof Command.Note ? 1 + own / 2 : 1 + own;
    }

    /// Ends after an entry was applied that was proposed after this call.
    CompletableFuture<Void> barrier() {
        var read = new CompletableFuture<Void>();
        enqueue(new Waiting(null, 0, new CompletableFuture<>(), read), 1, read);
        return read;
    }

    /// As [#barrier], in the next entry that leaves, whatever waits.
    CompletableFuture<Void> confirm() {
        lock.lock();
        try {
            if (closed) {
                return CompletableFuture.failedFuture(stopped());
            }
            if (confirmation == null) {
                confirmation = new CompletableFuture<>();
                changed.signalAll();
            }
            return confirmation;
        } finally {
            lock.unlock();
        }
    }

    private static QuorumException stopped() {
        return new QuorumException(QuorumException.Reason.STOPPED, "this metadata server stops");
    }

    private void enqueue(Waiting one, double share, CompletableFuture<?> future) {
        QuorumException refused = null;
        lock.lock();
        try {
            if (closed) {
                refused = stopped();
            } else if (waiting.size() >= share * limits.waitingMax()
                    || waitingBytes + one.bytes() > share * WAITING_BYTES_MAX) {
                metrics.refusedWhenFull().inc();
                refused =
                        new QuorumException(
                                QuorumException.Reason.OVERLOADED,
                                "the metadata quorum has "
                                        + waiting.size()
                                        + " commands of "
                                        + (waitingBytes >> 10)
                                        + " KiB waiting; retry later");
            } else {
                waiting.add(one);
                waitingBytes += one.bytes();
                if (waiting.size() == 1) {
                    changed.signalAll();
                }
            }
        } finally {
            lock.unlock();
        }
        if (refused != null) {
            future.completeExceptionally(refused);
        }
    }

    private void run() {
        Batch batch;
        while ((batch = take()) != null) {
            propose(batch);
        }
    }

    /// Blocks until there is something to propose and an entry may leave; null: closed.
    private @Nullable Batch take() {
        lock.lock();
        try {
            while (!closed && (isIdle() || entriesInFlight >= limits.entriesInFlight())) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                return null;
            }
            var batch = new Batch();
            if (confirmation != null) {
                batch.add(confirmation);
                confirmation = null;
            }
            for (Waiting next = waiting.peek();
                    next != null && fits(batch, next);
                    next = waiting.peek()) {
                waiting.remove();
                waitingBytes -= next.bytes();
                LoggedCommand command = next.command();
                if (command == null) {
                    batch.add(next.read());
                } else {
                    batch.add(command, next.bytes(), next.outcome());
                }
            }
            entriesInFlight++;
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private boolean isIdle() {
        return waiting.isEmpty() && confirmation == null;
    }

    private boolean fits(Batch batch, Waiting next) {
        if (next.command() == null || batch.commandCount() == 0) {
            return true;
        }
        return batch.commandCount() < limits.commandsMax()
                && batch.bytes() + next.bytes() <= limits.bytesMax();
    }

    private void propose(Batch batch) {
        batch.seal();
        metrics.entries().inc();
        metrics.batchCommands().update(batch.commandCount());
        metrics.batchBytes().update(batch.bytes());
        metrics.reads().inc(batch.readCount());
        var timer = metrics.commit().time();
        proposer.propose(batch)
                .whenComplete((applied, failed) -> {
                    timer.stop();
                    entryEnded();
                    if (failed != null) {
                        batch.fail(
                                failed instanceof QuorumException known
                                        ? known
                                        : new QuorumException(
                                                QuorumException.Reason.NOT_LEADER,
                                                "no leader: " + failed));
                    }
                });
    }

    private void entryEnded() {
        lock.lock();
        try {
            entriesInFlight--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        Deque<Waiting> left;
        CompletableFuture<Void> unconfirmed;
        lock.lock();
        try {
            closed = true;
            unconfirmed = confirmation;
            left = new ArrayDeque<>(waiting);
            waiting.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        var why = stopped();
        if (unconfirmed != null) {
            unconfirmed.completeExceptionally(why);
        }
        for (Waiting one : left) {
            one.outcome().completeExceptionally(why);
            one.read().completeExceptionally(why);
        }
    }
}
