/// What clients do in a chaos run, and what must hold of it.
@NullMarked
package io.coppice.chaos.workload;

import org.jspecify.annotations.NullMarked;
