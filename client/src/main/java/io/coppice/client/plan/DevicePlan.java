package io.coppice.client.plan;

import io.coppice.client.plan.ChunkOp.Kind;
import io.coppice.client.plan.ChunkOp.Stage;
import io.coppice.client.plan.Derivation.Again;
import io.coppice.client.plan.Fault.Reason;
import io.coppice.model.Blocks;
import io.coppice.model.ChunkId;
import io.coppice.port.Marks;
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
    private final KnownMap map;
    private final Operations ops = new Operations();
    private final ArrayDeque<ChunkOp> awaitingPlacement = new ArrayDeque<>();
    private final ArrayDeque<Derivation> flips = new ArrayDeque<>();
    private int flipMessages;
    private boolean draining;
    private boolean turnEndAsked;
    private long size;
    private @Nullable Fault end;

    /// @param generation the volume's, 0 for a snapshot
    /// @param size bytes of the device
    public DevicePlan(PlanConfig config, PlanPort port, long generation, long size) {
        this.config = config;
        this.port = port;
        this.size = size;
        map = new KnownMap(config.pagesMax(), generation, ops, this::askTurnEnd, port);
    }

    public long generation() {
        return map.generation();
    }

    public long size() {
        return size;
    }

    /// Operations that have not been acknowledged.
    public int unfinished() {
        return ops.unfinished();
    }

    /// Chunk indexes with a write or a flip under way.
    int busySlots() {
        return ops.busySlots();
    }

    // ------------------------------------------------------------ from the device

    /// Takes `op` on. Completion may come before this returns.
    public void start(ChunkOp op) {
        Fault ended = end;
        if (ended != null) {
            ops.refuse(op, ended);
            return;
        }
        op.reading = op.kind() != Kind.WRITE && op.kind() != Kind.ZERO;
        ops.begin(op);
        drain();
    }

    /// Fails every operation whose deadline has passed. `nowNanos` is of the clock of their
    /// deadlines.
    public void expire(long nowNanos, Fault fault) {
        ChunkOp oldest;
        while ((oldest = ops.oldest()) != null && oldest.deadlineNanos() - nowNanos <= 0) {
            ops.giveUp(oldest, fault);
        }
        drain();
    }

    /// Fails every operation, present and future: the device is closed, or the attachment lost.
    public void end(Fault fault) {
        if (end == null) {
            end = fault;
        }
        ChunkOp oldest;
        while ((oldest = ops.oldest()) != null) {
            ops.giveUp(oldest, fault);
        }
        drain();
    }

    /// Forgets the map, for devices whose map others change.
    public void dropMap() {
        map.drop();
    }

    /// The events of this turn are handled: what was gathered is sent.
    public void turnEnd() {
        turnEndAsked = false;
        map.load();
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
            map.awaitGeneration(op);
        } else {
            ops.park(
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
            map.awaitPage(op, true);
        } else if (derivation.stage == Derivation.Stage.FLIPPING) {
            ops.makeReady(op);
        } else {
            ops.park(op, derivation.parked);
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
            ops.park(op, derivation.parked);
            settle(derivation);
        } else {
            ops.makeReady(op);
        }
        drain();
    }

    /// Given up: refused for good, or not answered in time.
    public void failed(ChunkOp op, Fault fault) {
        Derivation derivation = leaveDerivation(op);
        if (derivation == null) {
            ops.finish(op, fault);
            drain();
            return;
        }
        boolean groupFull = fault.reason() == Reason.NO_SPACE && derivation.oldChunk == 0;
        boolean deriving = derivation.stage == Derivation.Stage.DERIVING;
        if (groupFull && deriving && op.placementTry + 1 < port.placementTriesMax()) {
            op.placementTry++;
            ops.park(op, derivation.parked);
            fail(derivation, Again.AT_ONCE);
        } else {
            ops.finish(op, fault);
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
    ///
    /// @param tags of its new chunks
    public void flipped(FlipBatch batch, Tags tags) {
        flipMessages--;
        int slot = 0;
        for (Derivation derivation : batch.derivations()) {
            derivation.stage = Derivation.Stage.FLIPPED;
            map.flipped(derivation, tags, slot++);
            ops.leaveSlot(derivation);
            ChunkOp next;
            while ((next = derivation.applied.poll()) != null) {
                ops.finish(next, null);
            }
            ops.makeAllReady(derivation.parked);
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
                ops.finish(next, fault);
            }
            fail(derivation, Again.AFTER_RELOAD);
        }
        sendFlips();
        drain();
    }

    /// A map page; `chunks` without trailing zeros, `ownedBits` a bitmap, both of `pageGeneration`.
    public void pageLoaded(
            long page, long[] chunks, byte[] ownedBits, Tags tags, long pageGeneration) {
        map.loaded(page, chunks, ownedBits, tags, pageGeneration);
        drain();
    }

    /// The page cannot be had (the snapshot was deleted): those who wait for it fail.
    public void pageFailed(long page, Fault fault) {
        map.failed(page, fault);
        drain();
    }

    /// The volume has a new generation or size, or (rollback) another map.
    public void volumeChanged(long newGeneration, long newSize, boolean mapChanged) {
        size = newSize;
        if (mapChanged) {
            dropMap();
        }
        map.adopt(newGeneration);
        drain();
    }

    /// Chunk ids arrived, or other groups serve now.
    public void placementChanged() {
        ops.makeAllReady(awaitingPlacement);
        drain();
    }

    /// Looks for a generation that was not told; true while one is awaited.
    public boolean pollGeneration() {
        return map.pollGeneration();
    }

    // ------------------------------------------------------------ planning

    /// Before every entry point returns, so that chains of waiting operations do not become chains
    /// of calls.
    private void drain() {
        if (draining) {
            return;
        }
        draining = true;
        try {
            ChunkOp op;
            while ((op = ops.nextReady()) != null) {
                plan(op);
            }
        } finally {
            draining = false;
        }
    }

    private void plan(ChunkOp op) {
        Fault ended = end;
        if (op.completed || ended != null) {
            ops.finish(op, ended);
            return;
        }
        Slot slot = op.slot;
        Derivation derivation = slot == null ? null : slot.derivation;
        // After a rollback the block that a patch has read is another one.
        op.reading |= op.kind() == Kind.PATCH && op.mapVersion != map.version();
        if (op.reading) {
            planRead(op);
        } else if (derivation == null) {
            planWrite(op);
        } else if (derivation.stage == Derivation.Stage.FAILED) {
            ops.park(op, derivation.parked);
        } else {
            join(op, derivation);
        }
    }

    private void planRead(ChunkOp op) {
        // While a flip is under way the old chunk holds all that was acknowledged. But a snapshot,
        // or
        // somebody who only reads, may show more of it already: then to read what was there before
        // would be a step back.
        Derivation changing = ops.derivation(op.index());
        if (changing != null && changing.mayShow(op)) {
            Marks.hit("a read waited for a flip that may show it");
            ops.park(op, changing.parked);
            return;
        }
        MapCache.Page page = map.page(op.index());
        if (page == null) {
            map.awaitPage(op, false);
            return;
        }
        long chunk = page.chunk(op.index());
        op.ownedSlot = page.isOwned(op.index(), map.generation());
        op.mapVersion = map.version();
        if (chunk == 0) {
            readUnmapped(op);
            return;
        }
        op.sealed = !op.ownedSlot && port.holdsLease();
        address(op, chunk, page.tag(op.index()), 0, false);
        if (op.sealed && port.recall(op)) {
            readDone(op);
        } else {
            submit(op);
        }
    }

    private void readUnmapped(ChunkOp op) {
        if (isUnmapped(op)) {
            op.unmapped();
            readDone(op);
        }
    }

    /// Whether the quorum would still say that nothing is there. Else it is asked first: who had
    /// the volume taken away, and was not told yet, must not answer for it.
    private boolean isUnmapped(ChunkOp op) {
        if (op.mapChecked || port.holdsLease()) {
            return true;
        }
        Marks.hit("a map was looked up again for want of a lease");
        op.mapChecked = true;
        map.awaitPage(op, true);
        return false;
    }

    private void readDone(ChunkOp op) {
        op.reading = false;
        if (op.kind() == Kind.PATCH) {
            ops.makeReady(op);
        } else {
            ops.finish(op, null);
        }
    }

    private void planWrite(ChunkOp op) {
        MapCache.Page page = map.page(op.index());
        if (page == null) {
            map.awaitPage(op, false);
            return;
        }
        long old = page.chunk(op.index());
        boolean zero = op.kind() == Kind.ZERO;
        if (zero && old == 0) {
            if (isUnmapped(op)) {
                ops.finish(op, null);
            }
        } else if (zero && isWhole(op)) {
            unmap(op, old);
        } else if (page.isOwned(op.index(), map.generation())) {
            address(op, old, page.writeTag(op.index()), 0, false);
            submit(op);
        } else {
            derive(op, old, page.tag(op.index()));
        }
    }

    private void unmap(ChunkOp op, long old) {
        var derivation = new Derivation(op.index(), old, 0, null, map.generation());
        ops.enterSlot(op, derivation);
        op.derivation = derivation;
        op.stage = Stage.APPLIED;
        derivation.shows(op);
        derivation.applied.add(op);
        queueFlip(derivation);
    }

    private void derive(ChunkOp op, long old, long oldTag) {
        int group = old == 0 ? port.placeNewChunk(op.index(), op.placementTry) : ChunkId.group(old);
        FreshChunk fresh = group < 0 ? null : port.takeChunk(group);
        if (fresh == null) {
            ops.park(op, awaitingPlacement);
            return;
        }
        var derivation = new Derivation(op.index(), old, oldTag, fresh, map.generation());
        ops.enterSlot(op, derivation);
        send(op, derivation, old, old == 0);
    }

    /// Until the chunk is known to stand, every write to it says how to make it: the first to
    /// arrive does.
    private void join(ChunkOp op, Derivation derivation) {
        boolean make = derivation.stage == Derivation.Stage.DERIVING;
        send(op, derivation, make ? derivation.oldChunk : 0, make && derivation.oldChunk == 0);
    }

    private void send(ChunkOp op, Derivation derivation, long from, boolean create) {
        address(op, derivation.newChunk, derivation.newTag, from, create);
        op.fromTag = from == 0 ? 0 : derivation.oldTag;
        op.generation = derivation.generation;
        op.derivation = derivation;
        derivation.shows(op);
        derivation.inFlight++;
        submit(op);
    }

    private void address(ChunkOp op, long chunk, long tag, long from, boolean create) {
        op.chunk = chunk;
        op.tag = tag;
        op.fromChunk = from;
        op.fromTag = 0;
        op.create = create;
        op.generation = map.generation();
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
            ops.finish(op, null);
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
                if (next.generation == map.generation()) {
                    batch.add(next);
                } else {
                    fail(
                            next,
                            Again.AFTER_RELOAD); // the quorum would refuse the whole batch for it
                }
            }
            if (!batch.isEmpty()) {
                flipMessages++;
                port.flip(new FlipBatch(map.generation(), batch));
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
        ops.leaveSlot(derivation);
        if (derivation.newChunk != 0) {
            port.abandon(derivation.newChunk);
        }
        boolean reload = derivation.again == Again.AFTER_RELOAD;
        replay(derivation, derivation.applied, reload);
        replay(derivation, derivation.parked, reload);
    }

    private void replay(Derivation derivation, ArrayDeque<ChunkOp> waiting, boolean reload) {
        ChunkOp next;
        while ((next = waiting.poll()) != null) {
            next.parkedIn = null;
            next.derivation = null;
            next.generation = derivation.generation;
            if (reload) {
                map.awaitPage(next, true);
            } else if (derivation.again == Again.IN_NEXT_GENERATION) {
                map.awaitGeneration(next);
            } else {
                ops.makeReady(next);
            }
        }
    }

    private void askTurnEnd() {
        if (!turnEndAsked) {
            turnEndAsked = true;
            port.turnEndWanted();
        }
    }
}
