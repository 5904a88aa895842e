/// The chunk store: one log, one index in memory, one lane.
@NullMarked
package io.coppice.node.store;

import org.jspecify.annotations.NullMarked;
