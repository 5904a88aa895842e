package io.coppice.metadata.core;

/// Slots that differ between two maps: `count` from `index` on. `mapped`: the second map has chunks
/// there; else it reads as zeros.
public record SlotRun(long index, long count, boolean mapped) {}
