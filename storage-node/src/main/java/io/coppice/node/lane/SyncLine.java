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
final class SyncLine {
    /// Somebody who waits for durability.
    interface Waiter {
        void durable();

        /// The store is down (R11).
        default void failed() {}
    }

    private final ChunkStore store;
    private final Executor lane;
    private final Executor syncThread;
    private final LaneMetrics metrics;
    private final Consumer<IOException> failed;
    private List<Waiter> waiting = new ArrayList<>();
    private List<Waiter> served = List.of();
    private boolean running;
    private int runningTicks;

    SyncLine(
            ChunkStore store,
            Executor lane,
            Executor syncThread,
            LaneMetrics metrics,
            Consumer<IOException> failed) {
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

    /// Starts a sync if somebody waits and none is under way. Called after a batch was committed.
    void start() {
        if (running || waiting.isEmpty()) {
            return;
        }
        running = true;
        runningTicks = 0;
        served = waiting;
        waiting = new ArrayList<>();
        SyncTicket ticket = store.beginSync();
        syncThread.execute(() -> run(ticket));
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
    }
}
