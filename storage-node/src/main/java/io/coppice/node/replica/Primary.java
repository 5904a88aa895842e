package io.coppice.node.replica;

import io.coppice.model.Position;
import io.coppice.node.replica.GroupView.Member;
import io.coppice.node.replica.GroupView.State;
import io.coppice.node.replica.Operation.BarrierWait;
import io.coppice.port.Marks;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The first serving replica: numbers the group's operations, sends them to every live member, and
/// acknowledges what every serving one holds (R2).
///
/// It starts *reconciling* (R6): each other serving member is asked for what it has beyond us; when
/// all have answered, what any of them lacks is sent from the tail, and requests are served.
final class Primary implements Role {
    private static final int PURGES_MAX = 256;

    private final GroupReplica replica;
    private final Effects effects;
    private final List<MemberLink> links = new ArrayList<>();
    private final PendingBlocks pending;
    private final WaitingRequests waiting;

    private final Unfinished unfinished;
    private final Laggards laggards;
    private final ChangedBlocks changed = new ChangedBlocks();
    private final ArrayDeque<long[]> waitingPurges = new ArrayDeque<>();
    private final List<BarrierWait> reconcileBarriers = new ArrayList<>();
    private final List<Long> volumesOfReconcileBarriers = new ArrayList<>();
    private boolean reconciled;
    private boolean enoughReplicas;
    private boolean syncDue;
    private long committedTold; // -1: a member may have missed it

    Primary(GroupReplica replica) {
        this.replica = replica;
        this.effects = replica.effects();
        this.pending = new PendingBlocks(replica.limits().waitingRequests(), replica.index());
        this.unfinished = new Unfinished(replica, pending);
        this.waiting = new WaitingRequests(replica.limits());
        this.laggards = new Laggards(replica.store(), replica.limits().slowTicks());
    }

    @Override
    public String name() {
        return reconciled ? "primary" : "primary-reconciling";
    }

    boolean isServing() {
        return reconciled;
    }

    // ---------------------------------------------------------------- epochs

    /// First epoch as the primary. What the tail holds may lack on others: it is unfinished
    /// business of ours.
    void start(GroupView view) {
        if (replica.tail().size() == 0) {
            replica.commitAll();
        }
        replica.tail().forEachFrom(0, unfinished::add);
        updateLinks(view);
        links.forEach(link -> link.reconciled = !link.serving);
        links.forEach(this::ask);
        finishReconciling();
    }

    /// A new epoch in which this replica stays the primary: nothing is lost, what is unfinished is
    /// sent again under the new epoch to those who have not acknowledged it.
    void continueIn(GroupView view) {
        updateLinks(view);
        committedTold = -1; // what was said in the old epoch is not heard in this one
        if (reconciled) {
            links.forEach(this::resend);
        } else {
            links.forEach(link -> {
                link.asked = false;
                link.reconciled &= link.serving;
                link.reconciled |= !link.serving;
            });
            links.forEach(this::ask);
            finishReconciling();
        }
        waiting.refuseAll(effects, Outcome.STALE_EPOCH); // they carry the old epoch
        advance();
        drainPurges();
    }

    private void updateLinks(GroupView view) {
        links.removeIf(link -> !view.stateOf(link.store).isLive());
        for (Member member : view.members()) {
            if (member.store() == replica.store() || !member.state().isLive()) {
                continue;
            }
            MemberLink link = linkOrNull(member.store());
            if (link == null) {
                link = new MemberLink(member.store());
                links.add(link);
            }
            changeState(link, member.state() == State.SERVING);
        }
        enoughReplicas = replica.enoughServe();
        changed.note(view.servingCount() < view.members().size());
    }

    /// Blocks of a chunk that changed since it had `version`; null: not known.
    @Nullable BitSet changedSince(long chunk, Position version) {
        return changed.since(chunk, version);
    }

    private void changeState(MemberLink link, boolean serving) {
        if (link.serving && !serving) {
            link.joined = false; // it starts over
        } else if (serving && !link.serving && reconciled && !link.holdsTail()) {
            effects.memberFailed(
                    link.store,
                    replica.epoch(),
                    "it serves without having caught up from this primary");
        }
        link.serves(serving);
    }

    @Override
    public void end(Outcome why) {
        unfinished.abandon(why);
        pending.end(why, effects);
        waiting.refuseAll(effects, why);
        reconcileBarriers.forEach(wait -> effects.barrierPassed(wait.barrier()));
    }

    // ---------------------------------------------------------------- reconciling

    private void ask(MemberLink link) {
        if (link.serving && !link.reconciled && !link.asked) {
            link.asked = true;
            effects.askTail(link.store, replica.epoch(), replica.last());
        }
    }

