package io.coppice.node.lane;

import io.coppice.model.Invariant;
import io.coppice.node.replica.ReplicaLimits;

/// Settings of a lane.
///
/// @param tickMillis how often lost frames are sent again, the cleaner gets a step and quiet groups
///   hear what is committed
/// @param requestTimeoutMillis how long another node may take for an answer
/// @param cleanerBytesPerTick what the cleaner may move per tick while there is foreground work
/// @param checkpointSeconds a checkpoint is written at least this often while space waits for one
/// @param scrubBytesPerSecond what the scrub reads, a quarter of it while there is foreground work;
///   0: never. More finds rot sooner, less leaves more of a slow disk to clients
/// @param scrubIntervalSeconds a pass of the scrub begins this long after the one before
/// @param catchUpBytesPerSecondMax what replicas that catch up may read from, and write to, the
///   store while no client waits
/// @param catchUpBytesPerSecondMin what they get however busy the clients are: redundancy comes
///   back in bounded time
/// @param catchUpSlowdownPercent how much longer than undisturbed ones the clients' writes may take
/// @param catchUpPieceBlocks how much of a chunk is moved at a time. A client's frame may wait
///   behind one: where its blocks are scattered, each is a read of its own
/// @param replicas bounds of each group's replica
public record LaneConfig(
        int tickMillis,
        int requestTimeoutMillis,
        int cleanerBytesPerTick,
        int checkpointSeconds,
        long scrubBytesPerSecond,
        int scrubIntervalSeconds,
        long catchUpBytesPerSecondMax,
        long catchUpBytesPerSecondMin,
        int catchUpSlowdownPercent,
        int catchUpPieceBlocks,
        ReplicaLimits replicas) {
    public LaneConfig {
        Invariant.check(tickMillis > 0, "tickMillis must be positive", tickMillis);
        Invariant.check(
                requestTimeoutMillis > 0,
                "requestTimeoutMillis must be positive",
                requestTimeoutMillis);
        Invariant.check(
                cleanerBytesPerTick > 0,
                "cleanerBytesPerTick must be positive",
                cleanerBytesPerTick);
        Invariant.check(
                checkpointSeconds > 0, "checkpointSeconds must be positive", checkpointSeconds);
        Invariant.check(
                scrubBytesPerSecond >= 0,
                "scrubBytesPerSecond must not be negative",
                scrubBytesPerSecond);
        Invariant.check(
                scrubIntervalSeconds >= 0,
                "scrubIntervalSeconds must not be negative",
                scrubIntervalSeconds);
        Invariant.check(
                catchUpPieceBlocks > 0 && catchUpPieceBlocks <= CatchUp.FRAME_BLOCKS_MAX,
                "catchUpPieceBlocks out of range",
                catchUpPieceBlocks);
        new Pace.Limits(catchUpBytesPerSecondMax, catchUpBytesPerSecondMin, catchUpSlowdownPercent);
    }

    public static LaneConfig defaults() {
        return new LaneConfig(
                20,
                2_000,
                512 << 10,
                30,
                8 << 20,
                86_400,
                256L << 20,
                8L << 20,
                20,
                16,
                ReplicaLimits.defaults());
    }

    public LaneConfig withReplicas(ReplicaLimits limits) {
        return new LaneConfig(
                tickMillis,
                requestTimeoutMillis,
                cleanerBytesPerTick,
                checkpointSeconds,
                scrubBytesPerSecond,
                scrubIntervalSeconds,
                catchUpBytesPerSecondMax,
                catchUpBytesPerSecondMin,
                catchUpSlowdownPercent,
                catchUpPieceBlocks,
                limits);
    }

    public LaneConfig withScrub(long bytesPerSecond, int intervalSeconds) {
        return new LaneConfig(
                tickMillis,
                requestTimeoutMillis,
                cleanerBytesPerTick,
                checkpointSeconds,
                bytesPerSecond,
                intervalSeconds,
                catchUpBytesPerSecondMax,
                catchUpBytesPerSecondMin,
                catchUpSlowdownPercent,
                catchUpPieceBlocks,
                replicas);
    }
}
