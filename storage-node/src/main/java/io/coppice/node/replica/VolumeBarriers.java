package io.coppice.node.replica;

import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/// Seals (R8) and fences (R9) by volume, as the quorum pushed them. They only grow. One per lane.
///
/// Volumes that are deleted need no entry, so the table is not larger than what the quorum has:
/// fence tokens grow over all volumes, and when a node registers it is told of every volume that
/// was attached, and of the highest token by then. A token up to that one for a volume that was not
/// listed is of a volume that is gone.
public final class VolumeBarriers {
    private static final class Entry {
        private long sealedGeneration;
        private long minFence;
    }

    private final LongTable<Entry> entries = new LongTable<>();

    /// For volumes without an entry.
    private long minFenceUnlisted;

    /// From now on writes of `volume` with a generation up to `sealedGeneration`, or a lower fence
    /// token, are refused.
    public void raise(long volume, long sealedGeneration, long minFence) {
        if (volume == 0) {
            return;
        }
        Entry entry = entries.get(volume);
        if (entry == null) {
            entry = new Entry();
            entry.minFence = minFenceUnlisted;
            entries.put(volume, entry);
        }
        entry.sealedGeneration = Math.max(entry.sealedGeneration, sealedGeneration);
        entry.minFence = Math.max(entry.minFence, minFence);
    }

    /// The quorum has these volumes, and no others that were attached with a token up to
    /// `fencesGiven`. The barriers of those that it has are raised before.
    public void listed(LongPredicate isListed, long fencesGiven) {
        if (fencesGiven > 0) {
            minFenceUnlisted = Math.max(minFenceUnlisted, fencesGiven + 1);
        }
        for (long volume : entries.keys()) {
            Entry entry = entries.get(volume);
            if (!isListed.test(volume) && entry != null && entry.minFence <= minFenceUnlisted) {
                entries.remove(volume);
            }
        }
    }

    int size() {
        return entries.size();
    }

    private long minFence(@Nullable Entry entry) {
        return entry == null ? minFenceUnlisted : entry.minFence;
    }

    /// Whether a client with this token has been taken over from; 0, a reader without an
    /// attachment, has not.
    public boolean isFenced(long volume, long fence) {
        return fence != 0 && volume != 0 && fence < minFence(entries.get(volume));
    }

    /// OK, SEALED or FENCED.
    Outcome check(Origin origin) {
        if (origin.volume() == 0) {
            return Outcome.OK;
        }
        Entry entry = entries.get(origin.volume());
        if (origin.fence() < minFence(entry)) {
            return Outcome.FENCED;
        }
        if (entry == null) {
            return Outcome.OK;
        }
        return origin.generation() <= entry.sealedGeneration ? Outcome.SEALED : Outcome.OK;
    }
}
