package io.coppice.node.lane;

import java.util.HashSet;
import java.util.Set;

/// Damaged blocks of a group of which no replica had a good copy when they were searched for. It
/// holds for one epoch: whoever comes back with the data comes with a new one, and is asked; and
/// for what was searched for, which its checksum tells from what was written there since. Bounded:
/// when it is full they are searched for again. On the lane.
final class LostBlocks {
    static final int BLOCKS_MAX = 1 << 14;

    private record Place(long chunk, int block, int crc) {}

    private final Set<Place> places = new HashSet<>();
    private long epoch;

    void add(long inEpoch, long chunk, int block, int crc) {
        if (inEpoch > epoch || places.size() >= BLOCKS_MAX) {
            places.clear();
        }
        if (inEpoch >= epoch) {
            epoch = inEpoch;
            places.add(new Place(chunk, block, crc));
        }
    }

    boolean has(long inEpoch, long chunk, int block, int crc) {
        return inEpoch == epoch && places.contains(new Place(chunk, block, crc));
    }
}
