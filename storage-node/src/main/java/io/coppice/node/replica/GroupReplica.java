package io.coppice.node.replica;

import io.coppice.model.Invariant;
import io.coppice.model.Position;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One group's replica on one store: the door of this room. Events are its methods, what follows
/// from them goes to [Effects]. Not thread-safe: the store's lane calls it.
///
/// Always true:
/// - `committed <= appended <= last` and `synced <= appended`, within one history;
/// - operations are recorded in order without gaps (R3), by whatever role;
/// - every operation above `committed` is in the tail, with its data.
public final class GroupReplica {
    private final int group;
    private final int store;
    private final ChunkIndex index;
    private final VolumeBarriers barriers;
    private final Effects effects;
    private final Tail tail = new Tail();
    private RequestMemory memory;
    private ReplicaLimits limits;

    private GroupView view;
    private Role role;

    /// The highest epoch heard of; above the view's, nothing is served until that view arrives
    /// (R1).
    private long epochMet;

    private long lastEpoch;
    private long last;
    private long appended;
    private long synced;

    /// Grows whenever the syncs under way no longer count.
    private long syncRound;

    private long committed;

    private final Proof proof;

    /// How long it stays out after it was taken out of service.
    private final Probation probation;

    private final Leaving leaving = new Leaving();

    public GroupReplica(
            int group,
            int store,
            ReplicaLimits limits,
            ChunkIndex index,
            VolumeBarriers barriers,
            Effects effects) {
        this.group = group;
        this.store = store;
        this.limits = limits;
        this.index = index;
        this.barriers = barriers;
        this.effects = effects;
        this.memory = emptyMemory(limits);
        this.probation = new Probation(limits.slowTicks());
        this.view = GroupView.none(group);
        this.role = new NotServing(this);
        Position recovered = index.position(group);
        lastEpoch = recovered.epoch();
        last = recovered.sequence();
        appended = last;
        synced = last; // a store syncs what it recovered before its replicas start
        committed = last;
        proof = new Proof(last);
    }

    // ---------------------------------------------------------------- views

    /// The quorum's newest membership; older ones are ignored.
    public void view(GroupView next) {
        Invariant.check(next.group() == group, "the view is of another group", next.group(), group);
        if (next.epoch() <= view.epoch()) {
            return;
        }
        boolean samePrimary = next.primary() == view.primary();
        boolean served = view.stateOf(store) == GroupView.State.SERVING;
        view = next;
        epochMet = Math.max(epochMet, next.epoch());
        GroupView.State state = next.stateOf(store);
        if (served && state != GroupView.State.SERVING) {
            probation.takenOut();
        }
        if (state == GroupView.State.SERVING && next.primary() == store) {
            becomePrimary();
        } else if (state == GroupView.State.SERVING) {
            becomeBackup(samePrimary);
        } else if (state == GroupView.State.SYNCING) {
            become(new Syncing(this, next.primary()));
        } else {
            become(new NotServing(this));
        }
    }

    private void becomePrimary() {
        if (role instanceof Primary primary) {
            primary.continueIn(view);
            return;
        }
        var primary = new Primary(this);
        become(primary);
        primary.start(view);
    }

    private void becomeBackup(boolean samePrimary) {
        if (!(role instanceof Backup && samePrimary)) {
            become(new Backup(this));
        }
    }

    private void become(Role next) {
        role.end(Outcome.STALE_EPOCH);
        role = next;
        if (next instanceof Syncing syncing) {
            tail.clear();
            syncing.start();
        } else if (next instanceof NotServing) {
            tail.clear();
        }
    }

    /// Settings of the cluster, once they are known.
    public void limits(ReplicaLimits next) {
        limits = next;
    }

    /// The store is gone or closing: everything that waits is answered, nothing is served any more.
    public void stop() {
        become(new NotServing(this));
        epochMet = Long.MAX_VALUE;
    }

    /// A request that the store remembers from before a restart, oldest first.
    public void remember(long session, long sequence) {
        memory.note(session, sequence);
    }

    // ---------------------------------------------------------------- clients

    /// A client's change; takes over the payload's reference. Bounds inside the chunk were checked.
    public void write(Ticket ticket, long epoch, Change change, Origin origin) {
        if (isStale(epoch)) {
            change.payload().release();
            effects.answer(ticket, Outcome.STALE_EPOCH);
            return;
        }
        role.write(ticket, change, origin);
    }

