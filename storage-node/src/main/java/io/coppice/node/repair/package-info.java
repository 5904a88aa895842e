/// Mending what a disk has spoiled: a damaged block is looked for on the other serving replicas,
/// checked against the checksum that is stored beside it, and put back. Runs on the lane that met
/// the block.
@NullMarked
package io.coppice.node.repair;

import org.jspecify.annotations.NullMarked;
