package io.coppice.client.plan;

import io.coppice.client.plan.ChunkOp.Kind;
import io.coppice.client.plan.ChunkOp.Stage;
import io.coppice.client.plan.Derivation.Again;
import io.coppice.client.plan.Fault.Reason;
import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/// Decides, for one device, which chunk every operation goes to and when it is acknowledged.
///
/// | slot is | WRITE, PATCH | ZERO of a part | ZERO of the whole chunk |
/// |---|---|---|---|
/// | unmapped | create, flip, ack | ack | ack |
/// | owned | write, ack | zero, ack | flip to 0, ack |
/// | shared | derive, flip, ack | derive, flip, ack | flip to 0, ack |
/// | deriving | derive or write, ack after the flip | the same | (the range lock makes it wait) |
public final class DevicePlan {
    private final PlanConfig config;
    private final PlanPort port;
    private final MapCache cache;
    private final PageLoads loads;
    private final LongMap<Slot> slots = new LongMap<>();
    private final LiveOps live = new LiveOps();

    /// Operations to plan next; drained before every entry point returns, so that chains of waiting
    /// operations do not become chains of calls.
    private final ArrayDeque<ChunkOp> ready = new ArrayDeque<>();

    private final ArrayDeque<ChunkOp> awaitingGeneration = new ArrayDeque<>();
    private final ArrayDeque<ChunkOp> awaitingPlacement = new ArrayDeque<>();
    private final ArrayDeque<Derivation> flips = new ArrayDeque<>();
    private int flipMessages;
    private boolean draining;
    private boolean turnEndAsked;
    private boolean pollingGeneration;
    private long generation;
    private long size;
    private @Nullable Fault end;

    /// @param generation the volume's, 0 for a snapshot
    /// @param size bytes of the device
    public DevicePlan(PlanConfig config, PlanPort port, long generation, long size) {
        this.config = config;
        this.port = port;
        this.generation = generation;
        this.size = size;
        cache = new MapCache(config.pagesMax());
        loads = new PageLoads();
    }

    public long generation() {
        return generation;
    }

    public long size() {
        return size;
    }

    /// Operations that have not been acknowledged.
    public int unfinished() {
        return live.count();
    }

    /// Chunk indexes with a write or a flip under way.
    int busySlots() {
        return slots.size();
    }

    // ------------------------------------------------------------ from the device

    /// Takes `op` on. Completion may come before this returns.
    public void start(ChunkOp op) {
        Fault ended = end;
        if (ended != null) {
            complete(op, ended);
            release(op);
            return;
        }
        op.reading = op.kind() != Kind.WRITE && op.kind() != Kind.ZERO;
        live.add(op);
        if (!op.writes() || slot(op.index()).lock(op)) {
            ready.add(op);
        }
        drain();
    }

    /// Fails every operation whose deadline has passed. `nowNanos` is of the clock of their
    /// deadlines.
    public void expire(long nowNanos, Fault fault) {
        ChunkOp oldest;
        while ((oldest = live.oldest()) != null && oldest.deadlineNanos() - nowNanos <= 0) {
            giveUp(oldest, fault);
        }
        drain();
    }

    /// Fails every operation, present and future: the device is closed, or the attachment lost.
    public void end(Fault fault) {
        if (end == null) {
            end = fault;
        }
        ChunkOp oldest;
        while ((oldest = live.oldest()) != null) {
            giveUp(oldest, fault);
        }
        drain();
    }

    /// Forgets the map, for devices whose map others change.
    public void dropMap() {
        cache.clear();
        loads.allDirty();
    }

    /// The events of this turn are handled: what was gathered is sent.
    public void turnEnd() {
        turnEndAsked = false;
        long[] pages = loads.takeWanted();
        if (pages.length > 0) {
            port.loadPages(pages);
        }
        sendFlips();
        drain();
    }

    // ------------------------------------------------------------ from the storage nodes

    /// Every serving replica has it, or the read is in the caller's hands.
    public void succeeded(ChunkOp op) {
        op.stage = Stage.READY;
        if (op.reading) {
            readDone(op);
        } else {
            writeDone(op);
        }
        drain();
    }

