package io.coppice.node.store;

import java.util.BitSet;

/// Which blocks of a chunk are mapped, and which of them no other chunk is known to share.
final class Ownership {
    private Ownership() {}

    /// Whether what is not marked as shared in the leaf of `block` surely is not.
    static boolean isLone(Table table, int block) {
        Leaf[] leaves = table.leaves;
        Leaf leaf = leaves == null ? null : leaves[block >>> Leaf.SHIFT];
        return table.refs == 1 && (leaf == null || leaf.refs == 1);
    }

    static void presence(ChunkEntry entry, int first, int count, BitSet mapped, BitSet own) {
        Table table = entry.table;
        boolean alone = entry.isAlone();
        var locations = new long[count];
        table.copyTo(first, count, locations);
        for (int i = 0; i < count; i++) {
            if (locations[i] == Location.NONE) {
                continue;
            }
            mapped.set(i);
            if (alone || isLone(table, first + i) && !Location.isShared(locations[i])) {
                own.set(i);
            }
        }
    }
}
