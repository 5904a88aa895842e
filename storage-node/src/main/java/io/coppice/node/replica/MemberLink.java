package io.coppice.node.replica;

/// What the primary knows of one other member. Sent is sent once; when something may have been lost
/// (a gap, a lost connection, a member without the view) everything after `acked` is sent again at
/// the next tick.
final class MemberLink {
    final int store;
    boolean serving;

    /// A syncing member that asked for the live stream.
    boolean joined;

    /// A syncing member that has caught up: what it has not acknowledged is kept for it.
    boolean holds;

    long acked;
    long synced;
    long sent;
    boolean stalled;

    /// Whether it takes data ([ChunkIndex#room]), as it has said on this connection and in this
    /// view.
    Outcome room = Outcome.OK;

    /// In the present epoch it was asked for its tail, and the answer said that we have all it has.
    boolean reconciled;

    boolean asked;

    // For [Laggards].
    long reachedBefore;
    long syncedBefore;
    int appendTicks;
    int syncTicks;

    MemberLink(int store) {
        this.store = store;
    }

    /// Whether live operations are sent to it.
    boolean isLive() {
        return serving || joined;
    }

    /// Whether the tail is kept until this member has it.
    boolean holdsTail() {
        return serving || (joined && holds);
    }

    /// In a new view.
    void serves(boolean isServing) {
        serving = isServing;
        room = Outcome.OK;
    }

    /// What it may have missed is sent again.
    void resumed() {
        stalled = false;
        room = Outcome.OK;
    }

    void join(long from) {
        joined = true;
        holds = false;
        resumed();
        acked = from;
        synced = 0;
        sent = from;
    }
}
