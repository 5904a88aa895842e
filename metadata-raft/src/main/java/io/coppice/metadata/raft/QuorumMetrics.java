package io.coppice.metadata.raft;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Histogram;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;

/// What the quorum's shell measures. `commit` is the whole: it contains the wait for the log on a
/// majority and then `apply`.
record QuorumMetrics(
        Timer commit,
        Timer apply,
        Histogram batchCommands,
        Histogram batchBytes,
        Counter entries,
        Counter reads,
        Counter refusedWhenFull,
        Timer snapshotCapture,
        Timer snapshotWrite) {

    static QuorumMetrics in(MetricRegistry registry) {
        return new QuorumMetrics(
                registry.timer("metadata.commit"),
                registry.timer("metadata.commit.apply"),
                registry.histogram("metadata.batch.commands"),
                registry.histogram("metadata.batch.bytes"),
                registry.counter("metadata.entries"),
                registry.counter("metadata.reads"),
                registry.counter("metadata.batch.full"),
                registry.timer("metadata.snapshot.capture"),
                registry.timer("metadata.snapshot.write"));
    }
}
