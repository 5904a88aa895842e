package io.coppice.metadata.raft;

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
/// Thread-safe.
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

    private final QuorumConfig.BatchLimits limits;
    private final Proposer proposer;
    private final QuorumMetrics metrics;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Under the lock.
    private final Deque<Waiting> waiting = new ArrayDeque<>();
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
                outcome);
        return outcome;
    }

    /// Ends after an entry was applied that was proposed after this call.
    CompletableFuture<Void> barrier() {
        var read = new CompletableFuture<Void>();
        enqueue(new Waiting(null, 0, new CompletableFuture<>(), read), read);
        return read;
    }

    private void enqueue(Waiting one, CompletableFuture<?> future) {
        QuorumException refused = null;
        lock.lock();
        try {
            if (closed) {
                refused =
                        new QuorumException(
                                QuorumException.Reason.STOPPED, "this metadata server stops");
            } else if (waiting.size() >= limits.waitingMax()) {
                metrics.refusedWhenFull().inc();
                refused =
                        new QuorumException(
                                QuorumException.Reason.OVERLOADED,
                                "the metadata quorum has "
                                        + limits.waitingMax()
                                        + " commands waiting; retry later");
            } else {
                waiting.add(one);
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
            while (!closed && (waiting.isEmpty() || entriesInFlight >= limits.entriesInFlight())) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                return null;
            }
            var batch = new Batch();
            for (Waiting next = waiting.peek();
                    next != null && fits(batch, next);
                    next = waiting.peek()) {
                waiting.remove();
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
        lock.lock();
        try {
            closed = true;
            left = new ArrayDeque<>(waiting);
            waiting.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        var why = new QuorumException(QuorumException.Reason.STOPPED, "this metadata server stops");
        for (Waiting one : left) {
            one.outcome().completeExceptionally(why);
            one.read().completeExceptionally(why);
        }
    }
}
