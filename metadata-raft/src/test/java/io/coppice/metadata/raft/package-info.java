/// Tests of the quorum's shell that need no servers.
@NullMarked
package io.coppice.metadata.raft;

import org.jspecify.annotations.NullMarked;
