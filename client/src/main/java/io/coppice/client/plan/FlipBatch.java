package io.coppice.client.plan;

import java.util.List;

/// Slots of one volume that change their chunk together, or not at all.
public final class FlipBatch {
    private final long generation;
    private final List<Derivation> derivations;

    FlipBatch(long generation, List<Derivation> derivations) {
        this.generation = generation;
        this.derivations = derivations;
    }

    /// The volume's generation for which the flip holds.
    public long generation() {
        return generation;
    }

    public int size() {
        return derivations.size();
    }

    public long index(int i) {
        return derivations.get(i).index;
    }

    /// 0: the slot was unmapped.
    public long oldChunk(int i) {
        return derivations.get(i).oldChunk;
    }

    /// 0: the slot becomes unmapped.
    public long newChunk(int i) {
        return derivations.get(i).newChunk;
    }

    List<Derivation> derivations() {
        return derivations;
    }
}
