package io.coppice.client.plan;

import org.jspecify.annotations.Nullable;

/// What a [DevicePlan] wants of the world. Called on the plan's thread; no method calls back into
/// the plan before it returns.
public interface PlanPort {
    /// Send `op` to the primary of its chunk's group; retry what is safe to retry. Answer with
    /// exactly one of [DevicePlan#succeeded], [DevicePlan#refusedBySeal],
    /// [DevicePlan#chunkMissing], [DevicePlan#refusedAsOld], [DevicePlan#failed].
    void submit(ChunkOp op);

    /// Commit `batch` in the quorum, retrying until the outcome is known. Answer with
    /// [DevicePlan#flipped], [DevicePlan#flipStale] or [DevicePlan#flipFailed].
    void flip(FlipBatch batch);

    /// Ask for pages of the chunk map. Answer with [DevicePlan#pageLoaded] for each, or
    /// [DevicePlan#pageFailed].
    void loadPages(long[] pages);

    /// Call [DevicePlan#turnEnd] when the present batch of events is handled.
    void turnEndWanted();

    /// Call [DevicePlan#pollGeneration] in a few milliseconds, and again while it answers true.
    void generationAwaited();

    /// Whether nobody else can have changed what was learned of the map (R9). While it is not so,
    /// what is unmapped is looked up again, and everything else is asked of the primary.
    boolean holdsLease();

    /// Answers the read from memory, if `op` is of a sealed chunk and all of it is there. True: it
    /// is done.
    boolean recall(ChunkOp op);

    /// A fresh chunk of `group`; null: none at hand. [DevicePlan#placementChanged] is called once
    /// there are more.
    @Nullable FreshChunk takeChunk(int group);

    /// The group for a new chunk of the slot, -1: none serves now. `attempt` counts the groups
    /// found full.
    int placeNewChunk(long index, int attempt);

    /// How many groups are worth trying before a write fails for lack of space.
    int placementTriesMax();

    /// `chunk` will never be used.
    void abandon(long chunk);

    /// The next number of the session for requests to `group`; never the same twice.
    long nextSequence(int group);
}
