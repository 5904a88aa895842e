/// Benchmarks of the hot rooms (JMH), one class per room, to be run by hand on a quiet machine; see
/// `docs/internals/bench.md`; `bench.report` measures whole clusters. Nothing here is part of a
/// server. A benchmark uses the same public doors as production code and never reaches into a room;
/// `FrameCodecBenchmark` alone lies in the package of its room, which has no door.
@NullMarked
package io.coppice.bench;

import org.jspecify.annotations.NullMarked;
