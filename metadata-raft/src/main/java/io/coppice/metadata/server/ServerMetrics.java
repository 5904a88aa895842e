package io.coppice.metadata.server;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Meter;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;

/// What the front door measures. `barrier` is the part of `execute` that waits for the nodes; the
/// rest is `metadata.commit` of the quorum.
record ServerMetrics(
        Timer execute,
        Timer query,
        Timer barrier,
        Timer flip,
        Meter flips,
        Counter nodeSessions,
        Counter clientSessions,
        Counter nodesLost,
        Meter purged,
        Counter scheduled,
        Counter diverged,
        Timer chunkStats) {

    static ServerMetrics in(MetricRegistry registry) {
        return new ServerMetrics(
                registry.timer("metadata.execute"),
                registry.timer("metadata.query"),
                registry.timer("metadata.execute.barrier"),
                registry.timer("metadata.flip"),
                registry.meter("metadata.flips"),
                registry.counter("metadata.sessions.nodes"),
                registry.counter("metadata.sessions.clients"),
                registry.counter("metadata.nodes.lost"),
                registry.meter("metadata.chunks.purged"),
                registry.counter("metadata.snapshots.scheduled"),
                registry.counter("metadata.divergence.alerts"),
                registry.timer("metadata.usage.chunk_stats"));
    }
}
