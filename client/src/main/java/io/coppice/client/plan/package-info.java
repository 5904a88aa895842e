/// The write path of one device, decided without any I/O.
///
/// [DevicePlan] takes operations on parts of chunks ([ChunkOp]), answers of storage nodes and of
/// the metadata quorum, and says through [PlanPort] what to send next. It owns the map cache, the
/// range locks and the derivations (copy-on-write: derive, flip, acknowledge).
///
/// Who calls it: the device, on its event loop; nothing here is thread-safe, nothing blocks,
/// nothing reads a clock. Always true:
///
/// - two writes that overlap are never under way at once (range locks, first come first served);
/// - a write to a chunk that is not the volume's own is acknowledged only after its flip was
///   committed;
/// - a write refused by a seal is planned again in the next generation, with a new sequence number,
///   and only after its earlier outcome is known;
/// - the same try of a write keeps its sequence number however often it is sent (R13).
///
/// When something fails, the operation completes with a [Fault]; the device goes on.
@NullMarked
package io.coppice.client.plan;

import org.jspecify.annotations.NullMarked;
