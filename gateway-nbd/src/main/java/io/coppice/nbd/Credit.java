package io.coppice.nbd;

import io.coppice.model.Invariant;
import org.jspecify.annotations.Nullable;

/// What one connection holds in memory: an allowance of its own, and a share of the budget of all.
/// The allowance is why a connection that sits on the whole budget delays others, but never stops
/// them. Used on the connection's event loop.
final class Credit {
    private final ByteBudget budget;
    private final long allowanceBytes;
    private final long bytesMax;
    private final Runnable granted;
    private long held;
    private long shared;
    private ByteBudget.@Nullable Waiter waiter;
    private long waitingBytes;
    private long waitingShare;

    /// @param granted called on any thread when a wait may be over: call [#settle()] on the loop
    Credit(ByteBudget budget, long allowanceBytes, long bytesMax, Runnable granted) {
        this.budget = budget;
        this.allowanceBytes = allowanceBytes;
        this.bytesMax = bytesMax;
        this.granted = granted;
    }

    /// Takes `bytes`, or returns false: then ask again after a release or a grant.
    boolean acquire(long bytes) {
        Invariant.check(waiter == null, "acquire while waiting");
        if (held > 0 && held + bytes > bytesMax) {
            return false;
        }
        long share = Math.max(0, held + bytes - allowanceBytes) - shared;
        if (share <= 0 || budget.tryAcquire(share)) {
            held += bytes;
            shared += Math.max(0, share);
            returnShare();
            return true;
        }
        waitingBytes = bytes;
        waitingShare = share;
        waiter = budget.await(share, granted);
        return false;
    }

    void release(long bytes) {
        held -= bytes;
        Invariant.check(held >= 0, "released more than held", held);
        returnShare();
        if (waiter != null && held + waitingBytes <= allowanceBytes && budget.cancel(waiter)) {
            waiter = null;
        }
    }

    /// Takes a grant in. The share goes back at once if it is not needed any more; the caller asks
    /// again for what it wanted and finds it free.
    void settle() {
        if (waiter == null) {
            return;
        }
        // The grant is booked as a share without bytes; acquire() finds it there.
        waiter = null;
        shared += waitingShare;
    }

    /// Whether a wait in the budget's queue is under way.
    boolean waiting() {
        return waiter != null;
    }

    /// The connection is gone: gives back the place in the queue and what was granted but not used.
    /// What operations still hold they release as they end.
    void close() {
        if (waiter != null && budget.cancel(waiter)) {
            waiter = null;
        }
        returnShare();
    }

    private void returnShare() {
        long excess = shared - Math.max(0, held - allowanceBytes);
        if (excess > 0) {
            shared -= excess;
            budget.release(excess);
        }
    }
}
