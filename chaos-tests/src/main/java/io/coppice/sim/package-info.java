/// The simulator: a whole cluster - metadata leaders, storage nodes, clients - in one thread, on
/// virtual time, from one seed. Everything above sockets, files, clocks and Apache Ratis is the
/// production code; [io.coppice.sim.SimLog] stands in for Ratis.
///
/// - [io.coppice.sim.Scheduler] is time and order; a [io.coppice.sim.Host] is a process that can be
///   killed, paused, and has a clock of its own.
/// - [io.coppice.sim.SimNetwork], [io.coppice.sim.SimControl] and [io.coppice.sim.SimDisk] are the
///   world's edges, and where faults happen.
/// - [io.coppice.sim.Workload] does what users do, [io.coppice.sim.Nemesis] what users fear; both
///   draw from the seed, within the [io.coppice.sim.Swarm] of this seed.
/// - [io.coppice.sim.History] and its registers only watch: they know every call and its answer,
///   and judge at the end.
@NullMarked
package io.coppice.sim;

import org.jspecify.annotations.NullMarked;
