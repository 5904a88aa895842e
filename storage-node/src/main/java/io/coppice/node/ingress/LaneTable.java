package io.coppice.node.ingress;

import io.coppice.node.lane.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Which lanes a group has a replica on. Read by every event loop, written when views come.
/// Thread-safe.
public final class LaneTable {
    private final Map<Integer, Lane> byStore = new ConcurrentHashMap<>();

    /// By group number; replaced as a whole. A group has at most one replica per store, and seldom
    /// two per node.
    private volatile Lane[][] byGroup = new Lane[0][];

    private static final Lane[] NONE = {};

    public void add(Lane lane) {
        byStore.put(lane.storeId(), lane);
    }

    public void remove(Lane lane) {
        byStore.remove(lane.storeId(), lane);
        Map<Integer, List<Lane>> kept = new java.util.HashMap<>();
        Lane[][] now = byGroup;
        for (int group = 0; group < now.length; group++) {
            List<Lane> others = new ArrayList<>(List.of(now[group]));
            others.remove(lane);
            kept.put(group, others);
        }
        place(kept);
    }

    /// The lanes of some groups, the primary's first; the others keep theirs.
    public synchronized void place(Map<Integer, List<Lane>> lanes) {
        int size = byGroup.length;
        for (int group : lanes.keySet()) {
            size = Math.max(size, group + 1);
        }
        Lane[][] next = java.util.Arrays.copyOf(byGroup, size);
        for (int i = byGroup.length; i < size; i++) {
            next[i] = NONE;
        }
        lanes.forEach((group, some) -> next[group] = some.toArray(NONE));
        byGroup = next;
    }

    public List<Lane> all() {
        return List.copyOf(byStore.values());
    }

    /// The lane of a store, or with store 0 the one where the group's primary would be; null: none
    /// here.
    @Nullable Lane find(int group, int store) {
        if (store != 0) {
            return byStore.get(store);
        }
        Lane[][] now = byGroup;
        return group >= 0 && group < now.length && now[group].length > 0 ? now[group][0] : null;
    }
}
