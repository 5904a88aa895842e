package io.coppice.node.replica;

/// Seals (R8) and fences (R9) by volume, as the quorum pushed them. They only grow. One per lane.
public final class VolumeBarriers {
    private static final class Entry {
        private long sealedGeneration;
        private long minFence;
    }

    private final LongTable<Entry> entries = new LongTable<>();

    /// From now on writes of `volume` with a generation up to `sealedGeneration`, or a lower fence
    /// token, are refused.
    public void raise(long volume, long sealedGeneration, long minFence) {
        if (volume == 0) {
            return;
        }
        Entry entry = entries.get(volume);
        if (entry == null) {
            entry = new Entry();
            entries.put(volume, entry);
        }
        entry.sealedGeneration = Math.max(entry.sealedGeneration, sealedGeneration);
        entry.minFence = Math.max(entry.minFence, minFence);
    }

    /// Whether a client with this token has been taken over from; 0, a reader without an
    /// attachment, has not.
    public boolean isFenced(long volume, long fence) {
        Entry entry = fence == 0 ? null : entries.get(volume);
        return entry != null && fence < entry.minFence;
    }

    /// OK, SEALED or FENCED.
    Outcome check(Origin origin) {
        Entry entry = origin.volume() == 0 ? null : entries.get(origin.volume());
        if (entry == null) {
            return Outcome.OK;
        }
        if (origin.fence() < entry.minFence) {
            return Outcome.FENCED;
        }
        return origin.generation() <= entry.sealedGeneration ? Outcome.SEALED : Outcome.OK;
    }
}
