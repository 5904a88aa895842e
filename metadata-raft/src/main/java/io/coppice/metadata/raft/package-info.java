/// The shell that replicates the pure state machine of `io.coppice.metadata.core`: the only package
/// that knows Apache Ratis.
///
/// - [RaftQuorum] starts and stops this server's part in the quorum, takes commands and reads.
/// - The batcher bundles what arrives while earlier entries are under way into one log entry, so
///   that flips of many clients share one round trip and one sync. Reads ride along: a read is
///   answered from the state after an entry that was proposed after the read arrived, hence it is
///   linearizable without trusting a lease or Ratis' read index.
/// - The state machine adapter applies entries on Ratis' one apply thread, in log order. A command
///   that fails is an outcome, never an exception; an exception in apply is a bug and stops the
///   server.
/// - Snapshots are captured in constant time on the apply thread and written by another.
///
/// Log format: one `LogEntry` of `log.proto` per Raft entry.
@NullMarked
package io.coppice.metadata.raft;

import org.jspecify.annotations.NullMarked;