    /// Not done: the generation is sealed. It is planned again in the next one.
    public void refusedBySeal(ChunkOp op) {
        Derivation derivation = leaveDerivation(op);
        if (derivation == null) {
            awaitGeneration(op);
        } else {
            park(
                    op,
                    derivation.parked); // if the flip is under way already, its outcome comes first
            failIfDeriving(derivation, Again.IN_NEXT_GENERATION);
        }
        drain();
    }

    /// Not done: the primary does not know the chunk. A newer map tells why.
    public void chunkMissing(ChunkOp op) {
        Derivation derivation = leaveDerivation(op);
        if (derivation == null) {
            parkForPage(op, true);
        } else if (derivation.stage == Derivation.Stage.FLIPPING) {
            makeReady(op);
        } else {
            park(op, derivation.parked);
            failIfDeriving(derivation, Again.AFTER_RELOAD);
        }
        drain();
    }

    /// The primary cannot tell a retry from a new request any more. Nothing that was sent can take
    /// effect later, and the lock kept all others off the blocks: it is safe to send it as a new
    /// request.
    public void refusedAsOld(ChunkOp op) {
        Derivation derivation = leaveDerivation(op);
        if (derivation != null && derivation.stage == Derivation.Stage.FAILED) {
            park(op, derivation.parked);
            settle(derivation);
        } else {
            makeReady(op);
        }
        drain();
    }

    /// Given up: refused for good, or not answered in time.
    public void failed(ChunkOp op, Fault fault) {
        Derivation derivation = leaveDerivation(op);
        if (derivation == null) {
            finish(op, fault);
            drain();
            return;
        }
        boolean groupFull = fault.reason() == Reason.NO_SPACE && derivation.oldChunk == 0;
        boolean deriving = derivation.stage == Derivation.Stage.DERIVING;
        if (groupFull && deriving && op.placementTry + 1 < port.placementTriesMax()) {
            op.placementTry++;
            park(op, derivation.parked);
            fail(derivation, Again.AT_ONCE);
        } else {
            finish(op, fault);
            boolean last = derivation.inFlight == 0 && deriving;
            if (last) {
                fail(derivation, Again.AT_ONCE);
            } else {
                settle(derivation);
            }
        }
        drain();
    }

    // ------------------------------------------------------------ from the quorum

    /// The batch was committed: its writes are acknowledged.
    public void flipped(FlipBatch batch) {
        flipMessages--;
        for (Derivation derivation : batch.derivations()) {
            derivation.stage = Derivation.Stage.FLIPPED;
            boolean owned = derivation.newChunk != 0 && derivation.generation == generation;
            cache.flipped(derivation.index, derivation.newChunk, owned, generation);
            loads.dirty(MapCache.pageOf(derivation.index));
            leaveSlot(derivation);
            ChunkOp next;
            while ((next = derivation.applied.poll()) != null) {
                finish(next, null);
            }
            makeAllReady(derivation.parked);
        }
        sendFlips();
        drain();
    }

    /// Refused: the generation or an old chunk differs. Everything in it is planned again from a
    /// newer map.
    public void flipStale(FlipBatch batch) {
        flipMessages--;
        for (Derivation derivation : batch.derivations()) {
            fail(derivation, Again.AFTER_RELOAD);
        }
        sendFlips();
        drain();
    }

    /// Refused for good.
    public void flipFailed(FlipBatch batch, Fault fault) {
        flipMessages--;
        for (Derivation derivation : batch.derivations()) {
            ChunkOp next;
            while ((next = derivation.applied.poll()) != null) {
                next.derivation = null;
                finish(next, fault);
            }
            fail(derivation, Again.AFTER_RELOAD);
        }
        sendFlips();
        drain();
    }

    /// A map page; `chunks` without trailing zeros, `ownedBits` a bitmap, both of `pageGeneration`.
    public void pageLoaded(long page, long[] chunks, byte[] ownedBits, long pageGeneration) {
        if (pageGeneration > generation) {
            adopt(pageGeneration);
        }
        if (!loads.isAwaited(page)) {
            drain(); // nobody waits any more, and flips since then may have passed it
            return;
        }
        if (pageGeneration < generation || loads.isDirty(page)) {
            // Captured before something that we know: a flip of ours, or a newer generation.
            loads.again(page);
            askTurnEnd();
            drain();
            return;
        }
        cache.put(page, chunks, ownedBits, pageGeneration);
        makeAllReady(loads.loaded(page));
        drain();
    }

