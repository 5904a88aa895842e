package io.coppice.client;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import io.coppice.client.plan.ChunkOp.Kind;
import org.jspecify.annotations.Nullable;

/// What a client measures; times count from the call to the completion. `client.write` contains
/// `client.flip` for first writes to a chunk.
final class ClientMetrics {
    final Timer read;
    final Timer write;
    final Timer zero;
    final Timer flush;

    /// From sending a batch of flips to its commit.
    final Timer flip;

    ClientMetrics(MetricRegistry registry) {
        read = registry.timer("client.read");
        write = registry.timer("client.write");
        zero = registry.timer("client.zero");
        flush = registry.timer("client.flush");
        flip = registry.timer("client.flip");
    }

    @Nullable Timer of(Kind kind) {
        return switch (kind) {
            case READ -> read;
            case WRITE, PATCH -> write;
            case ZERO -> zero;
            case EXTENTS -> null;
        };
    }
}
