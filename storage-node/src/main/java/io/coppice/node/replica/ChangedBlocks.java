package io.coppice.node.replica;

import io.coppice.model.Position;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/// What a primary changed since some member left: so that one which returns fetches blocks and not
/// chunks. For each changed chunk its version before the first change, and the blocks changed
/// since. Whoever holds exactly that version lacks exactly these blocks. Memory of one primary in
/// one life: without it chunks move as a whole.
final class ChangedBlocks {
    /// Bytes per chunk are its blocks / 8 and some 100 more.
    static final int CHUNKS_MAX = 4_096;

    private record Since(Position version, BitSet blocks) {}

    private final LongTable<Since> chunks = new LongTable<>();
    private boolean noting;

    /// Notes from now on, or, with nobody away, forgets.
    void note(boolean somebodyIsAway) {
        if (!somebodyIsAway && noting) {
            chunks.clear();
        }
        noting = somebodyIsAway;
    }

    /// Called before the change is in the store. A chunk that is not there yet is new to everybody.
    void changes(Change change, ChunkIndex index) {
        if (!noting) {
            return;
        }
        if (change.kind() == Change.Kind.PURGE) {
            for (long chunk : change.purged()) {
                chunks.remove(chunk);
            }
            return;
        }
        Since since = chunks.get(change.chunk());
        if (since == null && chunks.size() < CHUNKS_MAX && index.exists(change.chunk())) {
            since = new Since(index.version(change.chunk()), new BitSet());
            chunks.put(change.chunk(), since);
        }
        if (since != null) {
            since.blocks().set(change.block(), change.block() + change.blockCount());
        }
    }

    /// Blocks that changed since the chunk had `version`; null: not known.
    @Nullable BitSet since(long chunk, Position version) {
        Since since = chunks.get(chunk);
        return since != null && since.version().equals(version)
                ? (BitSet) since.blocks().clone()
                : null;
    }
}
