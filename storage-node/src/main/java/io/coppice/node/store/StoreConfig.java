package io.coppice.node.store;

import io.coppice.model.Blocks;

/// Settings of one chunk store. The sizes of chunks and segments are fixed when the store is
/// created.
///
/// @param chunkBytes address space of a chunk, a power of two
/// @param segmentBytes size at which a segment file is closed, a power of two, at most 64 MiB
/// @param capacityBytes what the store may use; 0: what the device has
/// @param reserveSegments segments that only the cleaner may fill
/// @param nearFullPercent from this fill on no new chunks are taken
/// @param checkpointLogBytes log that a restart may have to read again; a checkpoint is due beyond
///   it
/// @param garbagePercent the cleaner starts when more of the used bytes than this are dead, and no
///   client is served
/// @param garbageBusyPercent the same while clients are served: the longer it waits, the less is
///   alive in the emptiest segments, and its moves and reads are in the clients' way
/// @param openFiles file handles kept open
/// @param checksumCacheRecords headers of records kept in memory, so that a read is one disk access
/// @param outcomesPerGroup retried requests that a group recognises
public record StoreConfig(
        int chunkBytes,
        int segmentBytes,
        long capacityBytes,
        int reserveSegments,
        int nearFullPercent,
        long checkpointLogBytes,
        int garbagePercent,
        int garbageBusyPercent,
        int openFiles,
        int checksumCacheRecords,
        int outcomesPerGroup) {
    static final int SEGMENT_BYTES_MAX = 64 << 20;

    /// Two of these, or of smaller chunks, fit into a segment.
    private static final int SEGMENT_CHUNK_BYTES = 8 << 20;

    public StoreConfig {
        require(
                Integer.bitCount(chunkBytes) == 1
                        && chunkBytes >= Blocks.CHUNK_BYTES_MIN
                        && chunkBytes <= Blocks.CHUNK_BYTES_MAX,
                "the chunk size must be a power of two from 64 KiB to 64 MiB");
        require(
                Integer.bitCount(segmentBytes) == 1 && segmentBytes <= SEGMENT_BYTES_MAX,
                "the segment size must be a power of two of at most 64 MiB");
        require(
                segmentBytes >= 2L * Math.min(chunkBytes, SEGMENT_CHUNK_BYTES),
                "a segment must have room for two chunks");
        require(capacityBytes >= 0, "the capacity must not be negative");
        require(reserveSegments >= 2, "at least 2 segments must be reserved for the cleaner");
        // With twice the reserve free it is near full: less than this would never take a chunk.
        long leastBytes = (2L * reserveSegments + 2) * segmentBytes;
        require(
                capacityBytes == 0 || capacityBytes >= leastBytes,
                "the capacity must be at least " + leastBytes + " bytes");
        require(
                nearFullPercent > 0 && nearFullPercent <= 100,
                "near full must be 1 to 100 percent");
        require(checkpointLogBytes >= segmentBytes, "a checkpoint must cover at least one segment");
        require(
                garbagePercent > 0
                        && garbagePercent <= garbageBusyPercent
                        && garbageBusyPercent < 100,
                "garbage must be 1 to 99 percent, and no less while clients are served");
        require(openFiles >= 8, "at least 8 files must stay open");
        require(checksumCacheRecords >= 16, "the checksum cache must hold at least 16 records");
        require(outcomesPerGroup >= 16, "at least 16 outcomes must be kept");
    }

    public static StoreConfig defaults() {
        return new StoreConfig(
                (int) Blocks.CHUNK_BYTES_DEFAULT,
                SEGMENT_BYTES_MAX,
                0,
                4,
                95,
                1L << 30,
                20,
                50,
                1024,
                16_384,
                1024);
    }

    public StoreConfig withChunkBytes(int bytes) {
        return new StoreConfig(
                bytes,
                segmentBytes,
                capacityBytes,
                reserveSegments,
                nearFullPercent,
                checkpointLogBytes,
                garbagePercent,
                garbageBusyPercent,
                openFiles,
                checksumCacheRecords,
                outcomesPerGroup);
    }

    /// Also lowers the checkpoint distance to 16 segments where it is larger than that.
    public StoreConfig withSegmentBytes(int bytes) {
        return new StoreConfig(
                chunkBytes,
                bytes,
                capacityBytes,
                reserveSegments,
                nearFullPercent,
                Math.min(checkpointLogBytes, 16L * bytes),
                garbagePercent,
                garbageBusyPercent,
                openFiles,
                checksumCacheRecords,
                outcomesPerGroup);
    }

    public StoreConfig withCapacityBytes(long bytes) {
        return new StoreConfig(
                chunkBytes,
                segmentBytes,
                bytes,
                reserveSegments,
                nearFullPercent,
                checkpointLogBytes,
                garbagePercent,
                garbageBusyPercent,
                openFiles,
                checksumCacheRecords,
                outcomesPerGroup);
    }

    /// With segments of about a thousandth of a small capacity: the cleaner's reserve is counted in
    /// segments, and what is reserved makes the rest fuller.
    public StoreConfig withSegmentsFor(long capacity) {
        long share = Long.highestOneBit(Math.max(1, capacity / 1024));
        return new StoreConfig(
                chunkBytes,
                (int) Math.clamp(share, 2 * SEGMENT_CHUNK_BYTES, SEGMENT_BYTES_MAX),
                capacityBytes,
                reserveSegments,
                nearFullPercent,
                checkpointLogBytes,
                garbagePercent,
                garbageBusyPercent,
                openFiles,
                checksumCacheRecords,
                outcomesPerGroup);
    }

    int blocksPerChunk() {
        return chunkBytes >>> Blocks.BLOCK_SHIFT;
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException("store: " + rule);
        }
    }
}
