/// Tests of the simulator itself, and a bounded run of it.
@org.jspecify.annotations.NullMarked
package io.coppice.sim;
