package io.coppice.metadata.core;

import java.util.Map;

/// A frozen map. Volumes and snapshots share one space of ids, never reused.
///
/// @param volume id of the volume it is of
/// @param generation the volume's generation that it ended
/// @param expiresMillis 0: never
/// @param guarded it cannot be deleted and does not expire
/// @param rule `policy/rule` that made it; empty: somebody did
public record Snapshot(
        long id,
        long volume,
        String name,
        long size,
        long generation,
        MapRoot root,
        long createdMillis,
        Map<String, String> labels,
        long expiresMillis,
        boolean guarded,
        String rule) {

    Snapshot kept(long expires, boolean guard) {
        return new Snapshot(
                id,
                volume,
                name,
                size,
                generation,
                root,
                createdMillis,
                labels,
                expires,
                guard,
                rule);
    }
}
