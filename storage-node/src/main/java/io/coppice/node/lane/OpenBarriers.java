package io.coppice.node.lane;

import java.util.HashMap;
import java.util.Map;

/// Barriers that groups of this lane still have writes to finish for, and how many groups.
final class OpenBarriers {
    private final Map<Long, Integer> groups = new HashMap<>();

    void opened(long barrier, int count) {
        if (count > 0) {
            groups.merge(barrier, count, Integer::sum);
        }
    }

    /// One group has finished. True: that was the last one.
    boolean passed(long barrier) {
        Integer open = groups.get(barrier);
        if (open != null && open > 1) {
            groups.put(barrier, open - 1);
            return false;
        }
        return groups.remove(barrier) != null;
    }
}
