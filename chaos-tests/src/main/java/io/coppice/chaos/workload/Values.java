package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld.Identity;

/// Values that nobody else writes, now or later. One thread.
final class Values {
    private static final int COUNT_BITS = 32;
    private static final int WORKER_BITS = 7;
    private static final int LIFE_BITS = 8;

    private final long prefix;
    private int count;

    Values(Identity identity, int worker) {
        long who = ((long) identity.index() << LIFE_BITS | identity.life()) << WORKER_BITS | worker;
        prefix = who << COUNT_BITS;
    }

    long next() {
        return prefix | ++count;
    }
}
