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
/// `docs/replica-states.md` is the complete table of states and events; a test walks every cell of
/// it. Every change of a state or of the order starts a new epoch. Whoever leaves service while too
/// few stay (fewer than `min-write-replicas`) is LAST: nothing can be acknowledged without it.
///
/// A flush must be answered like a write: only while enough replicas serve. Then any LAST replica
/// has all that was ever acknowledged or flushed.
@NullMarked
package io.coppice.metadata.core;

import org.jspecify.annotations.NullMarked;