    /// @param sealed the quorum has closed the generation that made the chunk
    public void read(
            Ticket ticket, long epoch, long chunk, int block, int blockCount, boolean sealed) {
        if (isStale(epoch)) {
            effects.answer(ticket, Outcome.STALE_EPOCH);
            return;
        }
        role.read(ticket, chunk, block, blockCount, sealed);
    }

    /// OK when this replica may answer a flush in `epoch`: like a write, only while enough serve.
    public Outcome flushesIn(long epoch) {
        Outcome serves = servesIn(epoch);
        return serves == Outcome.OK && !enoughServe() ? Outcome.NOT_SERVING : serves;
    }

    boolean enoughServe() {
        return view.servesWithout(0, limits.minWriteReplicas());
    }

    boolean enoughServeWithoutOne() {
        return view.servesWithout(1, limits.minWriteReplicas());
    }

    /// While too few serve, whoever can helps at once.
    boolean mayServeAgain() {
        return probation.isOver() || !enoughServe();
    }

    /// OK when this replica serves in `epoch`.
    public Outcome servesIn(long epoch) {
        Outcome state = isServing() ? Outcome.OK : Outcome.NOT_SERVING;
        return isStale(epoch) ? Outcome.STALE_EPOCH : state;
    }

    /// Volumes' seals and fences were raised in the lane's barriers; true when nothing of the
    /// volume that this replica accepted before is unfinished. Else
    /// `Effects.barrierPassed(barrier)` follows.
    public boolean barrier(long barrier, long volume) {
        return role.barrier(barrier, volume);
    }

    /// Chunks that no map names any more; ignored unless this is the primary. `Effects.purged`
    /// follows.
    public void purge(long[] chunks) {
        role.purge(chunks);
    }

    // ---------------------------------------------------------------- own store

    /// Everything given to `Effects.append` is with the operating system.
    public void appended() {
        appended = last;
        role.appended();
    }

    /// What to call, once, when a sync that starts now has ended: everything appended by now is
    /// durable then. A sync that was started before the content was exchanged under the same
    /// numbers says nothing about what stands there now.
    public Runnable whenSynced() {
        long round = syncRound;
        long sequence = appended;
        return () -> {
            if (round == syncRound) {
                synced(sequence);
            }
        };
    }

    private void synced(long sequence) {
        long reached = Math.min(sequence, appended);
        if (reached >= synced) {
            synced = reached;
            role.synced();
        }
    }

    /// Time passes: what was lost is sent again, quiet groups learn what is committed.
    public void tick() {
        role.tick();
        if (isServing()) {
            probation.served();
        }
        if (leaving.isDue(view.epoch(), limits.slowTicks())) {
            effects.memberFailed(store, view.epoch(), leaving.why());
        }
    }

    /// This replica is in the group's way: it leaves, if the others are enough. From now on it
    /// answers nothing, since those others go on without asking it.
    public void leave(String why) {
        if (isServing() && enoughServeWithoutOne() && leaving.begin(view.epoch(), why)) {
            epochMet = Math.max(epochMet, view.epoch() + 1);
            effects.memberFailed(store, view.epoch(), why);
        }
    }

    private boolean isServing() {
        return view.stateOf(store) == GroupView.State.SERVING;
    }

    // ---------------------------------------------------------------- other replicas

    /// REPLICATE from the primary of `epoch`; takes over the payload's reference.
    public void replicated(long epoch, Operation operation, long committedThere) {
        if (!meets(epoch)) {
            operation.change().payload().release();
            return;
        }
        role.replicated(operation, committedThere);
    }

    /// COMMITTED from the primary of `epoch`.
    public void committedUpTo(long epoch, long committedThere, boolean sync) {
        if (meets(epoch)) {
            role.committed(committedThere, sync);
        }
    }

    /// An [Ack] of the member on `from`.
    public void acknowledged(int from, Ack ack) {
        if (ack.epoch() > view.epoch()) {
            epochMet = Math.max(epochMet, ack.epoch());
            return;
        }
        role.acknowledged(from, ack);
    }

    public void linkUp(int to) {
        role.linkUp(to);
    }

    public void linkDown(int to) {
        role.linkDown(to);
    }

