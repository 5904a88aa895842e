/// Runs of the chaos harness, bounded.
@org.jspecify.annotations.NullMarked
package io.coppice.chaos.run;
