/// The loop of one store: events in, the group's [io.coppice.node.replica.GroupReplica] decides,
/// its effects are carried out on the chunk store and the network, next.
///
/// A lane is one Netty event loop. Everything about its store happens on it: replicas, index, log
/// appends, reads. Elsewhere run only fdatasync (one thread, group commit) and the writing of
/// checkpoints.
///
/// One turn of the loop: all frames that have arrived are decided on; REPLICATE frames leave; the
/// batch is written to the log with one gathered write; acknowledgements leave. So an
/// acknowledgement always means "with the operating system of this machine", and the local write
/// overlaps with those of the backups.
///
/// A replica that catches up (`CatchUp`, `ChunkFetch`) asks as fast as its `Pace`, and that of the
/// store it asks, allow; `SharedPlaces` knows which blocks came already with another chunk. A
/// replica that the quorum took off this store ends, and its data is deleted.
///
/// An IOException from the store ends it (R11): its replicas stop and the quorum is told.
@NullMarked
package io.coppice.node.lane;

import org.jspecify.annotations.NullMarked;
