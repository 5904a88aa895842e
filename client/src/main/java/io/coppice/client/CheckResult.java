package io.coppice.client;

import java.util.List;

/// What a [ClusterCheck] found.
///
/// @param clean nothing below was found, and everything that serves was looked at
/// @param refcountErrors chunks whose reference count differs from a full recount of the maps
/// @param missingChunks mapped chunks that a serving replica does not hold, once per replica
/// @param orphanChunks chunks that a replica holds and no map names, once per replica
/// @param replicaMismatches chunks of which two serving replicas hold different versions or
///   contents
/// @param checksumErrors blocks whose data does not match their checksum (deep check only)
/// @param repaired those of them that are right again after a repair from another replica
/// @param unchecked serving replicas that did not answer
/// @param notServing replicas that serve nobody now and were not looked at; what they hold is told
///   when they serve again
/// @param details one line for each finding, the first few hundred
public record CheckResult(
        boolean clean,
        long refcountErrors,
        long missingChunks,
        long orphanChunks,
        long replicaMismatches,
        long checksumErrors,
        long repaired,
        long unchecked,
        long notServing,
        List<String> details) {
    public CheckResult {
        details = List.copyOf(details);
    }
}
