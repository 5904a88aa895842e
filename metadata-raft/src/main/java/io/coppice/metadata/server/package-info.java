/// The front door of the metadata quorum: the gRPC control plane, the sessions of nodes and
/// clients, and the leader's duties. Everything of this module is put together in [MetadataServer].
///
/// Only the leader answers; others name it. What only a leader has lives in one `Leadership`, made
/// when this server starts to lead and thrown away when it stops: its peers come back to the next
/// one, which has all that matters in the replicated state.
///
/// Rules that live here:
/// - R8, R9: `Barriers` tells all nodes, then the command commits; `AdminCommands` and
///   `ClientSession` keep that order. One operation at a time per volume name passes `VolumeGates`.
/// - R12: a client session has a bound of unanswered messages, the batcher one of waiting commands.
///
/// `Repair` carries out the core's plan for redundancy and balance, and knows how much is left.
///
/// Threads: gRPC calls run on virtual threads, of which only queries wait; sessions and commands go
/// on in futures, on virtual threads again. The leader's tick runs on one platform thread; outcomes
/// arrive on the quorum's apply thread, where nothing may wait.
@NullMarked
package io.coppice.metadata.server;

import org.jspecify.annotations.NullMarked;
