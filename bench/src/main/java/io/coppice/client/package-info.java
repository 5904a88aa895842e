/// Benchmarks of the client library's rooms that have no door: they live in the room's package, in
/// this module, so that the room need not open one for them. Nothing but JMH calls them.
@NullMarked
package io.coppice.client;

import org.jspecify.annotations.NullMarked;