    /// The page cannot be had (the snapshot was deleted): those who wait for it fail.
    public void pageFailed(long page, Fault fault) {
        ArrayDeque<ChunkOp> waiting = loads.loaded(page);
        ChunkOp next;
        while ((next = waiting.poll()) != null) {
            next.parkedIn = null;
            finish(next, fault);
        }
        drain();
    }

    /// The volume has a new generation or size, or (rollback) another map.
    public void volumeChanged(long newGeneration, long newSize, boolean mapChanged) {
        size = newSize;
        if (mapChanged) {
            dropMap();
        }
        if (newGeneration > generation) {
            adopt(newGeneration);
        }
        drain();
    }

    /// Chunk ids arrived, or other groups serve now.
    public void placementChanged() {
        makeAllReady(awaitingPlacement);
        drain();
    }

    /// Looks for a generation that was not told; true while one is awaited.
    public boolean pollGeneration() {
        ChunkOp waiting = awaitingGeneration.peek();
        if (waiting == null) {
            pollingGeneration = false;
            return false;
        }
        loads.want(MapCache.pageOf(waiting.index()));
        askTurnEnd();
        return true;
    }

    // ------------------------------------------------------------ planning

    private void drain() {
        if (draining) {
            return;
        }
        draining = true;
        try {
            ChunkOp op;
            while ((op = ready.poll()) != null) {
                plan(op);
            }
        } finally {
            draining = false;
        }
    }

    private void plan(ChunkOp op) {
        Fault ended = end;
        if (op.completed || ended != null) {
            finish(op, ended);
            return;
        }
        Slot slot = op.slot;
        Derivation derivation = slot == null ? null : slot.derivation;
        if (op.reading) {
            planRead(op, derivation);
        } else if (derivation == null) {
            planWrite(op);
        } else if (derivation.stage == Derivation.Stage.FAILED) {
            park(op, derivation.parked);
        } else {
            join(op, derivation);
        }
    }

    private void planRead(ChunkOp op, @Nullable Derivation derivation) {
        // While a flip is under way the old chunk holds all that was acknowledged.
        MapCache.Page page = cache.page(op.index());
        long chunk;
        if (page != null) {
            chunk = page.chunk(op.index());
            op.ownedSlot = page.isOwned(op.index(), generation);
        } else if (derivation != null) {
            chunk = derivation.oldChunk;
            op.ownedSlot = false;
        } else {
            parkForPage(op, false);
            return;
        }
        if (chunk == 0) {
            op.unmapped();
            readDone(op);
            return;
        }
        address(op, chunk, 0, false);
        submit(op);
    }

    private void readDone(ChunkOp op) {
        op.reading = false;
        if (op.kind() == Kind.PATCH) {
            makeReady(op);
        } else {
            finish(op, null);
        }
    }

    private void planWrite(ChunkOp op) {
        MapCache.Page page = cache.page(op.index());
        if (page == null) {
            parkForPage(op, false);
            return;
        }
        long old = page.chunk(op.index());
        boolean zero = op.kind() == Kind.ZERO;
        if (zero && old == 0) {
            finish(op, null);
        } else if (zero && isWhole(op)) {
            unmap(op, old);
        } else if (page.isOwned(op.index(), generation)) {
            address(op, old, 0, false);
            submit(op);
        } else {
            derive(op, old);
        }
    }

    private void unmap(ChunkOp op, long old) {
        var derivation = new Derivation(op.index(), old, 0, generation);
        enterSlot(op, derivation);
        op.derivation = derivation;
        op.stage = Stage.APPLIED;
        derivation.applied.add(op);
        queueFlip(derivation);
    }

    private void derive(ChunkOp op, long old) {
        int group = old == 0 ? port.placeNewChunk(op.index(), op.placementTry) : ChunkId.group(old);
        long fresh = group < 0 ? 0 : port.takeChunkId(group);
        if (fresh == 0) {
            park(op, awaitingPlacement);
            return;
        }
        var derivation = new Derivation(op.index(), old, fresh, generation);
        enterSlot(op, derivation);
        send(op, derivation, old, old == 0);
    }

