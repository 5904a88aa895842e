package io.coppice.client;

/// A part of a device whose blocks are alike.
///
/// @param offset first byte
/// @param length bytes
/// @param mapped false: nothing is stored, it reads as zeros
/// @param shared mapped, and stored once for several volumes or snapshots
public record Extent(long offset, long length, boolean mapped, boolean shared) {}
