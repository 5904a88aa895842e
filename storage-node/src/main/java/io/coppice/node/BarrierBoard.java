package io.coppice.node;

import io.coppice.node.lane.Lane;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Which barriers wait for which lanes. Thread-safe.
final class BarrierBoard {
    private final Map<Long, Set<Lane>> lanesLeft = new HashMap<>();

    /// A barrier that is pushed again starts again: lanes that had passed it pass at once.
    synchronized void open(long barrier, Collection<Lane> lanes) {
        lanesLeft.put(barrier, new HashSet<>(lanes));
    }

    /// True when this was the last lane.
    synchronized boolean passed(long barrier, Lane lane) {
        Set<Lane> left = lanesLeft.get(barrier);
        if (left == null || !left.remove(lane) || !left.isEmpty()) {
            return false;
        }
        lanesLeft.remove(barrier);
        return true;
    }
}