    @Override
    public void tailReceived(int store, long lastThere, @Nullable Operation next) {
        MemberLink link = linkOrNull(store);
        if (link != null && !reconciled && link.asked) {
            link.asked = false;
            if (next != null && next.sequence() == replica.last() + 1) {
                Marks.hit("a new primary pulled what a backup had beyond it");
                replica.record(next);
                unfinished.add(next);
            }
            boolean stuck = lastThere > replica.last() && next == null;
            if (stuck || !replica.tail().reachesBackTo(lastThere + 1, replica.last())) {
                effects.memberFailed(
                        store, replica.epoch(), "its history does not join the primary's");
            } else if (lastThere <= replica.last()) {
                link.reconciled = true;
                link.acked = lastThere;
                link.sent = lastThere;
                link.synced = 0;
            } else {
                ask(link);
            }
        }
        if (next != null) {
            next.change().payload().release();
        }
        finishReconciling();
    }

    @Override
    public void tailFailed(int store) {
        MemberLink link = linkOrNull(store);
        if (link != null) {
            link.asked = false; // the next tick asks again
        }
    }

    private void finishReconciling() {
        if (reconciled || !links.stream().allMatch(link -> link.reconciled)) {
            return;
        }
        reconciled = true;
        unfinished.reconciled();
        links.forEach(this::resend);
        if (unfinished.awaitsSync()) {
            effects.sync(); // what was adopted may never have been synced here
        }
        advance();
        for (int i = 0; i < reconcileBarriers.size(); i++) {
            BarrierWait wait = reconcileBarriers.get(i);
            unfinished.join(wait, volumesOfReconcileBarriers.get(i));
            if (wait.isOpen()) {
                effects.barrierPassed(wait.barrier());
            }
        }
        reconcileBarriers.clear();
        volumesOfReconcileBarriers.clear();
        drainPurges();
    }

    private boolean mayPurge() {
        return reconciled && enoughReplicas && !replica.isSuspended();
    }

    private void drainPurges() {
        while (!waitingPurges.isEmpty() && mayPurge()) {
            submit(Change.purge(waitingPurges.removeFirst()), Origin.GROUP);
        }
    }

    // ---------------------------------------------------------------- requests

    @Override
    public void refuse(Ticket ticket) {
        effects.answer(ticket, Outcome.NOT_SERVING);
    }

    @Override
    public void write(Ticket ticket, Change change, Origin origin) {
        if (mustWait() || !waiting.isEmpty()) {
            if (!enoughReplicas) {
                Marks.hit("writes waited because too few replicas served");
            }
            waiting.add(ticket, change, origin, effects);
            return;
        }
        accept(ticket, change, origin);
    }

    private boolean mustWait() {
        ReplicaLimits limits = replica.limits();
        return !reconciled
                || !enoughReplicas
                || unfinished.operations() >= limits.inFlightOperations()
                || unfinished.bytes() >= limits.inFlightBytes()
                || replica.tail().bytes() >= 2 * limits.inFlightBytes();
    }

    /// Takes the payload over.
    private void accept(Ticket ticket, Change change, Origin origin) {
        if (!joinEarlier(ticket, origin)) {
            Outcome outcome = validate(change, origin);
            if (outcome == Outcome.OK) {
                submit(change, origin).join(ticket);
            } else {
                effects.answer(ticket, outcome);
            }
        }
        change.payload().release();
    }

    /// R13: a request that is already in the order gets the outcome it has there, and is not put in
    /// again.
    private boolean joinEarlier(Ticket ticket, Origin origin) {
        switch (replica.memory().look(origin.session(), origin.sequence())) {
            case NEW -> {
                return false;
            }
            case TOO_OLD -> effects.answer(ticket, Outcome.TOO_OLD);
            case SEEN -> joinSeen(ticket, origin);
        }
        return true;
    }

    private void joinSeen(Ticket ticket, Origin origin) {
        Marks.hit("a retried request was recognised");
        Operation underWay = unfinished.find(origin);
        if (underWay != null) {
            underWay.join(ticket);
        } else if (origin.fua() || replica.limits().syncAlways()) {
            unfinished.awaitSync(ticket, replica.last());
            syncDue = true;
            links.forEach(link -> tellCommitted(link, true));
            effects.sync();
        } else {
            effects.answer(ticket, Outcome.OK);
        }
    }

    private Outcome validate(Change change, Origin origin) {
        Outcome allowed = replica.barriers().check(origin);
        if (allowed != Outcome.OK) {
            Marks.hit(
                    allowed == Outcome.FENCED
                            ? "a fence refused a client"
                            : "a seal refused a write");
            return allowed;
        }
        ChunkIndex index = replica.index();
        boolean known = index.exists(change.chunk());
        if (change.fromChunk() != 0 && !known && !index.exists(change.fromChunk())) {
            return Outcome.NO_SUCH_CHUNK;
        }
        if (!change.makesChunk() && !known) {
            return Outcome.NO_SUCH_CHUNK;
        }
        boolean adds = change.kind() == Change.Kind.WRITE;
        return adds ? roomEverywhere(!known) : Outcome.OK;
    }

