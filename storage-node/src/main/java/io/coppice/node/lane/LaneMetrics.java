package io.coppice.node.lane;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Histogram;
import com.codahale.metrics.Meter;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;

/// The lane's metrics, shared by the lanes of a node. `node.write.*` is the write path as a tree:
/// total is from the frame's arrival to the answer; verify is the checksums; replicate from the
/// decision until every serving replica has it, in which append (one per batch) is the local write;
/// sync (one per group commit) the fdatasync. `node.resync.*` is what catching up brought: chunks,
/// bytes that crossed the network, blocks that did not because another chunk had brought them.
/// `node.cleaner.bytes` is what the cleaner moved, `node.checkpoint.bytes` the size of all
/// checkpoints written.
public final class LaneMetrics {
    final Timer writeTotal;
    final Timer writeVerify;
    final Timer writeAppend;
    final Timer writeReplicate;
    final Timer writeSync;
    final Timer readTotal;
    final Timer readStore;
    final Timer flushTotal;
    final Histogram batchOperations;
    final Meter writeBytes;
    final Meter readBytes;
    final Counter checksumErrors;
    final Counter repairs;
    final Counter damagedFrames;
    final Counter fetchedChunks;
    final Counter withoutLease;
    final Counter resyncBytes;
    final Counter resyncShared;
    final Counter cleanerBytes;
    final Counter checkpointBytes;

    public LaneMetrics(MetricRegistry registry) {
        writeTotal = registry.timer("node.write.total");
        writeVerify = registry.timer("node.write.verify");
        writeAppend = registry.timer("node.write.append");
        writeReplicate = registry.timer("node.write.replicate");
        writeSync = registry.timer("node.write.sync");
        readTotal = registry.timer("node.read.total");
        readStore = registry.timer("node.read.store");
        flushTotal = registry.timer("node.flush.total");
        batchOperations = registry.histogram("node.write.batch.operations");
        writeBytes = registry.meter("node.write.bytes");
        readBytes = registry.meter("node.read.bytes");
        checksumErrors = registry.counter("node.checksum.errors");
        repairs = registry.counter("node.repairs");
        damagedFrames = registry.counter("node.frames.damaged");
        withoutLease = registry.counter("node.lease.refusals");
        resyncBytes = registry.counter("node.resync.bytes");
        resyncShared = registry.counter("node.resync.shared.blocks");
        cleanerBytes = registry.counter("node.cleaner.bytes");
        checkpointBytes = registry.counter("node.checkpoint.bytes");
        fetchedChunks = registry.counter("node.resync.chunks");
    }
}
