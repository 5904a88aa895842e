package io.coppice.node.lane;

import io.coppice.model.Position;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// Where the blocks that came from one primary's store stand here: its places -> chunks of ours.
/// With it a block that many chunks share is fetched once and stored once. A place holds the same
/// data for ever, and so does a chunk of one version; so an entry is right as long as the chunk has
/// the version that it had when the block came. Bounded: the oldest entries are forgotten, and what
/// they knew may be fetched again.
final class SharedPlaces {
    static final int RUNS_MAX = 1 << 15;

    private record Run(int count, int block, long chunk, Position version) {}

    private final TreeMap<Long, Run> byPlace = new TreeMap<>();
    private final ArrayDeque<Long> oldest = new ArrayDeque<>();
    private int store;
    private long epoch;

    /// What is known from another store, or from an earlier epoch, is forgotten.
    void of(int primary, long ofEpoch) {
        if (store != primary || epoch != ofEpoch) {
            clear();
            store = primary;
            epoch = ofEpoch;
        }
    }

    void clear() {
        byPlace.clear();
        oldest.clear();
    }

    /// The chunk here whose block `block` is what the primary has at `place`; 0: none is known.
    long find(long place, int block, BiPredicate<Long, Position> holds) {
        Map.Entry<Long, Run> at = byPlace.floorEntry(place);
        if (at == null) {
            return 0;
        }
        Run run = at.getValue();
        long offset = place - at.getKey();
        boolean fits = offset < run.count() && run.block() + offset == block;
        return fits && holds.test(run.chunk(), run.version()) ? run.chunk() : 0;
    }

    /// `blocks` of a chunk are here now, from these places of the primary's.
    void learn(long chunk, Position version, BitSet blocks, long[] places) {
        for (int from = blocks.nextSetBit(0); from >= 0; ) {
            int to = from + 1;
            while (blocks.get(to) && places[to] == places[from] + (to - from)) {
                to++;
            }
            learn(places[from], new Run(to - from, from, chunk, version));
            from = blocks.nextSetBit(to);
        }
    }

    private void learn(long place, Run run) {
        @Nullable Run before = byPlace.put(place, run);
        if (before == null) {
            oldest.add(place);
        }
        while (oldest.size() > RUNS_MAX) {
            byPlace.remove(oldest.remove());
        }
    }
}
