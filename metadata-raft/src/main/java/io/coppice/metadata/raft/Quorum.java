package io.coppice.metadata.raft;

import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/// The replicated log and the state that it makes, as one member of the quorum sees them:
/// [RaftQuorum] in production, a log of its own in the simulator. Thread-safe.
///
/// Commands are taken by the leader only; elsewhere they fail with [QuorumException]. Futures
/// complete on the apply thread: what depends on them must be short or go to another thread.
public interface Quorum {
    /// Replicates and applies a command, possibly in one entry with others. Commands are applied in
    /// the order in which this was called.
    CompletableFuture<Outcome> submit(Stamped command);

    /// Ends when this server has applied an entry that was proposed after this call: then it led
    /// until after the call, and [#read] shows everything that any server acknowledged before it.
    /// Concurrent calls share an entry.
    CompletableFuture<Void> barrier();

    /// As [#barrier], but it waits behind no commands and is not refused when too many wait: leases
    /// of nodes must not end because the log has much to do.
    CompletableFuture<Void> confirm();

    /// Reads what is applied here. Keeps commands from being applied meanwhile: for short reads.
    <T> T read(Function<MetadataView, T> reader);

    /// Freezes what is applied here, for long reads.
    MetadataCapture capture();

    /// The outcome of an earlier attempt at a command, if it was applied.
    Optional<Outcome> remembered(long session, long sequence);

    /// Id of the server that this one believes to be the leader.
    Optional<String> leader();

    /// Who the servers are, and how that changes.
    RaftMembership membership();

    /// Last entry applied here.
    long logIndex();

    long entriesWithFlips();
}
