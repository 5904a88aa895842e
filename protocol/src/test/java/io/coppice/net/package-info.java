/// Tests of the network room.
@NullMarked
package io.coppice.net;

import org.jspecify.annotations.NullMarked;
