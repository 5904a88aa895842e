package io.coppice.node.replica;

import io.coppice.model.Position;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A replica on its way back (R7): it takes the live stream from some point on, and compares what
/// it holds with the primary's chunks, page by page in the order of their ids. A chunk whose
/// version differs is fetched; one that the primary does not have is dropped.
///
/// A live operation meets its chunk in one of these states:
///
/// | the chunk is | the operation |
/// |---|---|
/// | beyond the pages compared so far | is noted as missed; the chunk's page, or a fetch, brings it |
/// | to be fetched | is skipped; the fetch is asked for later, so it brings it |
/// | being fetched | is held, and applied on top if it is newer than what arrives |
/// | current | is applied if it is newer than the chunk's version |
///
/// A chunk's version is the position of the last operation that changed it, so equal versions mean
/// equal content within one history.
final class Syncing implements Role {
    private static final int PATIENCE_TICKS = 100;

    private enum Stage {
        /// Asked for the first page and the live stream.
        JOINING,
        COMPARING,
        /// Nothing is missing; making it durable.
        HARDENING,
        /// Asking the primary to keep the tail for us.
        ASKING_READY,
        CAUGHT_UP
    }

    private static final class Needed {
        private final long chunk;
        private final long parent;
        private Position baseVersion = Position.NONE;
        private final List<Operation> held = new ArrayList<>(0);
        private boolean fetching;
        private boolean purged;
        private boolean overflowed;

        Needed(long chunk, long parent) {
            this.chunk = chunk;
            this.parent = parent;
        }
    }

    private final GroupReplica replica;
    private final Effects effects;
    private final ChunkIndex index;
    private final int primary;
    private final LongTable<Needed> needed = new LongTable<>();

    /// By parent: a chunk that is being fetched. One of several children at a time: what they have
    /// in common comes with the first, also when the parent is gone.
    private final LongTable<Needed> families = new LongTable<>();

    private final ArrayDeque<Needed> queue = new ArrayDeque<>();

    /// Chunks beyond the cursor that live operations changed, and the last of these.
    private final LongTable<Long> missed = new LongTable<>();

    private Stage stage = Stage.JOINING;
    private long cursor;
    private boolean listed;
    private boolean pageAsked;
    private int fetching;
    private int heldOperations;
    private long heldBytes;

    /// Sequence up to which something learned from the primary already holds the live stream: it is
    /// not as of any position before.
    private long reach;

    private long hardenTarget;
    private boolean acknowledgeDue;

    /// It has said that it is ready, and may count from then on: what comes is synced (R7).
    private boolean counted;

    private boolean syncDue;
    private int idleTicks;

    Syncing(GroupReplica replica, int primary) {
        this.replica = replica;
        this.effects = replica.effects();
        this.index = replica.index();
        this.primary = primary;
    }

    @Override
    public String name() {
        return "syncing";
    }

    void start() {
        pump();
    }

    /// Chunks to be fetched, as far as pages came.
    int missing() {
        return needed.size();
    }

    private void restart() {
        end(Outcome.STALE_EPOCH);
        needed.clear();
        queue.clear();
        families.clear();
        missed.clear();
        stage = Stage.JOINING;
        cursor = 0;
        listed = false;
        pageAsked = false;
        fetching = 0;
        reach = 0;
        idleTicks = 0;
        counted = false;
        pump();
    }

    @Override
    public void end(Outcome why) {
        needed.forEach(this::letGo);
    }

    @Override
    public void refuse(Ticket ticket) {
        effects.answer(ticket, Outcome.NOT_PRIMARY);
    }

    // ---------------------------------------------------------------- live stream

    @Override
    public void replicated(Operation operation, long committed) {
        long expected = replica.last() + 1;
        if (stage == Stage.JOINING || operation.sequence() > expected) {
            replica.acknowledge(Outcome.NOT_SERVING);
        } else {
            if (operation.sequence() == expected) {
                take(operation);
                syncDue |= counted || replica.mustSync(operation);
            }
            acknowledgeDue = true;
        }
        operation.change().payload().release();
        replica.commitUpTo(committed);
    }

    private void take(Operation operation) {
        replica.note(operation);
        boolean applies =
                operation.change().kind() == Change.Kind.PURGE
                        ? purge(operation)
                        : isFor(operation);
        if (applies) {
            effects.append(operation);
        } else {
            effects.skip(operation);
        }
        pump();
    }

    private boolean purge(Operation operation) {
        for (long chunk : operation.change().purged()) {
            missed.remove(chunk);
            Needed waiting = needed.get(chunk);
            if (waiting != null && waiting.fetching) {
                waiting.purged = true;
                letGo(waiting);
            } else if (waiting != null) {
                needed.remove(chunk);
                queue.remove(waiting);
            }
        }
        return true;
    }

