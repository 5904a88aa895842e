package io.coppice.node.store;

import java.util.BitSet;

/// Which blocks of a chunk are mapped, and which of them no other chunk is known to share.
final class Ownership {
    private Ownership() {}

    static void presence(ChunkEntry entry, int first, int count, BitSet mapped, BitSet own) {
        Table table = entry.table;
        boolean alone = entry.isAlone();
        var locations = new long[count];
        table.copyTo(first, count, locations);
        Leaf[] leaves = table.leaves;
        for (int i = 0; i < count; i++) {
            if (locations[i] == Location.NONE) {
                continue;
            }
            mapped.set(i);
            Leaf leaf = leaves == null ? null : leaves[(first + i) >>> Leaf.SHIFT];
            boolean lone = table.refs == 1 && (leaf == null || leaf.refs == 1);
            if (alone || lone && !Location.isShared(locations[i])) {
                own.set(i);
            }
        }
    }
}
