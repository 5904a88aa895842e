package io.coppice.client.plan;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// Range locks of one chunk index, and its derivation. Exists only while a write to it is under
/// way.
final class Slot {
    final long index;
    @Nullable Derivation derivation;
    private @Nullable ChunkOp holders;
    private @Nullable ArrayDeque<ChunkOp> waiting;

    Slot(long index) {
        this.index = index;
    }

    /// Takes the lock of `op`'s blocks, or queues it behind those that it overlaps.
    boolean lock(ChunkOp op) {
        op.slot = this;
        if (overlapsHolder(op) || overlapsWaiting(op)) {
            if (waiting == null) {
                waiting = new ArrayDeque<>();
            }
            op.stage = ChunkOp.Stage.WAITING_FOR_LOCK;
            waiting.add(op);
            return false;
        }
        hold(op);
        return true;
    }

    /// Gives the lock back (or the place in the queue), and adds those that may go on now to
    /// `ready`.
    void unlock(ChunkOp op, ArrayDeque<ChunkOp> ready) {
        if (op.locked) {
            op.locked = false;
            drop(op);
        } else if (waiting != null) {
            waiting.remove(op);
        }
        if (waiting != null && !waiting.isEmpty()) {
            promote(waiting, ready);
        }
    }

    boolean isIdle() {
        return holders == null && derivation == null && (waiting == null || waiting.isEmpty());
    }

    private void hold(ChunkOp op) {
        op.locked = true;
        op.nextInSlot = holders;
        holders = op;
    }

    private void drop(ChunkOp op) {
        ChunkOp previous = null;
        for (ChunkOp at = holders; at != null; previous = at, at = at.nextInSlot) {
            if (at == op) {
                if (previous == null) {
                    holders = op.nextInSlot;
                } else {
                    previous.nextInSlot = op.nextInSlot;
                }
                op.nextInSlot = null;
                return;
            }
        }
    }

    private void promote(ArrayDeque<ChunkOp> queue, ArrayDeque<ChunkOp> ready) {
        // Rotates the queue once: who stays goes to the back, and holds back those behind that
        // overlap it.
        int count = queue.size();
        var staying = new ArrayDeque<ChunkOp>(count);
        for (int i = 0; i < count; i++) {
            ChunkOp next = queue.remove();
            if (overlapsHolder(next) || overlapsAny(next, staying)) {
                staying.add(next);
            } else {
                hold(next);
                next.stage = ChunkOp.Stage.READY;
                ready.add(next);
            }
        }
        queue.addAll(staying);
    }

    private boolean overlapsHolder(ChunkOp op) {
        for (ChunkOp at = holders; at != null; at = at.nextInSlot) {
            if (at.overlaps(op)) {
                return true;
            }
        }
        return false;
    }

    private boolean overlapsWaiting(ChunkOp op) {
        return waiting != null && overlapsAny(op, waiting);
    }

    private static boolean overlapsAny(ChunkOp op, ArrayDeque<ChunkOp> others) {
        for (ChunkOp other : others) {
            if (other.overlaps(op)) {
                return true;
            }
        }
        return false;
    }
}
