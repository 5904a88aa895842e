package io.coppice.node.store;

/// Fingerprint of a chunk's content, equal on all replicas that hold the same blocks.
///
/// @param digest over (block, CRC32C) of every mapped block
/// @param blocks mapped blocks
/// @param bad numbers of damaged blocks; of a shallow digest only those whose checksum is
///   unreadable
public record ChunkDigest(long digest, int blocks, int[] bad) {}
