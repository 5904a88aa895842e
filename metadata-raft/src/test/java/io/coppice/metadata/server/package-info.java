/// Tests of the front door with real quorums in one process.
@NullMarked
package io.coppice.metadata.server;

import org.jspecify.annotations.NullMarked;
