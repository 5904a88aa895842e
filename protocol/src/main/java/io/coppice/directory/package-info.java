/// The client side of the metadata service: finds the leader, follows it, retries what is safe to
/// retry. Used by clients, storage nodes and the command line alike.
@NullMarked
package io.coppice.directory;

import org.jspecify.annotations.NullMarked;
