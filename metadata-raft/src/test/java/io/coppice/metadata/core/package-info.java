/// Tests of the state machine: clever against naive, twice the same, there and back.
@NullMarked
package io.coppice.metadata.core;

import org.jspecify.annotations.NullMarked;
