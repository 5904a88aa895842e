/// Tests of the library against a cluster in memory, over real sockets.
@NullMarked
package io.coppice.client;

import org.jspecify.annotations.NullMarked;
