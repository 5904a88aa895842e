package io.coppice.node.replica;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One entry of a group's order (R3): numbered once by the primary of `epoch`, the same on every
/// replica for ever after, also when a later epoch's primary sends it on.
public final class Operation {
    private final long epoch;
    private final long sequence;
    private final Change change;
    private final Origin origin;

    // Only used by the primary, while the operation is unfinished.
    private @Nullable Ticket ticket;
    private @Nullable List<Ticket> moreTickets;
    private @Nullable List<BarrierWait> barriers;

    public Operation(long epoch, long sequence, Change change, Origin origin) {
        this.epoch = epoch;
        this.sequence = sequence;
        this.change = change;
        this.origin = origin;
    }

    /// The epoch whose primary numbered this operation.
    public long epoch() {
        return epoch;
    }

    public long sequence() {
        return sequence;
    }

    public Change change() {
        return change;
    }

    public Origin origin() {
        return origin;
    }

    int bytes() {
        return change.payload().bytes();
    }

    boolean isRequest(long session, long requestSequence) {
        return session != 0 && origin.session() == session && origin.sequence() == requestSequence;
    }

    /// A retry of a request that is still under way is answered with the first one's outcome.
    void join(Ticket another) {
        if (ticket == null) {
            ticket = another;
            return;
        }
        if (moreTickets == null) {
            moreTickets = new ArrayList<>(1);
        }
        moreTickets.add(another);
    }

    void join(BarrierWait barrier) {
        if (barriers == null) {
            barriers = new ArrayList<>(1);
        }
        barriers.add(barrier);
        barrier.remaining++;
    }

    void answer(Effects effects, Outcome outcome) {
        if (ticket != null) {
            effects.answer(ticket, outcome);
            ticket = null;
        }
        if (moreTickets != null) {
            moreTickets.forEach(each -> effects.answer(each, outcome));
            moreTickets = null;
        }
    }

    void leaveBarriers(Effects effects) {
        if (barriers != null) {
            barriers.forEach(barrier -> barrier.oneLess(effects));
            barriers = null;
        }
    }

    @Override
    public String toString() {
        return epoch
                + ":"
                + sequence
                + " "
                + change.kind()
                + " of chunk "
                + Long.toHexString(change.chunk());
    }

    /// A barrier that waits for operations of its volume.
    static final class BarrierWait {
        private final long barrier;
        private int remaining;

        BarrierWait(long barrier) {
            this.barrier = barrier;
        }

        long barrier() {
            return barrier;
        }

        boolean isOpen() {
            return remaining == 0;
        }

        private void oneLess(Effects effects) {
            remaining--;
            if (remaining == 0) {
                effects.barrierPassed(barrier);
            }
        }
    }
}
