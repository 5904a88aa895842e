/// Frames of the data plane and status codes with their meaning for a retry.
@NullMarked
package io.coppice.wire;

import org.jspecify.annotations.NullMarked;
