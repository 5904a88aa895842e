package io.coppice.metadata.core;

/// What the volumes of a project may be together, those in the trash not counted. 0: no matter.
///
/// @param provisionedBytes the sum of their sizes
/// @param clones how many of them are clones
/// @param clonesPerSource how many are clones of any one volume, or of its snapshots
public record Quota(long provisionedBytes, int clones, int clonesPerSource) {
    static final Quota NONE = new Quota(0, 0, 0);

    /// For people, the same in every version: it goes into the audit log.
    String text() {
        return "provisioned "
                + provisionedBytes
                + ", clones "
                + clones
                + ", clones per source "
                + clonesPerSource;
    }
}
