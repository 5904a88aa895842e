package io.coppice.metadata.core;

import java.util.Map;

/// A volume as it is now.
///
/// @param size bytes
/// @param root its chunk map
/// @param fence the highest fence token given out; nodes refuse lower ones after a barrier
/// @param attachedInGeneration somebody is or was attached in the present generation: a cut needs a
///   seal
/// @param looseFence an attachment ended without its holder's word: its writes may still be under
///   way
/// @param origin `volume` or `volume@snapshot` at the time of cloning, empty: none
/// @param expiresMillis 0: never
/// @param deletedMillis when it went into the trash; 0: it is not there
public record Volume(
        long id,
        String name,
        long size,
        long generation,
        MapRoot root,
        long fence,
        boolean attachedInGeneration,
        boolean looseFence,
        String origin,
        long createdMillis,
        long expiresMillis,
        long deletedMillis,
        Map<String, String> labels) {

    public boolean inTrash() {
        return deletedMillis != 0;
    }

    Volume withRoot(MapRoot newRoot) {
        return new Volume(
                id,
                name,
                size,
                generation,
                newRoot,
                fence,
                attachedInGeneration,
                looseFence,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels);
    }

    Volume withSize(long newSize, MapRoot newRoot) {
        return new Volume(
                id,
                name,
                newSize,
                generation,
                newRoot,
                fence,
                attachedInGeneration,
                looseFence,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels);
    }

    Volume withName(String newName) {
        return new Volume(
                id,
                newName,
                size,
                generation,
                root,
                fence,
                attachedInGeneration,
                looseFence,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels);
    }

    /// The present generation ends, the next starts with whoever is attached now.
    Volume nextGeneration(boolean attached) {
        return new Volume(
                id,
                name,
                size,
                generation + 1,
                root,
                fence,
                attached,
                looseFence,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels);
    }

    Volume attached(long token) {
        return new Volume(
                id,
                name,
                size,
                generation,
                root,
                token,
                true,
                false,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels);
    }

    /// The attachment ended without its holder's word.
    Volume broken() {
        return new Volume(
                id,
                name,
                size,
                generation,
                root,
                fence + 1,
                attachedInGeneration,
                true,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels);
    }

    Volume trashed(long millis) {
        return new Volume(
                id,
                name,
                size,
                generation,
                root,
                fence,
                attachedInGeneration,
                looseFence,
                origin,
                createdMillis,
                expiresMillis,
                millis,
                labels);
    }

    Volume restored(String newName) {
        return new Volume(
                id,
                newName,
                size,
                generation,
                root,
                fence,
                attachedInGeneration,
                looseFence,
                origin,
                createdMillis,
                0,
                0,
                labels);
    }
}
