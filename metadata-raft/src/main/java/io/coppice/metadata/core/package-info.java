/// What the metadata quorum decides, without the quorum: a pure state machine.
@NullMarked
package io.coppice.metadata.core;

import org.jspecify.annotations.NullMarked;