    /// Whether the operation is to be applied to the chunk as it is here now; arranges what must
    /// follow if not.
    private boolean isFor(Operation operation) {
        Change change = operation.change();
        long chunk = change.chunk();
        if (isBeyondCursor(chunk)) {
            missed.put(chunk, operation.sequence());
            return false;
        }
        Needed waiting = needed.get(chunk);
        if (waiting != null) {
            hold(waiting, operation);
            return false;
        }
        var position = new Position(operation.epoch(), operation.sequence());
        if (index.version(chunk).compareTo(position) >= 0) {
            return false; // what was fetched has it
        }
        if (change.fromChunk() != 0 && !isAsOf(change.fromChunk(), position)) {
            need(chunk, change.fromChunk());
            return false;
        }
        if (change.makesChunk()) {
            dropIfHeld(chunk);
        } else if (!index.exists(chunk)) {
            need(chunk, 0);
            return false;
        }
        return true;
    }

    private boolean isAsOf(long parent, Position position) {
        return isCurrent(parent) && index.version(parent).compareTo(position) <= 0;
    }

    private boolean isCurrent(long chunk) {
        return !isBeyondCursor(chunk) && needed.get(chunk) == null && index.exists(chunk);
    }

    private boolean isBeyondCursor(long chunk) {
        return !listed && Long.compareUnsigned(chunk, cursor) > 0;
    }

    private void hold(Needed waiting, Operation operation) {
        if (!waiting.fetching || waiting.overflowed || waiting.purged) {
            return;
        }
        if (heldOperations >= replica.limits().heldOperations()
                || heldBytes + operation.bytes() > replica.limits().heldBytes()) {
            waiting.overflowed = true;
            letGo(waiting);
            return;
        }
        Change change = operation.change();
        waiting.held.add(
                new Operation(
                        operation.epoch(),
                        operation.sequence(),
                        change.with(change.payload().kept()),
                        operation.origin()));
        heldOperations++;
        heldBytes += operation.bytes();
    }

    private void letGo(Needed waiting) {
        for (Operation operation : waiting.held) {
            heldOperations--;
            heldBytes -= operation.bytes();
            operation.change().payload().release();
        }
        waiting.held.clear();
    }

    @Override
    public void committed(long committed, boolean sync) {
        replica.commitUpTo(committed);
        if (sync) {
            effects.sync();
        }
    }

    @Override
    public void appended() {
        if (acknowledgeDue) {
            acknowledgeDue = false;
            replica.acknowledgeInOrder();
        }
        if (syncDue) {
            syncDue = false;
            effects.sync();
        }
    }

    @Override
    public void synced() {
        if (stage == Stage.HARDENING && replica.syncedSequence() >= hardenTarget) {
            stage = Stage.ASKING_READY;
            counted = true;
            effects.askReady(primary, replica.epoch(), hardenTarget);
        }
        if (stage != Stage.JOINING) {
            replica.acknowledgeInOrder();
        }
    }

    // ---------------------------------------------------------------- pages

    void page(long from, Position position, List<ChunkSummary> chunks, long next, boolean end) {
        if (!pageAsked || from != cursor || listed) {
            return;
        }
        pageAsked = false;
        idleTicks = 0;
        if (stage == Stage.JOINING) {
            replica.jumpTo(position.epoch(), position.sequence());
            effects.mark(replica.position(), false);
            stage = Stage.COMPARING;
        }
        reach = Math.max(reach, position.sequence());
        Set<Long> named = compare(position.sequence(), chunks);
        dropUnnamed(named, position.sequence(), next, end);
        cursor = next;
        listed = end;
        fetchMissed(position.sequence());
        pump();
    }

    private Set<Long> compare(long sequence, List<ChunkSummary> chunks) {
        Set<Long> named = new HashSet<>(chunks.size() * 2);
        for (ChunkSummary summary : chunks) {
            named.add(summary.chunk());
            Long since = missed.get(summary.chunk());
            missed.remove(summary.chunk());
            boolean changedSince = since != null && since > sequence;
            if (changedSince
                    || !index.trustsVersions(replica.group())
                    || !index.version(summary.chunk()).equals(summary.version())) {
                need(summary.chunk(), summary.parent());
            }
        }
        return named;
    }

    private void dropUnnamed(Set<Long> named, long sequence, long next, boolean end) {
        long chunk = cursor;
        while ((chunk = index.nextChunk(replica.group(), chunk)) != 0
                && (end || Long.compareUnsigned(chunk, next) <= 0)) {
            if (!named.contains(chunk)) {
                effects.drop(chunk);
            }
        }
    }

    /// Live operations newer than the page changed, or made, chunks that it does not name.
    private void fetchMissed(long sequence) {
        for (long chunk : missed.keys()) {
            if (!isBeyondCursor(chunk)) {
                Long since = missed.get(chunk);
                missed.remove(chunk);
                if (since != null && since > sequence) {
                    need(chunk, 0);
                }
            }
        }
    }

    // ---------------------------------------------------------------- fetches

    private void need(long chunk, long parent) {
        if (needed.get(chunk) == null) {
            var entry = new Needed(chunk, parent);
            needed.put(chunk, entry);
            queue.add(entry);
        }
    }

