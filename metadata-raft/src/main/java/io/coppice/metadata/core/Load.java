package io.coppice.metadata.core;

/// What the volumes of a project are together.
///
/// @param volumes how many, also in the trash; the others count those that are not
public record Load(int volumes, int clones, long provisionedBytes) {
    static final Load NONE = new Load(0, 0, 0);

    /// @param sign 1: it comes; -1: it goes
    Load with(Volume volume, int sign) {
        boolean counts = !volume.inTrash();
        return new Load(
                volumes + sign,
                clones + (counts && volume.isClone() ? sign : 0),
                provisionedBytes + (counts ? sign * volume.size() : 0));
    }
}