    /// Until the chunk is known to stand, every write to it says how to make it: the first to
    /// arrive does.
    private void join(ChunkOp op, Derivation derivation) {
        boolean make = derivation.stage == Derivation.Stage.DERIVING;
        send(op, derivation, make ? derivation.oldChunk : 0, make && derivation.oldChunk == 0);
    }

    private void send(ChunkOp op, Derivation derivation, long from, boolean create) {
        address(op, derivation.newChunk, from, create);
        op.generation = derivation.generation;
        op.derivation = derivation;
        derivation.inFlight++;
        submit(op);
    }

    private void address(ChunkOp op, long chunk, long from, boolean create) {
        op.chunk = chunk;
        op.fromChunk = from;
        op.create = create;
        op.generation = generation;
        if (!op.reading) {
            op.sequence = port.nextSequence(ChunkId.group(chunk));
        }
    }

    private void submit(ChunkOp op) {
        op.stage = Stage.SUBMITTED;
        port.submit(op);
    }

    private boolean isWhole(ChunkOp op) {
        if (op.block() != 0) {
            return false;
        }
        long sizeBlocks = Blocks.count(size);
        long inDevice = sizeBlocks - op.index() * config.chunkBlocks();
        return op.blockCount() >= Math.min(inDevice, config.chunkBlocks());
    }

    // ------------------------------------------------------------ derivations

    private void writeDone(ChunkOp op) {
        Derivation derivation = op.derivation;
        if (derivation == null || derivation.stage == Derivation.Stage.FLIPPED) {
            finish(op, null);
            return;
        }
        derivation.inFlight--;
        op.stage = Stage.APPLIED;
        derivation.applied.add(op);
        if (derivation.stage == Derivation.Stage.FAILED) {
            settle(derivation);
        } else if (derivation.stage == Derivation.Stage.DERIVING) {
            queueFlip(derivation);
        }
    }

    /// The derivation that `op` still waits for, after it was answered; null: it stands for itself.
    private @Nullable Derivation leaveDerivation(ChunkOp op) {
        op.stage = Stage.READY;
        Derivation derivation = op.derivation;
        op.derivation = null;
        if (derivation == null || derivation.stage == Derivation.Stage.FLIPPED) {
            return null;
        }
        derivation.inFlight--;
        return derivation;
    }

    private void queueFlip(Derivation derivation) {
        derivation.stage = Derivation.Stage.FLIPPING;
        flips.add(derivation);
        askTurnEnd();
    }

    private void sendFlips() {
        while (!flips.isEmpty() && flipMessages < config.flipMessagesMax()) {
            var batch = new ArrayList<Derivation>(Math.min(flips.size(), config.flipSlotsMax()));
            Derivation next;
            while (batch.size() < config.flipSlotsMax() && (next = flips.poll()) != null) {
                if (next.generation == generation) {
                    batch.add(next);
                } else {
                    fail(
                            next,
                            Again.AFTER_RELOAD); // the quorum would refuse the whole batch for it
                }
            }
            if (!batch.isEmpty()) {
                flipMessages++;
                port.flip(new FlipBatch(generation, batch));
            }
        }
    }

    private void failIfDeriving(Derivation derivation, Again again) {
        if (derivation.stage == Derivation.Stage.DERIVING) {
            fail(derivation, again);
        } else {
            settle(derivation);
        }
    }

    private void fail(Derivation derivation, Again again) {
        if (derivation.stage != Derivation.Stage.FLIPPED) {
            derivation.stage = Derivation.Stage.FAILED;
            derivation.again = again;
            settle(derivation);
        }
    }

    /// Gives a failed derivation up once nothing of it is under way, and plans its operations
    /// again.
    private void settle(Derivation derivation) {
        if (derivation.stage != Derivation.Stage.FAILED || derivation.inFlight > 0) {
            return;
        }
        leaveSlot(derivation);
        if (derivation.newChunk != 0) {
            port.abandon(derivation.newChunk);
        }
        boolean reload = derivation.again == Again.AFTER_RELOAD;
        replay(derivation, derivation.applied, reload);
        replay(derivation, derivation.parked, reload);
    }

