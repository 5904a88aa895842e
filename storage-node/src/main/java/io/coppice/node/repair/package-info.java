/// Mending what a disk has spoiled: a damaged block is looked for on the other serving replicas,
/// checked against the checksum that is stored beside it, and put back. Runs on the lane that met
/// the block: for a client's read, for a check, or for the scrub, which reads everything in the
/// background so that rot is found while there still is a good copy.
@NullMarked
package io.coppice.node.repair;

import org.jspecify.annotations.NullMarked;
