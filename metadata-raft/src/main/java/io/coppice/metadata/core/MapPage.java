package io.coppice.metadata.core;

/// 512 slots of a map: indexes `page * 512` and up.
///
/// @param chunks 0: unmapped; trailing zeros are left out
/// @param owned bit i of word i / 64: the slot's chunk was made in the volume's present generation
public record MapPage(long page, long[] chunks, long[] owned) {
    public static final int SLOTS = 512;
}
