package io.coppice.node.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How many blocks of a store would go if some chunks of a group went: those that no other chunk
/// holds, each counted once. Only chunks of one family share blocks, and only at the same place in
/// the chunk, so a family is compared a few blocks at a time. On the store's lane, in pages that
/// fit a moment.
public final class FreedBlocks {
    /// Blocks that one page looks at, about; a family of very many chunks takes more.
    private static final int LOOKS_MAX = 2 << 20;

    private static final int SLICE_BLOCKS = Leaf.BLOCKS;

    /// Where a page begins.
    public record At(long chunk, int block) {}

    /// @param next null: nothing is left to count
    public record Page(long blocks, @Nullable At next) {}

    /// Chunks that may share blocks, the eldest first: the others were derived from it, so most of
    /// what they share with anybody they share with it.
    private static final class Kin {
        private final List<ChunkEntry> all = new ArrayList<>();
        private final List<ChunkEntry> going = new ArrayList<>();
        private final List<ChunkEntry> staying = new ArrayList<>();
    }

    private final GroupEntry group;
    private final long[] chunks;
    private final int blocksPerChunk;
    private final int looksMax;
    private final long[] slice = new long[SLICE_BLOCKS];
    private @Nullable Map<Family, Kin> families;
    private long freed;
    private long looks;

    private FreedBlocks(GroupEntry group, long[] chunks, int blocksPerChunk, int looksMax) {
        this.group = group;
        this.chunks = chunks;
        this.blocksPerChunk = blocksPerChunk;
        this.looksMax = looksMax;
    }

    /// @param chunks that would go, ascending; those that are not held do not matter
    public static Page count(
            ChunkStore store, int blocksPerChunk, int group, long[] chunks, At from) {
        return count(store, blocksPerChunk, LOOKS_MAX, group, chunks, from);
    }

    /// As above, in pages of another size.
    static Page count(
            ChunkStore store, int blocksPerChunk, int looksMax, int group, long[] chunks, At from) {
        GroupEntry found = store.index.findGroup(group);
        return found == null
                ? new Page(0, null)
                : new FreedBlocks(found, chunks, blocksPerChunk, looksMax).count(from);
    }

    private Page count(At from) {
        int found = Arrays.binarySearch(chunks, from.chunk());
        for (int i = found < 0 ? -found - 1 : found; i < chunks.length; i++) {
            ChunkEntry entry = group.chunks.get(chunks[i]);
            Family family = entry == null ? null : entry.family;
            if (entry == null) {
                continue;
            }
            int block = chunks[i] == from.chunk() ? from.block() : 0;
            if (looks >= looksMax) {
                return new Page(freed, new At(chunks[i], block));
            }
            if (family == null || entry.isAlone()) {
                freed += mapped(entry.table);
                continue;
            }
            int stopped = shared(entry, kin(family), block);
            if (stopped < blocksPerChunk) {
                return new Page(freed, new At(chunks[i], stopped));
            }
        }
        return new Page(freed, null);
    }

    private int mapped(Table table) {
        int blocks = 0;
        for (int run = 0; run < table.runCount; run++) {
            blocks += table.length(run);
        }
        Leaf[] leaves = table.leaves;
        for (int i = 0; leaves != null && i < leaves.length; i++) {
            Leaf leaf = leaves[i];
            for (int block = 0; leaf != null && block < Leaf.BLOCKS; block++) {
                blocks += leaf.locations[block] == Location.NONE ? 0 : 1;
            }
        }
        looks += leaves == null ? 1 + table.runCount : blocksPerChunk;
        return blocks;
    }

    /// Counts the whole family from `block` on, when it comes to the first of those of it that go;
    /// answers where it had to stop.
    private int shared(ChunkEntry entry, Kin kin, int block) {
        if (kin.going.getFirst().id != entry.id) {
            return blocksPerChunk;
        }
        int start = block / SLICE_BLOCKS * SLICE_BLOCKS; // a slice is of one leaf
        for (int first = start; first < blocksPerChunk; first += SLICE_BLOCKS) {
            if (looks >= looksMax) {
                return first;
            }
            freed += onlyGoing(kin, first);
        }
        return blocksPerChunk;
    }

    /// Distinct places in a slice that only chunks that go have. A block that nobody else can have
    /// is not searched for.
    private long onlyGoing(Kin kin, int first) {
        var all = new long[kin.going.size() * SLICE_BLOCKS];
        int count = 0;
        long sole = 0;
        for (ChunkEntry entry : kin.going) {
            boolean lone = Ownership.isLone(entry.table, first);
            for (long location : locations(entry, first)) {
                if (location != Location.NONE && lone && !Location.isShared(location)) {
                    sole++;
                } else if (location != Location.NONE) {
                    all[count++] = location;
                }
            }
        }
        Location.withoutShared(all);
        long[] distinct = Arrays.stream(all, 0, count).sorted().distinct().toArray();
        var kept = new boolean[distinct.length];
        int left = distinct.length;
        for (int i = 0; i < kin.staying.size() && left > 0; i++) {
            for (long place : places(kin.staying.get(i), first)) {
                int at = place == Location.NONE ? -1 : Arrays.binarySearch(distinct, place);
                if (at >= 0 && !kept[at]) {
                    kept[at] = true;
                    left--;
                }
            }
        }
        return sole + left;
    }

    /// Valid until the next call.
    private long[] places(ChunkEntry entry, int first) {
        return Location.withoutShared(locations(entry, first));
    }

    private long[] locations(ChunkEntry entry, int first) {
        int count = Math.min(SLICE_BLOCKS, blocksPerChunk - first);
        looks += count;
        entry.table.copyTo(first, count, slice);
        Arrays.fill(slice, count, SLICE_BLOCKS, Location.NONE);
        return slice;
    }

    private Kin kin(Family family) {
        Map<Family, Kin> known = families;
        if (known == null) {
            known = families();
            families = known;
        }
        return java.util.Objects.requireNonNull(known.get(family));
    }

    private Map<Family, Kin> families() {
        var known = new IdentityHashMap<Family, Kin>();
        group.chunks.forEach(entry -> {
            Family family = entry.family;
            if (family != null && !entry.isAlone()) {
                known.computeIfAbsent(family, key -> new Kin()).all.add(entry);
            }
        });
        // Families that have met count more members than they have. Which of them met which is not
        // known, so they are looked at as one.
        var met = new Kin();
        known.replaceAll((family, kin) -> {
            if (family.members == kin.all.size()) {
                return kin;
            }
            met.all.addAll(kin.all);
            return met;
        });
        for (Kin kin : new java.util.HashSet<>(known.values())) {
            kin.all.sort(Comparator.comparingLong(entry -> entry.id));
            for (ChunkEntry entry : kin.all) {
                boolean goes = Arrays.binarySearch(chunks, entry.id) >= 0;
                (goes ? kin.going : kin.staying).add(entry);
            }
        }
        return known;
    }
}
