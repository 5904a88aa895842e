package io.coppice.client.plan;

import io.coppice.client.plan.ChunkOp.Stage;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// The operations of one device, from their beginning to their release: which of them hold the
/// locks of their slots, are ready, or are parked until something comes about. What they do is
/// decided by [DevicePlan].
final class Operations {
    private final LongMap<Slot> slots = new LongMap<>();
    private final LiveOps live = new LiveOps();
    private final ArrayDeque<ChunkOp> ready = new ArrayDeque<>();

    /// Operations that have not been acknowledged.
    int unfinished() {
        return live.count();
    }

    /// Chunk indexes with a write or a flip under way.
    int busySlots() {
        return slots.size();
    }

    /// It is ready, or will be when the lock on its blocks is free.
    void begin(ChunkOp op) {
        live.add(op);
        if (!op.writes() || slot(op.index()).lock(op)) {
            ready.add(op);
        }
    }

    /// It never begins.
    void refuse(ChunkOp op, Fault fault) {
        complete(op, fault);
        release(op);
    }

    /// To be planned next.
    @Nullable ChunkOp nextReady() {
        return ready.poll();
    }

    /// Of those that have not been acknowledged, the one that began first.
    @Nullable ChunkOp oldest() {
        return live.oldest();
    }

    // ------------------------------------------------------------ slots

    private Slot slot(long index) {
        Slot slot = slots.get(index);
        if (slot == null) {
            slot = new Slot(index);
            slots.add(index, slot);
        }
        return slot;
    }

    /// What changes the chunk of that index now.
    @Nullable Derivation derivation(long index) {
        Slot slot = slots.get(index);
        return slot == null ? null : slot.derivation;
    }

    void enterSlot(ChunkOp op, Derivation derivation) {
        Slot slot = op.slot;
        if (slot != null) {
            slot.derivation = derivation;
        }
    }

    void leaveSlot(Derivation derivation) {
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

    // ------------------------------------------------------------ waiting

    void makeReady(ChunkOp op) {
        op.parkedIn = null;
        op.stage = Stage.READY;
        ready.add(op);
    }

    void makeAllReady(ArrayDeque<ChunkOp> ops) {
        ChunkOp next;
        while ((next = ops.poll()) != null) {
            makeReady(next);
        }
    }

    /// A completed operation is not parked: nobody waits for it, and nobody else would take it out
    /// again.
    void park(ChunkOp op, ArrayDeque<ChunkOp> where) {
        if (op.completed) {
            finish(op, null);
            return;
        }
        op.stage = Stage.PARKED;
        op.parkedIn = where;
        where.add(op);
    }

    // ------------------------------------------------------------ the end of an operation

    /// Answers the caller now. What is under way keeps its lock until its outcome is known (R13).
    void giveUp(ChunkOp op, Fault fault) {
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

    void finish(ChunkOp op, @Nullable Fault fault) {
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
