package io.coppice.node;

import java.util.HashMap;
import java.util.Map;

/// Which barriers wait for how many lanes. Thread-safe.
final class BarrierBoard {
    private final Map<Long, Integer> lanesLeft = new HashMap<>();

    /// A barrier that is pushed again starts again: lanes that had passed it pass at once.
    synchronized void open(long barrier, int lanes) {
        lanesLeft.put(barrier, lanes);
    }

    /// True when this was the last lane.
    synchronized boolean passed(long barrier) {
        Integer left = lanesLeft.get(barrier);
        if (left == null) {
            return false;
        }
        if (left > 1) {
            lanesLeft.put(barrier, left - 1);
            return false;
        }
        lanesLeft.remove(barrier);
        return true;
    }
}