    private Outcome roomEverywhere(boolean newChunk) {
        Outcome room = replica.index().room(newChunk);
        for (MemberLink link : links) {
            if (link.holdsTail() && room != Outcome.NO_SPACE && link.room != Outcome.OK) {
                room = link.room;
            }
        }
        return room;
    }

    /// Numbers it, sends it out, then appends it here: the others' disks work while ours does.
    private Operation submit(Change change, Origin origin) {
        Change settled = settle(change);
        var operation = new Operation(replica.epoch(), replica.last() + 1, settled, origin);
        for (MemberLink link : links) {
            send(link, operation);
        }
        changed.changes(settled, replica.index());
        replica.record(operation);
        syncDue |= replica.mustSync(operation);
        unfinished.add(operation);
        return operation;
    }

    /// Decides once for all replicas whether the chunk is made: a client that writes on to a chunk
    /// whose derive it has already sent may say so twice.
    private Change settle(Change change) {
        if (!change.makesChunk() || !replica.index().exists(change.chunk())) {
            return change;
        }
        return new Change(
                change.kind(),
                change.chunk(),
                0,
                false,
                change.block(),
                change.blockCount(),
                change.crcs(),
                change.payload(),
                change.purged());
    }

    @Override
    public void purge(long[] chunks) {
        if (mayPurge()) {
            submit(Change.purge(chunks), Origin.GROUP);
        } else if (waitingPurges.size() < PURGES_MAX) {
            waitingPurges.add(
                    chunks); // beyond the bound the quorum, which keeps the list, says it again
        }
    }

    @Override
    public void read(Ticket ticket, long chunk, int block, int blockCount, boolean sealed) {
        if (!reconciled || !replica.mayShowWhatItHolds()) {
            effects.answer(ticket, Outcome.NOT_SERVING);
        } else if (!replica.index().exists(chunk)) {
            effects.answer(ticket, Outcome.NO_SUCH_CHUNK);
        } else if (pending.isClear(chunk, block, blockCount)) {
            effects.serveRead(ticket);
        } else {
            Marks.hit("a read waited for an unfinished write");
            pending.await(ticket, chunk, block, blockCount, effects);
        }
    }

    // ---------------------------------------------------------------- barriers

    @Override
    public boolean barrier(long barrier, long volume) {
        var wait = new BarrierWait(barrier);
        if (!reconciled) {
            reconcileBarriers.add(wait);
            volumesOfReconcileBarriers.add(volume);
            return false;
        }
        waiting.refuseBarred(replica.barriers(), effects);
        unfinished.join(wait, volume);
        if (!wait.isOpen()) {
            Marks.hit("a barrier waited for unfinished writes");
        }
        return wait.isOpen();
    }

    // ---------------------------------------------------------------- acknowledgements

    @Override
    public void appended() {
        if (syncDue) {
            syncDue = false;
            effects.sync();
        }
        advance();
    }

    @Override
    public void synced() {
        advance();
    }

    @Override
    public void acknowledged(int store, Ack ack) {
        MemberLink link = linkOrNull(store);
        if (link == null || !link.isLive() || (!reconciled && link.serving)) {
            return;
        }
        switch (ack.outcome()) {
            case OK, OVERLOADED, NO_SPACE -> {
                if (ack.epoch() != replica.epoch() || ack.appended() > replica.last()) {
                    return; // of an earlier epoch; this one's frames are sent again
                }
                link.room = ack.outcome();
                // else it starts over, with room
                link.joined &= link.room == Outcome.OK || link.holdsTail();
                link.acked = Math.max(link.acked, ack.appended());
                link.synced = Math.max(link.synced, ack.synced());
                advance();
            }
            case NOT_SERVING -> link.stalled = true;
            default -> {} // a frame of an earlier epoch came late; it was sent again in this one
        }
    }

    /// Finishes what all serving replicas now hold, and those that may be serving already though
    /// this primary has not heard it: a member that said it is ready. What such a member counts for
    /// is durable there, because a flush does not ask it.
    ///
    /// While too few serve nothing is finished, also not what was accepted before: whoever left
    /// last is believed to have all that was ever acknowledged.
    private void advance() {
        if (!reconciled || !enoughReplicas) {
            return;
        }
        long appendedByAll = replica.appendedSequence();
        long syncedByAll = replica.syncedSequence();
        long heldByAll = appendedByAll;
        for (MemberLink link : links) {
            if (link.holdsTail()) {
                appendedByAll = Math.min(appendedByAll, link.serving ? link.acked : link.synced);
                syncedByAll = Math.min(syncedByAll, link.synced);
                heldByAll = Math.min(heldByAll, link.acked);
            }
        }
        unfinished.finish(appendedByAll, syncedByAll);
        replica.commitUpTo(heldByAll);
        drainWaiting();
    }

