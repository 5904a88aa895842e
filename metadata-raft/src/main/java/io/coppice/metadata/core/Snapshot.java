package io.coppice.metadata.core;

import java.util.Map;

/// A frozen map. Volumes and snapshots share one space of ids, never reused.
///
/// @param volume id of the volume it is of
/// @param generation the volume's generation that it ended
public record Snapshot(
        long id,
        long volume,
        String name,
        long size,
        long generation,
        MapRoot root,
        long createdMillis,
        Map<String, String> labels) {}
