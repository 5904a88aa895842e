package io.coppice.metadata.core;

import io.coppice.model.Invariant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Recomputes every reference count from the maps themselves, for `check`. Needs 4 bytes for each
/// map node and a bounded buffer of chunk ids, however many there are.
final class Recount {
    private static final int DETAILS_MAX = 20;

    /// Ids that are sorted at a time: 32 MiB.
    private static final int IDS_MAX = 4 << 20;

    private final Tables tables;
    private final NodeSlab nodes;
    private final List<String> details = new ArrayList<>();
    private long errors;

    Recount(Tables tables) {
        this.tables = tables;
        this.nodes = tables.nodes;
    }

    RefcountReport run() {
        checkNodes();
        long slots = leafSlots();
        long chunks = checkChunks(slots);
        expect("leaf slots", tables.counts.slots(), slots);
        expect("distinct chunks", tables.counts.chunks(), chunks);
        return new RefcountReport(errors, details, chunks, slots);
    }

    private void expect(String what, long recorded, long counted) {
        if (recorded != counted) {
            errors++;
            if (details.size() < DETAILS_MAX) {
                details.add(what + ": recorded " + recorded + ", counted " + counted);
            }
        }
    }

    /// References from roots, from the reap stack and from nodes above.
    private void checkNodes() {
        int[] counted = new int[nodes.end()];
        TablesView.roots(tables)
                .forEach((id, root) -> {
                    if (!root.isEmpty()) {
                        counted[root.node()]++;
                        expect(
                                "height of the map of " + id,
                                root.height(),
                                nodes.level(root.node()));
                    }
                });
        for (int i = 0; i < tables.reap.size(); i++) {
            counted[tables.reap.get(i)]++;
        }
        for (int node = 1; node < nodes.end(); node++) {
            if (nodes.level(node) > 1) {
                checkInner(node, counted);
            }
        }
        int free = 0;
        for (int node = 1; node < nodes.end(); node++) {
            if (nodes.level(node) == 0) {
                free++;
            }
            expect("references to map node " + node, nodes.references(node), counted[node]);
        }
        expect("free map nodes", nodes.freeCount(), free);
    }

    private void checkInner(int node, int[] counted) {
        long mapped = 0;
        for (int i = 0; i < NodeSlab.SLOTS; i++) {
            int child = (int) nodes.slot(node, i);
            if (child != 0) {
                counted[child]++;
                mapped += nodes.mapped(child);
                expect("level below map node " + node, nodes.level(child), nodes.level(node) - 1);
            }
        }
        expect("slots mapped below map node " + node, nodes.mapped(node), mapped);
    }

    private long leafSlots() {
        long slots = 0;
        for (int node = 1; node < nodes.end(); node++) {
            if (nodes.level(node) == 1) {
                slots += nodes.mapped(node);
            }
        }
        return slots;
    }

    /// In passes, each over the ids of one hash class, so that memory is bounded; distinct chunks.
    private long checkChunks(long slots) {
        int passes = (int) (slots / (IDS_MAX / 2) + 1);
        long chunks = 0;
        long seenShared = 0;
        long[] ids = new long[(int) Math.min(slots + 1, IDS_MAX)];
        for (int pass = 0; pass < passes; pass++) {
            int count = 0;
            for (int node = 1; node < nodes.end(); node++) {
                if (nodes.level(node) != 1) {
                    continue;
                }
                for (int i = 0; i < NodeSlab.SLOTS; i++) {
                    long chunk = nodes.slot(node, i);
                    if (chunk != 0 && isInPass(chunk, pass, passes)) {
                        if (count == ids.length) {
                            ids = Arrays.copyOf(ids, count * 2);
                        }
                        ids[count++] = chunk;
                    }
                }
            }
            Arrays.sort(ids, 0, count);
            for (int start = 0; start < count; ) {
                int end = start + 1;
                while (end < count && ids[end] == ids[start]) {
                    end++;
                }
                chunks++;
                seenShared += end - start > 1 ? 1 : 0;
                if (tables.counts.count(ids[start]) != end - start) {
                    expect(
                            "references to chunk " + new io.coppice.model.ChunkId(ids[start]),
                            tables.counts.count(ids[start]),
                            end - start);
                }
                start = end;
            }
        }
        expect("chunks named twice or more", tables.counts.shared(), seenShared);
        Invariant.check(chunks <= slots, "more chunks than slots");
        return chunks;
    }

    private static boolean isInPass(long chunk, int pass, int passes) {
        return passes == 1 || Long.remainderUnsigned(ChunkCounts.mix(chunk) >>> 8, passes) == pass;
    }
}
