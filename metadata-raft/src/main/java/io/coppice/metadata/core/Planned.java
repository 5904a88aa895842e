package io.coppice.metadata.core;

/// Something that will happen by itself.
///
/// @param millis when, wall clock
/// @param action as the audit log will call it
/// @param target of it, by name
/// @param volume whose it is, by id; 0: of several
public record Planned(long millis, String action, String target, long volume) {}
