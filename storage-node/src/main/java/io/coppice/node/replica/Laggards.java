package io.coppice.node.replica;

import java.util.List;

/// Decides which replica a group stops waiting for, because it is alive but too slow.
///
/// A member holds the group up while the primary has something appended, or synced, that the member
/// has not, and does not come a step nearer. When it does not for `boundTicks`, the others go on
/// without it, if they are enough. When *all* others stand still at once the primary is more likely
/// the one that is cut off: it waits three times as long, in which those who really stopped are
/// declared lost, and then names itself.
///
/// Time is counted in ticks of the store's lane: a process that was stopped blames nobody for it.
final class Laggards {
    private static final int SELF_BOUNDS = 3;

    /// A disk may legitimately take that much longer to sync than to take bytes.
    private static final int SYNC_BOUNDS = 5;

    static final int NOBODY = 0;

    private final int self;
    private final int boundTicks;
    private int reconcileTicks;

    /// @param boundTicks 0: everybody is waited for
    Laggards(int self, int boundTicks) {
        this.self = self;
        this.boundTicks = boundTicks;
    }

    /// How long a store may take to sync, in ticks; 0: for ever.
    static int syncTicks(int boundTicks) {
        return SYNC_BOUNDS * boundTicks;
    }

    /// One more tick of a primary that waits for an answer before it can begin to serve; whether it
    /// gives up. It may not go on without who does not answer: that one may be the primary until
    /// now, and not know better yet.
    boolean givesUpReconciling() {
        reconcileTicks++;
        if (boundTicks == 0 || reconcileTicks < SELF_BOUNDS * boundTicks) {
            return false;
        }
        reconcileTicks = 0;
        return true;
    }

    /// One tick; who is to leave, or [#NOBODY]. It is named again after another bound.
    ///
    /// @param appended what the primary has with its operating system
    /// @param synced what is durable there, if somebody waits for more than that to be
    ///   acknowledged, else 0
    /// @param othersAreEnough the group may go on with one serving replica less
    int tick(List<MemberLink> links, long appended, long synced, boolean othersAreEnough) {
        if (boundTicks == 0) {
            return NOBODY;
        }
        MemberLink worst = null;
        int serving = 0;
        int keepUp = 0;
        for (MemberLink link : links) {
            watch(link, appended, synced);
            if (link.serving) {
                serving++;
                keepUp += slowness(link) < Math.max(1, boundTicks / 2) ? 1 : 0;
            }
            if (slowness(link) >= boundTicks
                    && (othersAreEnough || !link.serving)
                    && (worst == null || slowness(link) > slowness(worst))) {
                worst = link;
            }
        }
        if (worst == null) {
            return NOBODY;
        }
        boolean allOthers = worst.serving && serving > 1 && keepUp == 0;
        if (allOthers && slowness(worst) < SELF_BOUNDS * boundTicks) {
            return NOBODY;
        }
        worst.appendTicks = 0;
        worst.syncTicks = 0;
        return allOthers ? self : worst.store;
    }

    /// A member that may count already although the primary has not heard it is waited for until
    /// what it has is durable.
    private static void watch(MemberLink link, long appended, long synced) {
        long reached = link.serving ? link.acked : link.synced;
        boolean waitsForAppend = link.holdsTail() && reached < appended;
        boolean waitsForSync = link.serving && link.synced < synced;
        boolean appendStands = waitsForAppend && reached <= link.reachedBefore;
        boolean syncStands = waitsForSync && link.synced <= link.syncedBefore;
        link.appendTicks = appendStands ? link.appendTicks + 1 : 0;
        link.syncTicks = syncStands ? link.syncTicks + 1 : 0;
        link.reachedBefore = reached;
        link.syncedBefore = link.synced;
    }

    private static int slowness(MemberLink link) {
        return Math.max(link.appendTicks, link.syncTicks / SYNC_BOUNDS);
    }
}