    private void replay(Derivation derivation, ArrayDeque<ChunkOp> ops, boolean reload) {
        ChunkOp next;
        while ((next = ops.poll()) != null) {
            next.parkedIn = null;
            next.derivation = null;
            next.generation = derivation.generation;
            if (reload) {
                parkForPage(next, true);
            } else if (derivation.again == Again.IN_NEXT_GENERATION) {
                awaitGeneration(next);
            } else {
                makeReady(next);
            }
        }
    }

    private void adopt(long newGeneration) {
        generation = newGeneration; // pages of an older generation own nothing from here on
        makeAllReady(awaitingGeneration);
    }

    /// `op` was refused in its generation; the next one is told, or asked for.
    private void awaitGeneration(ChunkOp op) {
        if (op.generation < generation) {
            makeReady(op);
            return;
        }
        park(op, awaitingGeneration);
        if (!pollingGeneration && !awaitingGeneration.isEmpty()) {
            pollingGeneration = true;
            port.generationAwaited();
        }
    }

    // ------------------------------------------------------------ slots, parking, the end of an
    // operation

    private Slot slot(long index) {
        Slot slot = slots.get(index);
        if (slot == null) {
            slot = new Slot(index);
            slots.add(index, slot);
        }
        return slot;
    }

    private static void enterSlot(ChunkOp op, Derivation derivation) {
        Slot slot = op.slot;
        if (slot != null) {
            slot.derivation = derivation;
        }
    }

    private void leaveSlot(Derivation derivation) {
        Slot slot = slots.get(derivation.index);
        if (slot != null && slot.derivation == derivation) {
            slot.derivation = null;
            dropIfIdle(slot);
        }
    }

    private void dropIfIdle(Slot slot) {
        if (slot.isIdle()) {
            slots.remove(slot.index);
        }
    }

    private void makeReady(ChunkOp op) {
        op.parkedIn = null;
        op.stage = Stage.READY;
        ready.add(op);
    }

    private void makeAllReady(ArrayDeque<ChunkOp> ops) {
        ChunkOp next;
        while ((next = ops.poll()) != null) {
            makeReady(next);
        }
    }

    /// A completed operation is not parked: nobody waits for it, and nobody else would take it out
    /// again.
    private void park(ChunkOp op, ArrayDeque<ChunkOp> where) {
        if (op.completed) {
            finish(op, null);
            return;
        }
        op.stage = Stage.PARKED;
        op.parkedIn = where;
        where.add(op);
    }

    private void parkForPage(ChunkOp op, boolean reload) {
        long page = MapCache.pageOf(op.index());
        if (reload) {
            cache.drop(page);
            loads.dirty(page);
        }
        park(op, loads.want(page));
        askTurnEnd();
    }

    private void askTurnEnd() {
        if (!turnEndAsked) {
            turnEndAsked = true;
            port.turnEndWanted();
        }
    }

    /// Answers the caller now. What is under way keeps its lock until its outcome is known (R13).
    private void giveUp(ChunkOp op, Fault fault) {
        complete(op, fault);
        switch (op.stage) {
            case WAITING_FOR_LOCK -> finish(op, fault);
            case PARKED -> {
                ArrayDeque<ChunkOp> where = op.parkedIn;
                if (where != null) {
                    where.remove(op);
                    op.parkedIn = null;
                }
                finish(op, fault);
            }
            case READY, SUBMITTED, APPLIED, RELEASED -> {}
        }
    }

    private void finish(ChunkOp op, @Nullable Fault fault) {
        op.derivation = null;
        op.stage = Stage.RELEASED;
        Slot slot = op.slot;
        if (slot != null) {
            op.slot = null;
            slot.unlock(op, ready);
            dropIfIdle(slot);
        }
        complete(op, fault);
        release(op);
    }

    private void complete(ChunkOp op, @Nullable Fault fault) {
        if (!op.completed) {
            op.completed = true;
            live.remove(op);
            op.completed(fault);
        }
    }

    private static void release(ChunkOp op) {
        op.stage = Stage.RELEASED;
        op.released();
    }
}
