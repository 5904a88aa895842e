/// The decisions of one replica group on one store, and nothing else: events go in, effects come
/// out.
///
/// Owns: the order of the group's operations as this replica knows it, the acknowledgements of the
/// others (R2), what may be read (R4), the memory of requests (R13), the way back for a replica
/// that missed something (R7), and what happens to all of it when the quorum names a new epoch (R1,
/// R6).
///
/// [GroupReplica] is the door. It is in one of four roles, each a class of its own:
///
/// | role | when | serves |
/// |---|---|---|
/// | [NotServing] | no view, or not a member that counts | nothing |
/// | [Syncing] | the quorum wants it back | takes live operations, catches up |
/// | [Backup] | a serving replica, not the first | appends in the primary's order |
/// | [Primary] | the first serving replica | orders, replicates, acknowledges, answers reads |
///
/// One thread (the store's lane) calls it; it never blocks, waits, reads a clock or touches a
/// socket or file. The same code runs on Netty and files and in a simulator with virtual time.
@NullMarked
package io.coppice.node.replica;

import org.jspecify.annotations.NullMarked;
