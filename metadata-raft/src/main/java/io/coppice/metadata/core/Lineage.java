package io.coppice.metadata.core;

/// Where a volume or snapshot came from; kept after it is gone, and holds nothing back.
///
/// @param parent id of what it was cloned from, or of the volume a snapshot is of; 0: a root
/// @param name its own last name; a snapshot's full name is `NAME_OF_PARENT@name`
/// @param deletedMillis 0: it exists (perhaps in the trash)
public record Lineage(
        long id,
        long parent,
        String name,
        boolean snapshot,
        long createdMillis,
        long deletedMillis) {

    Lineage named(String newName) {
        return new Lineage(id, parent, newName, snapshot, createdMillis, deletedMillis);
    }

    Lineage deleted(long millis) {
        return new Lineage(id, parent, name, snapshot, createdMillis, millis);
    }
}
