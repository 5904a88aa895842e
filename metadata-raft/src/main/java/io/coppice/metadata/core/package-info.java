/// What the metadata quorum decides, without the quorum: a pure state machine.
///
/// **Owns** names, volumes, snapshots, chunk maps and reference counts, generations, attachments,
/// id leases, groups and their views, purge lists, lineage and the memory of answers. **Called by**
/// the Raft shell, which feeds [MetadataState#apply] the committed commands one after the other,
/// and by the front door, which reads a [MetadataView]. **Thread**: one at a time; a
/// [MetadataCapture] may be read by another while commands go on. **Never** a clock, chance, thread
/// or file: they come inside [Stamped]. **When it fails**: what a caller got wrong is
/// [Outcome.Refused]; an [io.coppice.model.Invariant] that does not hold is ours and ends the
/// process.
///
/// ## How it is built
///
/// | part | what it is |
/// |---|---|
/// | [Tables] | all state; `freeze()` shares everything with a capture |
/// | [CaptureGate] | which pages a capture may still be reading: those are copied before they change |
/// | [NodeSlab] | map nodes in pages of `long[]` |
/// | [ChunkCounts] | chunks that two or more leaf slots name |
/// | [ChunkMaps], [MapWalks] | changes and reads of maps |
/// | [VolumeCommands], [SessionCommands], [NodeCommands] | one method a command: check all, then change |
/// | [Membership], [PlacementPlanner] | pure functions from view to view, from stores to groups |
/// | [RepairCommands], [RepairPlanner] | groups change their stores, nodes leave; what to do next for redundancy and balance |
/// | [OutcomeMemory] | the first answer for every retry |
/// | [StateWriter], [StateReader] | bytes of a snapshot |
///
/// What is always true, and recounted by [Recount]: a node's references are the roots, reap entries
/// and parents that name it; a chunk's count is the number of leaf slots that name it; a chunk that
/// was mapped is named by a leaf or is on its group's purge list, never both.
///
/// A volume owns a slot when the leaf says so: owner and generation are the volume's present ones
/// and the slot's bit is set. So ending a generation costs one integer, however many chunks it had.
///
/// ## Membership of a group
///
/// Every row that changes a state starts a new epoch. "Too few" is fewer than `min-write-replicas`.
///
/// | event | the replica was | it becomes | the others |
/// |---|---|---|---|
/// | its node is lost, or registers with a new incarnation, or without the store; it failed | SERVING, enough stay serving | DOWN | |
/// | the same | SERVING, too few stay serving | LAST: nothing more can be acknowledged without it | |
/// | the same | SYNCING, DRAINING | DOWN | |
/// | the same | DOWN, LAST | the same | |
/// | its store registers | DOWN, LAST; somebody serves | SYNCING | |
/// | its store registers | LAST; nobody serves, another LAST is away | LAST, waits | |
/// | its store registers, all LAST are back | LAST with the highest position | SERVING | present: SYNCING |
/// | grace is over, some LAST are back | LAST with the highest position among them | SERVING | present: SYNCING; LAST and away: LAST |
/// | its store registers | DOWN; nobody serves | DOWN, waits | |
/// | its store registers | SERVING, SYNCING (same incarnation) | the same | |
/// | it has caught up, in this epoch | SYNCING | SERVING | LAST: DOWN, once enough serve |
/// | its store gets a replica of the group (one more than the number, for a time) | not a member | SYNCING | |
/// | it is dropped: there is one more than the number, it is not the primary, and it is not needed (see [RepairCommands]) | SERVING, SYNCING, DOWN | not a member | |
/// | the same | LAST | refused | |
/// | its node is drained, or that is cancelled | any | the same | |
///
/// A replica on a node that is drained is shown as DRAINING while it serves. It *is* SERVING in
/// everything: it may lead, it counts for writes, its acknowledgement is waited for.
///
/// A flush must be answered like a write: only while enough replicas serve. Then any LAST replica
/// has all that was ever acknowledged or flushed.
@NullMarked
package io.coppice.metadata.core;

import org.jspecify.annotations.NullMarked;
