package io.coppice.client.plan;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// A slot on its way from one chunk to another: derived by the replicas, flipped by the quorum, or
/// dropped.
final class Derivation {
    enum Stage {
        /// The new chunk is being made by the first of its writes to arrive.
        DERIVING,
        /// The new chunk stands on all serving replicas; the flip is queued or under way.
        FLIPPING,
        /// The volume points at the new chunk.
        FLIPPED,
        /// The new chunk is given up once everything sent to it has been answered.
        FAILED
    }

    /// What the operations of a failed derivation do next.
    enum Again {
        AT_ONCE,
        AFTER_RELOAD,
        IN_NEXT_GENERATION
    }

    final long index;
    final long oldChunk;
    final long newChunk;
    final long generation;

    /// To derive from the old chunk, and to make the new one.
    final long oldTag;

    final long newTag;

    /// Answered by the replicas; acknowledged when flipped.
    final ArrayDeque<ChunkOp> applied = new ArrayDeque<>(4);

    /// Were refused: planned again when the derivation has ended.
    final ArrayDeque<ChunkOp> parked = new ArrayDeque<>(0);

    Stage stage = Stage.DERIVING;
    Again again = Again.AT_ONCE;

    /// Sent to the new chunk and not yet answered.
    int inFlight;

    /// From the first block that the flip changes, or may change, to the last one.
    private int firstBlock = Integer.MAX_VALUE;

    private int endBlock;

    /// @param fresh null: the slot becomes unmapped
    Derivation(
            long index, long oldChunk, long oldTag, @Nullable FreshChunk fresh, long generation) {
        this.index = index;
        this.oldChunk = oldChunk;
        this.oldTag = oldTag;
        this.newChunk = fresh == null ? 0 : fresh.id();
        this.newTag = fresh == null ? 0 : fresh.tag();
        this.generation = generation;
    }

    /// The flip shows what `op` writes.
    void shows(ChunkOp op) {
        firstBlock = Math.min(firstBlock, op.block());
        endBlock = Math.max(endBlock, op.block() + op.blockCount());
    }

    /// Others may see what was written there before this client hears that the flip was committed.
    boolean mayShow(ChunkOp op) {
        return stage == Stage.FLIPPING
                && op.block() < endBlock
                && op.block() + op.blockCount() > firstBlock;
    }
}
