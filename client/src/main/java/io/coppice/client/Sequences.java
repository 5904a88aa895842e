package io.coppice.client;

import io.netty.util.collection.IntObjectHashMap;

/// Numbers the requests of the session to each group (R13). Per group, because the primaries'
/// memory of what they have seen is a window of each group's own. On the event loop.
final class Sequences {
    private static final class Counter {
        long last;
    }

    private final IntObjectHashMap<Counter> groups = new IntObjectHashMap<>();

    long next(int group) {
        Counter counter = groups.get(group);
        if (counter == null) {
            counter = new Counter();
            groups.put(group, counter);
        }
        return ++counter.last;
    }

    /// A new session counts from the start.
    void clear() {
        groups.clear();
    }
}