    /// The new primary of `epoch` asks for the operation after `after`. OK: the answer is [#last]
    /// and [#tailAfter]; else refuse with the outcome.
    public Outcome askedForTail(long epoch) {
        Outcome same = inEpoch(epoch);
        return same != Outcome.OK || role instanceof Backup ? same : Outcome.NOT_SERVING;
    }

    public @Nullable Operation tailAfter(long after) {
        return tail.find(after + 1);
    }

    /// The answer of a member to `Effects.askTail`; takes over the payload's reference.
    public void tailReceived(int from, long epoch, long lastThere, @Nullable Operation next) {
        if (epoch != view.epoch()) {
            if (next != null) {
                next.change().payload().release();
            }
            return;
        }
        role.tailReceived(from, lastThere, next);
    }

    /// No answer, or a refusal.
    public void tailFailed(int from, long epoch) {
        if (epoch == view.epoch()) {
            role.tailFailed(from);
        }
    }

    // ---------------------------------------------------------------- catching up, the primary's
    // side

    /// A syncing member asks for pages or chunks; with `joining`, also for the live stream from
    /// here on.
    public Outcome askedToCatchUp(int from, long epoch, boolean joining) {
        Outcome same = inEpoch(epoch);
        if (same != Outcome.OK) {
            return same;
        }
        return role instanceof Primary primary
                ? primary.catchUp(from, joining)
                : Outcome.NOT_PRIMARY;
    }

    /// The primary's: blocks of a chunk that changed since it had `version`; null: not known.
    public @Nullable BitSet changedSince(long chunk, Position version) {
        return role instanceof Primary primary ? primary.changedSince(chunk, version) : null;
    }

    /// A syncing member says that it has everything up to `sequence`, durable. OK: the tail is kept
    /// for it from now on; NOT_SERVING: it must ask again; NOT_PRIMARY, STALE_EPOCH, TOO_OLD: it
    /// must start over.
    public Outcome askedReady(int from, long epoch, long sequence) {
        if (isStale(epoch)) {
            return Outcome.STALE_EPOCH;
        }
        return role instanceof Primary primary
                ? primary.ready(from, sequence)
                : Outcome.NOT_PRIMARY;
    }

    // ---------------------------------------------------------------- catching up, the syncing
    // side

    /// The answer to `Effects.askPage`: chunks above its cursor, all of them up to `next` (or to
    /// the end). `position` is that of the last operation that the primary had numbered when it
    /// answered.
    public void pageReceived(
            long epoch,
            long cursor,
            Position position,
            List<ChunkSummary> chunks,
            long next,
            boolean end) {
        if (epoch == view.epoch() && role instanceof Syncing syncing) {
            syncing.page(cursor, position, chunks, next, end);
        }
    }

    /// The answer to `Effects.askChunk`, good from the operation `asOf` on; null: the primary has
    /// no such chunk. Takes `fetched` over.
    public void chunkReceived(long epoch, long chunk, long asOf, @Nullable FetchedChunk fetched) {
        if (epoch == view.epoch() && role instanceof Syncing syncing) {
            syncing.chunk(chunk, asOf, fetched);
        } else if (fetched != null) {
            fetched.release();
        }
    }

    /// A page or chunk did not come (no connection, refused): asked again at a later tick.
    public void catchUpFailed(long epoch, long chunk) {
        if (epoch == view.epoch() && role instanceof Syncing syncing) {
            syncing.failed(chunk);
        }
    }

    public void readyAnswered(long epoch, Outcome outcome) {
        if (epoch == view.epoch() && role instanceof Syncing syncing) {
            syncing.readyAnswered(outcome);
        }
    }

    // ---------------------------------------------------------------- what others may know

    public int group() {
        return group;
    }

    public int store() {
        return store;
    }

    public GroupView view() {
        return view;
    }

    public long epoch() {
        return view.epoch();
    }

    public String roleName() {
        return role.name();
    }

    /// Chunks that are known to be missing, or old, here while this replica catches up.
    public int missingChunks() {
        return role instanceof Syncing syncing ? syncing.missing() : 0;
    }

    public boolean isBackup() {
        return role instanceof Backup;
    }

    /// Whether clients are served by this replica now.
    public boolean isServingPrimary() {
        return role instanceof Primary primary && primary.isServing() && epochMet == view.epoch();
    }

