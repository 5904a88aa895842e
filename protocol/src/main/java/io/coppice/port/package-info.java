/// The only doors to the world: time, disk, chance. Cores take them as arguments, so that the same
/// code runs on real files and clocks and inside the deterministic simulator.
@NullMarked
package io.coppice.port;

import org.jspecify.annotations.NullMarked;
