package io.coppice.chaos.net;

import java.util.Arrays;
import java.util.SplittableRandom;

/// The links of all pairs of hosts, and what becomes of each packet. No threads, clocks or sockets.
/// Links may be changed from any thread; [#fate] is called for each sender by one thread only.
public final class Links {
    /// What waits longer than this to leave is lost, as in a switch whose queue is full.
    private static final long QUEUE_NANOS_MAX = 500_000_000;

    /// Copies of one packet at most.
    static final int COPIES_MAX = 2;

    private final int hosts;
    private final long[] freeAt;
    private final SplittableRandom[] chance;
    private volatile Link[] links;
    private volatile boolean[] cuts;

    /// @param hosts they are numbered from 0
    public Links(int hosts, long seed) {
        this.hosts = hosts;
        links = new Link[hosts * hosts];
        Arrays.fill(links, Link.GOOD);
        cuts = new boolean[hosts * hosts];
        freeAt = new long[hosts * hosts];
        chance = new SplittableRandom[hosts];
        var seeds = new SplittableRandom(seed);
        for (int i = 0; i < hosts; i++) {
            chance[i] = seeds.split();
        }
    }

    int hosts() {
        return hosts;
    }

    public synchronized void set(int from, int to, Link link) {
        Link[] changed = links.clone();
        changed[from * hosts + to] = link;
        links = changed;
    }

    /// Nothing arrives, whatever the link is like, until it is joined again.
    public synchronized void cut(int from, int to, boolean cut) {
        boolean[] changed = cuts.clone();
        changed[from * hosts + to] = cut;
        cuts = changed;
    }

    /// All are good again.
    public synchronized void heal() {
        cuts = new boolean[hosts * hosts];
        Link[] good = new Link[hosts * hosts];
        Arrays.fill(good, Link.GOOD);
        links = good;
    }

    /// When a packet that leaves now arrives: once, twice or never.
    ///
    /// @param arrivals takes the times, at most [#COPIES_MAX]; `now`: at once
    /// @return how many
    int fate(int from, int to, int bytes, long now, long[] arrivals) {
        if (cuts[from * hosts + to]) {
            return 0;
        }
        Link link = links[from * hosts + to];
        if (link == Link.GOOD) {
            arrivals[0] = now;
            return 1;
        }
        SplittableRandom random = chance[from];
        if (link.cut() || link.loss() > 0 && random.nextDouble() < link.loss()) {
            return 0;
        }
        long leaves = now;
        if (link.bytesPerSecond() > 0) {
            int at = from * hosts + to;
            long free = Math.max(now, freeAt[at]);
            if (free - now > QUEUE_NANOS_MAX) {
                return 0;
            }
            leaves = free + bytes * 1_000_000_000L / link.bytesPerSecond();
            freeAt[at] = leaves;
        }
        int copies = link.twice() > 0 && random.nextDouble() < link.twice() ? COPIES_MAX : 1;
        for (int i = 0; i < copies; i++) {
            long jitter = link.jitterNanos() > 0 ? random.nextLong(link.jitterNanos()) : 0;
            arrivals[i] = leaves + link.delayNanos() + jitter;
        }
        return copies;
    }
}