    private void drainWaiting() {
        while (!waiting.isEmpty() && !mustWait() && !replica.isSuspended()) {
            waiting.takeFirst(this::accept);
        }
    }

    // ---------------------------------------------------------------- links

    private void send(MemberLink link, Operation operation) {
        if (!link.isLive() || link.stalled) {
            return;
        }
        if (!link.holdsTail()
                && operation.sequence() - link.acked > replica.limits().inFlightOperations()) {
            link.joined = false; // it cannot keep up: it will be told to start over
            return;
        }
        link.sent = operation.sequence();
        effects.replicate(link.store, replica.epoch(), operation, unfinished.committedToTell());
    }

    /// Sends everything that the member has not acknowledged.
    private void resend(MemberLink link) {
        if (!link.isLive()) {
            return;
        }
        link.resumed();
        if (!replica.tail().reachesBackTo(link.acked + 1, replica.last())) {
            link.joined = false;
            if (link.serving) {
                effects.memberFailed(
                        link.store,
                        replica.epoch(),
                        "it lacks operations that are not kept any more");
            }
            return;
        }
        if (link.acked < replica.last()) {
            Marks.hit("a member was sent again what it may have missed");
        }
        replica.tail().forEachFrom(link.acked + 1, operation -> send(link, operation));
        if (unfinished.awaitsSync()) {
            tellCommitted(link, true);
        }
    }

    private void tellCommitted(MemberLink link, boolean sync) {
        if (link.isLive()) {
            effects.committed(link.store, replica.epoch(), unfinished.committedToTell(), sync);
        }
    }

    @Override
    public void linkUp(int store) {
        MemberLink link = linkOrNull(store);
        if (link != null && reconciled) {
            resend(link);
        } else if (link != null) {
            ask(link);
        }
    }

    @Override
    public void linkDown(int store) {
        MemberLink link = linkOrNull(store);
        if (link != null) {
            link.stalled = true;
            committedTold = -1;
        }
    }

    @Override
    public void tick() {
        for (MemberLink link : links) {
            if (!reconciled) {
                ask(link);
            } else if (link.stalled) {
                resend(link);
            }
        }
        if (unfinished.committedToTell() != committedTold) {
            committedTold = unfinished.committedToTell();
            links.forEach(link -> tellCommitted(link, false));
        }
        leaveBehind();
    }

    /// A member that holds everybody up is taken out, and catches up instead.
    private void leaveBehind() {
        if (replica.isSuspended()) {
            return;
        }
        if (!reconciled) {
            if (laggards.givesUpReconciling()) {
                replica.leave("it cannot reconcile with the others");
            }
            return;
        }
        long synced = unfinished.awaitsSync() ? replica.syncedSequence() : 0;
        int laggard =
                laggards.tick(
                        links, replica.appendedSequence(), synced, replica.enoughServeWithoutOne());
        if (laggard == replica.store()) {
            replica.leave("none of the others answers it");
        } else if (laggard != Laggards.NOBODY) {
            Marks.hit("a slow member was taken out");
            effects.memberFailed(laggard, replica.epoch(), "it is too slow for its group");
        }
    }

    // ---------------------------------------------------------------- members that catch up

    Outcome catchUp(int store, boolean joining) {
        MemberLink link = linkOrNull(store);
        if (link == null || link.serving) {
            return Outcome.STALE_EPOCH;
        }
        if (!reconciled) {
            return Outcome.NOT_SERVING;
        }
        if (joining) {
            link.join(replica.last());
        }
        return Outcome.OK;
    }

    Outcome ready(int store, long sequence) {
        MemberLink link = linkOrNull(store);
        if (link == null || link.serving || !link.joined) {
            return Outcome.TOO_OLD;
        }
        link.synced = Math.max(link.synced, Math.min(sequence, replica.last()));
        link.acked = Math.max(link.acked, link.synced);
        link.holds = replica.tail().reachesBackTo(link.acked + 1, replica.last());
        // What was finished before it counted must be there too, or it asks again a little later.
        return link.holds && link.synced >= unfinished.finishedUpTo()
                ? Outcome.OK
                : Outcome.NOT_SERVING;
    }

    private @Nullable MemberLink linkOrNull(int store) {
        for (MemberLink link : links) {
            if (link.store == store) {
                return link;
            }
        }
        return null;
    }
}
