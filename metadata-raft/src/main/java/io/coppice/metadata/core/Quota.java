package io.coppice.metadata.core;

/// What the volumes of a project may be together, those in the trash not counted but in `ownBytes`.
/// 0: no matter.
///
/// @param provisionedBytes the sum of their sizes
/// @param clones how many of them are clones
/// @param clonesPerSource how many are clones of any one volume, or of its snapshots
/// @param ownBytes what would be free without them, as the stores counted it last
public record Quota(long provisionedBytes, int clones, int clonesPerSource, long ownBytes) {
    static final Quota NONE = new Quota(0, 0, 0);

    /// However many bytes are its own.
    public Quota(long provisionedBytes, int clones, int clonesPerSource) {
        this(provisionedBytes, clones, clonesPerSource, 0);
    }

    /// For people, the same in every version: it goes into the audit log.
    String text() {
        return "provisioned "
                + provisionedBytes
                + ", clones "
                + clones
                + ", clones per source "
                + clonesPerSource
                + (ownBytes == 0 ? "" : ", own bytes " + ownBytes);
    }
}
