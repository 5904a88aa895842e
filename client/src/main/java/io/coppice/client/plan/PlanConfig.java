package io.coppice.client.plan;

import io.coppice.model.Invariant;

/// Bounds of a [DevicePlan].
///
/// @param chunkBlocks blocks of a chunk, as the cluster was made
/// @param pagesMax map pages kept (4 KiB each for 2 GiB of volume with chunks of 4 MiB)
/// @param flipSlotsMax slots in one flip message
/// @param flipMessagesMax flip messages of one volume under way at once; more flips ride in the
///   next one
public record PlanConfig(int chunkBlocks, int pagesMax, int flipSlotsMax, int flipMessagesMax) {
    public PlanConfig {
        Invariant.check(
                chunkBlocks > 0 && Integer.bitCount(chunkBlocks) == 1,
                "chunkBlocks must be a power of two",
                chunkBlocks);
        Invariant.check(pagesMax > 0, "pagesMax must be positive", pagesMax);
        Invariant.check(flipSlotsMax > 0, "flipSlotsMax must be positive", flipSlotsMax);
        Invariant.check(flipMessagesMax > 0, "flipMessagesMax must be positive", flipMessagesMax);
    }

    public static PlanConfig defaults(int chunkBlocks) {
        return new PlanConfig(chunkBlocks, 4_096, 512, 4);
    }
}
