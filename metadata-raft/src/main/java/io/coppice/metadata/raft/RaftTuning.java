package io.coppice.metadata.raft;

import java.io.File;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log;
import org.apache.ratis.server.RaftServerConfigKeys.Rpc;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/// Ratis' settings, with the reason for each that differs from its default.
final class RaftTuning {
    private static final int SEGMENT_BYTES = 8 << 20;
    private static final int APPEND_BYTES = 4 << 20;

    private RaftTuning() {}

    static RaftProperties properties(QuorumConfig config, String host, int port) {
        var properties = new RaftProperties();
        RaftConfigKeys.Rpc.setType(properties, new ResendingRpc());
        RaftServerConfigKeys.setStorageDir(
                properties, List.of(RaftFiles.folder(config.dir()).toFile()));
        RaftServerConfigKeys.setRemovedGroupsDir(
                properties, new File(config.dir().toFile(), "removed"));
        // Small machines are legal; Coppice reports full disks by itself.
        RaftServerConfigKeys.setStorageFreeSpaceMin(properties, SizeInBytes.valueOf("1MB"));
        elections(properties, config);
        log(properties);
        snapshots(properties, config);
        transport(properties, host, port);
        return properties;
    }

    private static void elections(RaftProperties properties, QuorumConfig config) {
        long minMillis = config.electionTimeoutMin().toMillis();
        // Ratis' read index can confirm a deposed leader while max is well above min. Reads here
        // commit an
        // entry and do not depend on it; keeping max below twice min shortens a wrong belief all
        // the same.
        Rpc.setTimeoutMin(properties, millis(minMillis));
        Rpc.setTimeoutMax(properties, millis(config.electionTimeoutMax().toMillis()));
        Rpc.setRequestTimeout(properties, millis(3_000));
        // A follower that was itself stalled (collector, busy machine) for this long skips one
        // election tick.
        RaftServerConfigKeys.setSleepDeviationThreshold(
                properties, millis(Math.max(200, minMillis * 3 / 5)));
        // A stopped and continued process takes part again instead of shutting its server down.
        RaftServerConfigKeys.setCloseThreshold(properties, TimeDuration.valueOf(1, TimeUnit.HOURS));
        RaftServerConfigKeys.LeaderElection.setPreVote(properties, true);
        RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(
                properties, millis(minMillis * 4));
        RaftServerConfigKeys.Read.setLeaderLeaseEnabled(properties, false);
        RaftServerConfigKeys.RetryCache.setExpiryTime(
                properties, TimeDuration.valueOf(10, TimeUnit.SECONDS));
    }

    private static void log(RaftProperties properties) {
        // Every entry of ours is followed by others; recovery learns the commit index from the
        // leader.
        Log.setLogMetadataEnabled(properties, false);
        Log.setAppendEntriesComposeEnabled(properties, false);
        Log.setReadLockEnabled(properties, false);
        Log.setForceSyncNum(properties, 1024);
        Log.setUnsafeFlushEnabled(properties, false);
        // Publishes entries as flushed that are not: never.
        Log.setAsyncFlushEnabled(properties, false);
        Log.setCorruptionPolicy(properties, Log.CorruptionPolicy.EXCEPTION);
        Log.setSegmentSizeMax(properties, SizeInBytes.valueOf(SEGMENT_BYTES));
        Log.setPreallocatedSize(properties, SizeInBytes.valueOf(1 << 20));
        Log.Appender.setBufferByteLimit(properties, SizeInBytes.valueOf(APPEND_BYTES));
        Log.setWriteBufferSize(properties, SizeInBytes.valueOf(APPEND_BYTES + (64 << 10)));
        Log.setSegmentCacheNumMax(properties, 2);
        Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf(2L * SEGMENT_BYTES));
        Log.setQueueByteLimit(properties, SizeInBytes.valueOf(16 << 20));
        RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf(16 << 20));
    }

    private static void snapshots(RaftProperties properties, QuorumConfig config) {
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, config.snapshotEntries());
        // A snapshot is written in the background, so one that is asked for while stopping would be
        // too late.
        RaftServerConfigKeys.Snapshot.setTriggerWhenStopEnabled(properties, false);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, 2);
        // A server that is away must not keep the others' logs growing for ever: it gets a
        // snapshot.
        Log.setPurgeUptoSnapshotIndex(properties, true);
        Log.setPurgePreservationLogNum(properties, config.keptEntries());
        Log.setPurgeGap(properties, (int) Math.min(1024, config.snapshotEntries()));
        Log.Appender.setInstallSnapshotEnabled(properties, true);
        Log.Appender.setSnapshotChunkSizeMax(properties, SizeInBytes.valueOf(2 << 20));
    }

    private static void transport(RaftProperties properties, String host, int port) {
        GrpcConfigKeys.Server.setHost(properties, host);
        GrpcConfigKeys.Server.setPort(properties, port);
        GrpcConfigKeys.setMessageSizeMax(properties, SizeInBytes.valueOf(16 << 20));
        GrpcConfigKeys.Server.setBossGroupSize(properties, 1);
        GrpcConfigKeys.Server.setWorkerGroupSize(properties, 2);
        GrpcConfigKeys.Client.setWorkerGroupSize(properties, 2);
        RaftServerConfigKeys.ThreadPool.setClientCached(properties, false);
        // One thread keeps proposals in the order in which the batcher made them.
        RaftServerConfigKeys.ThreadPool.setClientSize(properties, 1);
    }

    private static TimeDuration millis(long millis) {
        return TimeDuration.valueOf(millis, TimeUnit.MILLISECONDS);
    }
}
