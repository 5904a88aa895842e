package io.coppice.node.lane;

import java.util.HashSet;
import java.util.Set;

/// Damaged blocks of a group of which no replica had a good copy when they were searched for. It
/// holds for one epoch: whoever comes back with the data comes with a new one, and is asked. On the
/// lane.
final class LostBlocks {
    private record Place(long chunk, int block) {}

    private final Set<Place> places = new HashSet<>();
    private long epoch;

    void add(long inEpoch, long chunk, int block) {
        if (inEpoch > epoch) {
            places.clear();
            epoch = inEpoch;
        }
        if (inEpoch == epoch) {
            places.add(new Place(chunk, block));
        }
    }

    boolean has(long inEpoch, long chunk, int block) {
        return inEpoch == epoch && places.contains(new Place(chunk, block));
    }
}
