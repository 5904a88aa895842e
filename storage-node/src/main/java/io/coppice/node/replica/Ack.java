package io.coppice.node.replica;

/// What a backup tells its primary: cumulative, so a lost one is made good by the next.
///
/// @param epoch the epoch that the backup is in
/// @param outcome OK: in order so far; OVERLOADED, NO_SPACE: in order, but send no new data, for
///   now or at all; STALE_EPOCH: the frame was of an older epoch than `epoch`; NOT_SERVING: not
///   ready, or there was a gap: send again after `appended`
/// @param appended everything up to this sequence is with the operating system
/// @param synced everything up to this sequence is durable
public record Ack(long epoch, Outcome outcome, long appended, long synced) {}