    /// Sequence of the last operation recorded here.
    public long last() {
        return last;
    }

    /// Last operation recorded here.
    public Position position() {
        return new Position(lastEpoch, last);
    }

    public long appendedSequence() {
        return appended;
    }

    public long committed() {
        return committed;
    }

    /// Operations kept because some replica may lack them.
    public int tailSize() {
        return tail.size();
    }

    // ---------------------------------------------------------------- for the roles

    Effects effects() {
        return effects;
    }

    ReplicaLimits limits() {
        return limits;
    }

    ChunkIndex index() {
        return index;
    }

    VolumeBarriers barriers() {
        return barriers;
    }

    Probation probation() {
        return probation;
    }

    RequestMemory memory() {
        return memory;
    }

    Tail tail() {
        return tail;
    }

    long syncedSequence() {
        return synced;
    }

    boolean isSuspended() {
        return epochMet > view.epoch();
    }

    /// A purge is told to the quorum, which forgets the chunks: a crash may not bring them back.
    boolean mustSync(Operation operation) {
        return operation.origin().fua()
                || limits.syncAlways()
                || operation.change().kind() == Change.Kind.PURGE;
    }

    /// Puts the next operation in this replica's order and its store.
    void record(Operation operation) {
        note(operation);
        effects.append(operation);
    }

    /// Puts it in the order only; the caller decides what becomes of it in the store.
    void note(Operation operation) {
        Invariant.check(
                operation.sequence() == last + 1,
                "operations come without gaps",
                operation.sequence(),
                last + 1);
        Invariant.check(
                operation.epoch() >= lastEpoch,
                "epochs do not go back",
                operation.epoch(),
                lastEpoch);
        last = operation.sequence();
        lastEpoch = operation.epoch();
        tail.add(operation);
        memory.note(operation.origin().session(), operation.origin().sequence());
    }

    private static RequestMemory emptyMemory(ReplicaLimits limits) {
        return new RequestMemory(limits.sessions(), limits.requestsPerSession());
    }

    /// A syncing replica takes the primary's place in the order for its own. It forgets the
    /// requests that it had seen: some of them may not be in the group's history. A client that
    /// retries one of those in a later epoch has it applied again, to blocks that it has not
    /// changed since.
    void jumpTo(long epoch, long sequence) {
        tail.clear();
        memory = emptyMemory(limits);
        last = sequence;
        lastEpoch = epoch;
        appended = sequence;
        forgetSyncs();
        committed = sequence;
        proof.fetched(sequence);
    }

    /// Nothing here counts as durable until a sync that starts from now on has ended.
    void forgetSyncs() {
        synced = 0;
        syncRound++;
    }

    /// A primary that starts alone with what it holds: all of it counts.
    void commitAll() {
        committed = appended;
        tail.trim(appended);
    }

    /// Whether what a primary finds here may be shown to readers. While too few serve, another one
    /// that was last could lead after this one, and it may lack what was never acknowledged.
    boolean mayShowWhatItHolds() {
        return proof.isComplete() || (enoughServe() && view.count(GroupView.State.LAST) == 0);
    }

    void commitUpTo(long sequence) {
        proof.proven(sequence);
        long reached = Math.min(sequence, appended);
        if (reached > committed) {
            committed = reached;
            tail.trim(reached);
        }
    }

    void acknowledge(Outcome outcome) {
        effects.acknowledge(new Ack(view.epoch(), outcome, appended, synced));
    }

    void acknowledgeInOrder() {
        acknowledge(index.room(false));
    }

    private boolean isStale(long epoch) {
        return epoch != view.epoch() || isSuspended();
    }

    /// Whether a frame of `epoch` may be acted on; refuses it otherwise.
    private boolean meets(long epoch) {
        Outcome same = inEpoch(epoch);
        if (same != Outcome.OK) {
            acknowledge(same);
        }
        return same == Outcome.OK;
    }

    /// OK: `epoch` is this replica's; else what to tell whoever believes in it.
    private Outcome inEpoch(long epoch) {
        if (epoch > view.epoch()) {
            epochMet = Math.max(epochMet, epoch);
            return Outcome.NOT_SERVING;
        }
        return epoch < view.epoch() ? Outcome.STALE_EPOCH : Outcome.OK;
    }
}
