package io.coppice.client;

import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;

/// Groups with acknowledged writes that may not be durable, and the oldest epoch in which one of
/// them was acknowledged: a group that has lost writes since then may have lost these.
final class DirtyGroups {
    private final BitSet groups = new BitSet();

    /// By group, while it is in `groups`.
    private long[] since = {};

    void add(int group, long epoch) {
        if (group >= since.length) {
            since = Arrays.copyOf(since, Math.max(group + 1, since.length * 2));
        }
        since[group] = groups.get(group) ? Math.min(since[group], epoch) : epoch;
        groups.set(group);
    }

    void addAll(DirtyGroups others) {
        others.stream().forEach(group -> add(group, others.since(group)));
    }

    void remove(int group) {
        groups.clear(group);
    }

    void clear() {
        groups.clear();
    }

    boolean contains(int group) {
        return groups.get(group);
    }

    long since(int group) {
        return since[group];
    }

    boolean isEmpty() {
        return groups.isEmpty();
    }

    /// Ascending; a snapshot, so that removing is allowed meanwhile.
    IntStream stream() {
        return Arrays.stream(groups.stream().toArray());
    }
}
