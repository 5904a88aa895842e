package io.coppice.metadata.raft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.codahale.metrics.MetricRegistry;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// One entry may be under way, one command rides in each, eight may wait.
class BatcherTest {
    private static final int WAITING = 8;

    private record Entry(Batch batch, CompletableFuture<Void> applied) {
        void apply() {
            batch.complete(Collections.nCopies(batch.commandCount(), Outcome.Nothing.INSTANCE));
            applied.complete(null);
        }
    }

    private final BlockingQueue<Entry> proposed = new LinkedBlockingQueue<>();
    private final Batcher batcher =
            new Batcher(
                    "m1",
                    new QuorumConfig.BatchLimits(1, 4096, 1, WAITING),
                    batch -> {
                        var entry = new Entry(batch, new CompletableFuture<>());
                        proposed.add(entry);
                        return entry.applied();
                    },
                    QuorumMetrics.in(new MetricRegistry()));

    @BeforeEach
    void start() {
        batcher.start();
    }

    @AfterEach
    void stop() {
        batcher.close();
    }

    private CompletableFuture<Outcome> submit(String caller, Command command) {
        return batcher.submit(new Stamped(0, 1, 0, 1, caller, command));
    }

    private CompletableFuture<Outcome> submit(String caller) {
        return submit(caller, new Command.ReapStep(1));
    }

    private Entry next() throws InterruptedException {
        Entry entry = proposed.poll(30, TimeUnit.SECONDS);
        assertTrue(entry != null, "an entry is proposed");
        return entry;
    }

    /// An entry is under way, and no client finds a place.
    private Entry fill() throws InterruptedException {
        submit("t");
        Entry underWay = next();
        for (int i = 0; i < WAITING; i++) {
            assertFalse(submit("t").isDone());
        }
        refused(submit("t"));
        return underWay;
    }

    private static void refused(CompletableFuture<?> future) {
        var failed = assertThrows(ExecutionException.class, () -> future.get(30, TimeUnit.SECONDS));
        assertEquals(
                QuorumException.Reason.OVERLOADED,
                assertInstanceOf(QuorumException.class, failed.getCause()).reason());
    }

    @Test
    void aConfirmationIsInTheNextEntryHoweverMuchWaits() throws Exception {
        Entry underWay = fill();
        refused(batcher.barrier());
        var one = batcher.confirm();
        var other = batcher.confirm();
        assertFalse(one.isDone());
        underWay.apply();
        Entry following = next();
        assertFalse(one.isDone(), "the entry that was under way was proposed before");
        following.apply();
        one.get(30, TimeUnit.SECONDS);
        other.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aConfirmationAloneIsAnEntry() throws Exception {
        var confirmed = batcher.confirm();
        Entry entry = next();
        assertEquals(0, entry.batch().commandCount());
        var later = batcher.confirm();
        entry.apply();
        confirmed.get(30, TimeUnit.SECONDS);
        assertFalse(later.isDone(), "it was asked for after the first had left");
        next().apply();
        later.get(30, TimeUnit.SECONDS);
    }

    @Test
    void theLeadersOwnCommandsHavePlacesOfTheirOwnAndABoundToo() throws Exception {
        fill();
        assertFalse(submit("").isDone());
        refused(submit(""));
    }

    /// Callers cause it, so it leaves room for what nodes wait for.
    @Test
    void whatTheAuditLogIsToldOfHasHalfOfThem() throws Exception {
        var note = new Command.Note("eve", "h", "query", "v", "", "no");
        Entry underWay = fill();
        assertFalse(submit("", note).isDone());
        refused(submit("", note));
        underWay.apply();
    }

    @Test
    void soManyBytesMayWait() throws Exception {
        submit("t");
        next();
        var large = new Command.AbandonChunks(Collections.nCopies(1 << 20, -1L));
        int waiting = 0;
        CompletableFuture<Outcome> last = submit("t", large);
        while (!last.isDone() && waiting < WAITING) {
            waiting++;
            last = submit("t", large);
        }
        refused(last);
        assertTrue(waiting < WAITING, "of these, so many: " + waiting);
        assertFalse(submit("t").isDone(), "a small one has room");
    }

    @Test
    void whoWaitsIsToldWhenItStops() throws Exception {
        fill();
        var confirmed = batcher.confirm();
        batcher.close();
        for (CompletableFuture<?> future : List.of(confirmed, batcher.confirm())) {
            var failed =
                    assertThrows(ExecutionException.class, () -> future.get(30, TimeUnit.SECONDS));
            assertEquals(
                    QuorumException.Reason.STOPPED,
                    assertInstanceOf(QuorumException.class, failed.getCause()).reason());
        }
    }
}
