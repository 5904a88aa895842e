package io.coppice.metadata.core;

import static io.coppice.metadata.core.NodeSlab.HEADER_LONGS;
import static io.coppice.metadata.core.NodeSlab.SLOTS;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What nothing would name any more if names of maps went: does what [ChunkMaps] does when they are
/// released, in tables of its own. A node or chunk goes with its last reference, so only what is
/// referred to more than once needs to be counted here.
final class FreedWalk {
    private final NodeSlab nodes;
    private final ChunkCounts counts;
    private final int most;
    private final Map<Integer, Integer> nodesLeft = new HashMap<>();
    private final Map<Long, Integer> chunksLeft = new HashMap<>();
    private long[] freed = new long[64];
    private int size;
    private boolean tooMany;

    FreedWalk(NodeSlab nodes, ChunkCounts counts, int most) {
        this.nodes = nodes;
        this.counts = counts;
        this.most = most;
    }

    /// Ascending; empty: they are more than `most`.
    Optional<long[]> freedBy(List<MapRoot> roots) {
        for (MapRoot root : roots) {
            if (!root.isEmpty()) {
                release(root.node());
            }
        }
        if (tooMany) {
            return Optional.empty();
        }
        long[] all = Arrays.copyOf(freed, size);
        Arrays.sort(all);
        return Optional.of(all);
    }

    private void release(int node) {
        int references = nodes.references(node);
        boolean last =
                references <= 1
                        || nodesLeft.merge(node, references - 1, (left, _) -> left - 1) == 0;
        if (!last || tooMany) {
            return;
        }
        boolean leaf = nodes.level(node) == 1;
        for (int i = 0; i < SLOTS; i++) {
            long value = nodes.page(node)[NodeSlab.offset(node) + HEADER_LONGS + i];
            if (value != 0 && leaf) {
                drop(value);
            } else if (value != 0) {
                release((int) value);
            }
        }
    }

    private void drop(long chunk) {
        int named = counts.count(chunk);
        tooMany |= chunksLeft.size() > most;
        if (named > 1 && chunksLeft.merge(chunk, named - 1, (left, _) -> left - 1) > 0) {
            return;
        }
        if (size >= most) {
            tooMany = true;
            return;
        }
        if (size == freed.length) {
            freed = Arrays.copyOf(freed, size * 2);
        }
        freed[size++] = chunk;
    }
}
