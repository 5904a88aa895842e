/// A cluster of real processes, each on a host of its own: a network namespace and a disk that can
/// be broken.
@NullMarked
package io.coppice.chaos.cluster;

import org.jspecify.annotations.NullMarked;
