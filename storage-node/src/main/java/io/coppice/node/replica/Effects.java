package io.coppice.node.replica;

import io.coppice.model.Position;
import org.jspecify.annotations.Nullable;

/// What a [GroupReplica] wants done. Called during an event; the effect may be carried out at once
/// or at the end of the lane's turn, in the order of the calls. None may call back into the replica
/// before the event has returned.
public interface Effects {
    // ---- own store

    /// Give the operation to the store's log. `appended()` tells the replica when the batch is
    /// written.
    void append(Operation operation);

    /// The operation has its place in the order but changes nothing here: its chunk will be
    /// fetched.
    void skip(Operation operation);

    /// Make what was appended durable; then `synced`.
    void sync();

    /// Drop a chunk that is not in the group's history.
    void drop(long chunk);

    /// The store's content stands at `position` of the group's order, also when that is behind what
    /// it held; `complete`: nothing is missing up to there.
    void mark(Position position, boolean complete);

    // ---- primary

    /// Send an operation to a member; links keep their order, and may lose everything from some
    /// point on.
    void replicate(int store, long epoch, Operation operation, long committed);

    /// Tell a member how far all have come; with `sync`, that it makes durable what it has and says
    /// so.
    void committed(int store, long epoch, long committed, boolean sync);

    /// Answer a request.
    void answer(Ticket ticket, Outcome outcome);

    /// Read for a request, from what is appended now.
    void serveRead(Ticket ticket);

    /// Writes of the barrier's volume that this replica had accepted are finished.
    void barrierPassed(long barrier);

    /// These chunks are gone on every serving replica.
    void purged(long[] chunks);

    /// Ask a serving member of the new epoch for its operation after `after`; `tailReceived` brings
    /// it.
    void askTail(int store, long epoch, long after);

    /// A serving member cannot be brought to the group's order by the operations that are left.
    void memberFailed(int store, long epoch, String why);

    // ---- backup and syncing replica

    /// To the primary from whom operations come.
    void acknowledge(Ack ack);

    /// Ask the primary for its chunks above `cursor`; 0 also joins the stream of live operations.
    void askPage(int primary, long epoch, long cursor);

    /// Whether another chunk may be asked for: all groups of a store share the memory for those
    /// that are on their way. If not, the next tick asks again.
    boolean mayFetch();

    /// Ask the primary for a chunk; with a parent, as the difference from it at `parentVersion`.
    void askChunk(
            int primary, long epoch, long chunk, long parent, @Nullable Position parentVersion);

    /// Put a fetched chunk in place of whatever the store holds under its id.
    void install(long chunk, FetchedChunk fetched);

    /// Tell the primary that this replica has caught up and holds on to its live stream.
    void askReady(int primary, long epoch, long sequence);

    /// Tell the quorum that this replica has caught up and is durable.
    void caughtUp(long epoch);
}
