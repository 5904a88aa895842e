package io.coppice.chaos.nemesis;

/// Something that was broken in a run; times in nanoseconds.
///
/// @param nemesis its kind
/// @param what one line
/// @param mended when it was good again
/// @param healthy when the cluster said that it was whole again; 0: nobody waited for that
public record Fault(String nemesis, String what, long start, long mended, long healthy) {}
