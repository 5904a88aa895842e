package io.coppice.node.lane;

import io.coppice.node.store.ChunkStore;
import io.coppice.node.store.SyncTicket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/// Group commit: however many wait for durability, one fdatasync is under way, and the next one
/// serves all that came meanwhile. Runs on the lane but for the sync itself.
///
/// Where every write has been followed by a flush, the next one's sync starts with the write: the
/// flush finds it under way.
final class SyncLine {
    /// Somebody who waits for durability.
    interface Waiter {
        void durable();

        /// The store is down (R11).
        default void failed() {}
    }

    /// So many writes in a row with a flush after each, and the next one is expected to have one.
    private static final int FLUSHED_BATCHES = 4;

    private final ChunkStore store;
    private final Executor lane;
    private final Executor syncThread;
    private final LaneMetrics metrics;
    private final Consumer<IOException> failed;
    private final Runnable turn;
    private List<Waiter> waiting = new ArrayList<>();
    private List<Waiter> served = List.of();
    private boolean running;
    private int runningTicks;
    private long appended;
    private long appendedBeforeSync;
    private int batchesSinceFlush;
    private int flushedBatches;

    /// @param turn asks for another turn of the lane, at whose end is [#start]
    SyncLine(
            ChunkStore store,
            Executor lane,
            Executor syncThread,
            LaneMetrics metrics,
            Consumer<IOException> failed,
            Runnable turn) {
        this.turn = turn;
        this.store = store;
        this.lane = lane;
        this.syncThread = syncThread;
        this.metrics = metrics;
        this.failed = failed;
    }

    /// Tells `waiter` on the lane once everything that is committed to the store when [#start] is
    /// called next is durable.
    void await(Waiter waiter) {
        waiting.add(waiter);
    }

    /// Nobody waits any longer.
    void fail() {
        List<Waiter> all = waiting;
        all.addAll(served);
        waiting = new ArrayList<>();
        served = List.of();
        all.forEach(Waiter::failed);
    }

    /// Called at the end of a turn, after its batch was committed: starts a sync if somebody waits,
    /// or will, and none is under way.
    void start() {
        boolean wrote = appended != store.appendedBytes();
        boolean flushed = !waiting.isEmpty();
        appended = store.appendedBytes();
        expect(wrote, flushed);
        if (running) {
            if (flushed && appended == appendedBeforeSync) {
                served.addAll(waiting);
                waiting.clear();
            }
        } else if (flushed && !store.syncDue()) {
            tell();
        } else if (flushed || (wrote && flushedBatches >= FLUSHED_BATCHES)) {
            begin();
        }
    }

    /// Counts how many batches in a row were followed by a flush before the next one came.
    private void expect(boolean wrote, boolean flushed) {
        if (wrote && ++batchesSinceFlush > 1) {
            batchesSinceFlush = 2;
            flushedBatches = 0;
        }
        if (flushed) {
            flushedBatches = Math.min(FLUSHED_BATCHES, flushedBatches + batchesSinceFlush % 2);
            batchesSinceFlush = 0;
        }
    }

    private void begin() {
        SyncTicket ticket;
        try {
            ticket = store.beginSync();
        } catch (IOException e) {
            failed.accept(e);
            return;
        }
        running = true;
        runningTicks = 0;
        appendedBeforeSync = appended;
        served = waiting;
        waiting = new ArrayList<>();
        syncThread.execute(() -> run(ticket));
    }

    private void tell() {
        List<Waiter> done = waiting;
        waiting = new ArrayList<>();
        done.forEach(Waiter::durable);
    }

    /// One tick; for how many the disk has been working on the sync that is under way.
    int tick() {
        return running ? ++runningTicks : 0;
    }

    private void run(SyncTicket ticket) {
        try (var _ = metrics.writeSync.time()) {
            ticket.run();
        } catch (IOException e) {
            lane.execute(() -> failed.accept(e));
            return;
        }
        lane.execute(() -> completed(ticket));
    }

    private void completed(SyncTicket ticket) {
        running = false;
        store.completeSync(ticket);
        List<Waiter> done = served;
        served = List.of();
        done.forEach(Waiter::durable);
        if (!waiting.isEmpty()) {
            turn.run();
        }
    }
}
