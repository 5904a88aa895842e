package io.coppice.metadata.core;

/// Volumes that belong together, and what holds for all of them.
///
/// @param policy that its volumes follow unless they follow another one; empty: none
public record Project(String name, String policy, Quota quota, long createdMillis) {}
