package io.coppice.metadata.core;

/// Something that will happen by itself.
///
/// @param millis when, wall clock
/// @param action as the audit log will call it
/// @param target of it, by name
public record Planned(long millis, String action, String target) {}
