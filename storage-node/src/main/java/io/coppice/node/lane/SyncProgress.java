package io.coppice.node.lane;

import io.coppice.model.Blocks;

/// How much a catching-up replica has still to fetch: what is known to be missing, and of what the
/// primary has not listed yet as large a part as was missing so far. An estimate in bytes.
final class SyncProgress {
    private long listed;
    private long listedBlocks;
    private long missed;
    private long left;

    void restart() {
        listed = 0;
        listedBlocks = 0;
        missed = 0;
        left = 0;
    }

    /// A page was compared.
    ///
    /// @param missing of its chunks
    /// @param chunksLeft behind it
    void page(int chunks, long blocks, int missing, long chunksLeft) {
        listed += chunks;
        listedBlocks += blocks;
        missed += missing;
        left = chunksLeft;
    }

    long bytesLeft(int missingNow) {
        if (listed == 0) {
            return 0;
        }
        double chunkBytes = (double) (listedBlocks << Blocks.BLOCK_SHIFT) / listed;
        return (long) ((missingNow + left * ((double) missed / listed)) * chunkBytes);
    }
}
