/// A storage node: its stores, their lanes, the data port, the HTTP port, and the session with the
/// metadata quorum that tells it which groups to serve. [StorageNode] starts and stops all of it.
@NullMarked
package io.coppice.node;

import org.jspecify.annotations.NullMarked;
