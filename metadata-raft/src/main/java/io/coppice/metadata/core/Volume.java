package io.coppice.metadata.core;

import java.util.Map;
import org.jspecify.annotations.Nullable;

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
/// @param key what its data is encrypted with; null: nothing
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
        Map<String, String> labels,
        Terms terms,
        @Nullable VolumeKey key) {

    /// Of something that was just made: in its first generation, in nobody's use.
    static Volume made(
            long id,
            String name,
            long size,
            MapRoot root,
            String origin,
            long now,
            long expiresMillis,
            Map<String, String> labels,
            Terms terms,
            @Nullable VolumeKey key) {
        return new Volume(
                id,
                name,
                size,
                1,
                root,
                0,
                false,
                false,
                origin,
                now,
                expiresMillis,
                0,
                labels,
                terms,
                key);
    }

    public boolean inTrash() {
        return deletedMillis != 0;
    }

    public boolean isClone() {
        return !origin.isEmpty();
    }

    /// As it is, with another content.
    private Volume with(long newSize, long newGeneration, MapRoot newRoot, boolean attached) {
        return new Volume(
                id,
                name,
                newSize,
                newGeneration,
                newRoot,
                fence,
                attached,
                looseFence,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels,
                terms,
                key);
    }

    /// As it is, for other holders.
    private Volume with(long newFence, boolean attached, boolean loose, Terms newTerms) {
        return new Volume(
                id,
                name,
                size,
                generation,
                root,
                newFence,
                attached,
                loose,
                origin,
                createdMillis,
                expiresMillis,
                deletedMillis,
                labels,
                newTerms,
                key);
    }

    /// As it is, known otherwise.
    private Volume with(
            String newName, long expires, long deleted, Map<String, String> newLabels, Terms kept) {
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
                expires,
                deleted,
                newLabels,
                kept,
                key);
    }

    Volume withRoot(MapRoot newRoot) {
        return with(size, generation, newRoot, attachedInGeneration);
    }

    Volume withSize(long newSize, MapRoot newRoot) {
        return with(newSize, generation, newRoot, attachedInGeneration);
    }

    /// The present generation ends, the next starts with whoever is attached now.
    Volume nextGeneration(boolean attached) {
        return with(size, generation + 1, root, attached);
    }

    Volume attached(long token, long now) {
        return with(token, true, false, terms.used(now));
    }

    /// Its holder has let go of it.
    Volume detached(long now) {
        return with(fence, attachedInGeneration, looseFence, terms.used(now));
    }

    /// The attachment ended without its holder's word.
    Volume broken(long now) {
        return with(fence + 1, attachedInGeneration, true, terms.used(now));
    }

    Volume withName(String newName) {
        return with(newName, expiresMillis, deletedMillis, labels, terms);
    }

    Volume trashed(long millis) {
        return with(name, expiresMillis, millis, labels, terms);
    }

    /// @param now counts as used: nobody could before
    Volume restored(String newName, long now) {
        return with(newName, 0, 0, labels, terms.used(now));
    }

    Volume expiring(long millis) {
        return with(name, millis, deletedMillis, labels, terms);
    }

    Volume labelled(Map<String, String> newLabels) {
        return with(name, expiresMillis, deletedMillis, Map.copyOf(newLabels), terms);
    }

    Volume withKey(VolumeKey newKey) {
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
                deletedMillis,
                labels,
                terms,
                newKey);
    }

    Volume withTerms(Terms newTerms) {
        return with(name, expiresMillis, deletedMillis, labels, newTerms);
    }
}