    /// Keeps the primary busy with as much as is allowed, and notices when nothing is left to do.
    private void pump() {
        // While the store is full it waits: live operations come in the meantime, or it starts
        // over.
        boolean hasRoom = hasRoom();
        int postponed = 0;
        while (hasRoom
                && fetching < replica.limits().fetches()
                && !queue.isEmpty()
                && effects.mayFetch()) {
            Needed next = queue.removeFirst();
            boolean relativeComes =
                    next.parent != 0
                            && (needed.get(next.parent) != null
                                    || families.get(next.parent) != null);
            if (relativeComes && postponed <= queue.size()) {
                postponed++;
                queue.addLast(next); // after its parent, or a sibling, it moves as a difference
            } else if (relativeComes && fetching > 0) {
                queue.addLast(next);
                break;
            } else {
                fetch(next);
            }
        }
        if (hasRoom && needed.size() == 0 && !listed && !pageAsked) {
            pageAsked = true;
            effects.askPage(primary, replica.epoch(), cursor);
        }
        if (lacksNothing() && replica.mayServeAgain()) {
            stage = Stage.HARDENING;
            effects.mark(replica.position(), true);
            hardenTarget = replica.last();
            replica.forgetSyncs(); // those under way may have begun before the last chunk came
            effects.sync();
        }
    }

    private boolean hasRoom() {
        return index.room(false) == Outcome.OK;
    }

    private boolean lacksNothing() {
        return stage == Stage.COMPARING && listed && needed.size() == 0 && replica.last() >= reach;
    }

    private void fetch(Needed entry) {
        entry.fetching = true;
        entry.overflowed = false;
        fetching++;
        if (entry.parent != 0 && !isCurrent(entry.parent)) {
            families.put(entry.parent, entry);
        }
        if (entry.parent != 0 && isCurrent(entry.parent)) {
            entry.baseVersion = index.version(entry.parent);
            effects.askChunk(
                    primary, replica.epoch(), entry.chunk, entry.parent, entry.baseVersion);
        } else {
            effects.askChunk(primary, replica.epoch(), entry.chunk, 0, null);
        }
    }

    void chunk(long chunk, long asOf, @Nullable FetchedChunk fetched) {
        Needed entry = needed.get(chunk);
        if (entry == null || !entry.fetching) {
            if (fetched != null) {
                fetched.release();
            }
            return;
        }
        ended(entry);
        idleTicks = 0;
        needed.remove(chunk);
        reach = Math.max(reach, asOf);
        if (fetched == null || entry.purged) {
            letGo(entry);
            dropIfHeld(chunk);
            if (fetched != null) {
                fetched.release();
            }
        } else if (entry.overflowed || hasLostItsBase(entry, fetched) || !hasRoom()) {
            // what is on its way when the store fills up would take the cleaner's reserve
            fetched.release();
            letGo(entry);
            need(chunk, entry.parent);
        } else {
            put(entry, fetched);
        }
        pump();
    }

    private void ended(Needed entry) {
        fetching--;
        entry.fetching = false;
        if (entry.parent != 0 && families.get(entry.parent) == entry) {
            families.remove(entry.parent);
        }
    }

    /// The parent was purged, or changed, by a live operation while the difference from it was on
    /// its way.
    private boolean hasLostItsBase(Needed entry, FetchedChunk fetched) {
        return fetched.isDifference()
                && (!isCurrent(entry.parent)
                        || !index.version(entry.parent).equals(entry.baseVersion));
    }

    private void put(Needed entry, FetchedChunk fetched) {
        Position version = fetched.version();
        effects.install(entry.chunk, fetched);
        for (Operation operation : entry.held) {
            if (new Position(operation.epoch(), operation.sequence()).compareTo(version) > 0) {
                effects.append(operation);
            }
        }
        letGo(entry);
    }

    private void dropIfHeld(long chunk) {
        if (index.exists(chunk)) {
            effects.drop(chunk);
        }
    }

    void failed(long chunk) {
        if (chunk == 0) {
            pageAsked = false;
            return;
        }
        Needed entry = needed.get(chunk);
        if (entry != null && entry.fetching) {
            ended(entry);
            letGo(entry);
            if (entry.purged) {
                needed.remove(chunk);
                dropIfHeld(chunk);
            } else {
                queue.addLast(entry);
            }
        }
    }

    // ---------------------------------------------------------------- the end

    void readyAnswered(Outcome outcome) {
        if (stage != Stage.ASKING_READY) {
            return;
        }
        switch (outcome) {
            case OK -> {
                stage = Stage.CAUGHT_UP;
                idleTicks = 0;
                effects.caughtUp(replica.epoch());
            }
            case NOT_SERVING, OVERLOADED -> {
                stage = Stage.COMPARING; // at the next tick, with what came meanwhile
            }
            default -> restart();
        }
    }

    @Override
    public void tick() {
        if (lacksNothing() && !replica.mayServeAgain()) {
            replica.probation().keptUp();
        } else {
            idleTicks++;
        }
        if (idleTicks >= PATIENCE_TICKS) {
            idleTicks = 0;
            if (stage == Stage.CAUGHT_UP) {
                effects.caughtUp(replica.epoch()); // the quorum may not have heard it
            } else if (stage == Stage.COMPARING && listed && needed.size() == 0) {
                restart(); // the live stream has ended: the primary gave up on us
            }
        }
        pump();
    }
}
