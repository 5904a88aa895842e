package io.coppice.metadata.raft;

import io.coppice.metadata.core.MetadataCapture;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes one snapshot at a time on a thread of its own, so that the apply thread only pays for a
/// capture.
final class SnapshotWriter implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SnapshotWriter.class);
    private static final long NONE = -1;

    /// After a failure, such as a full disk: the log grows meanwhile, which is cheaper than a
    /// snapshot per entry.
    private static final long RETRY_NANOS = 10_000_000_000L;

    private final String server;
    private final SimpleStateMachineStorage storage;
    private final QuorumMetrics metrics;
    private final AtomicReference<@Nullable CountDownLatch> running = new AtomicReference<>();

    /// Index of a snapshot that is durable and not yet told to Ratis.
    private final AtomicLong finished = new AtomicLong(NONE);

    private volatile boolean failed;
    private volatile long failedNanos;

    SnapshotWriter(String server, SimpleStateMachineStorage storage, QuorumMetrics metrics) {
        this.server = server;
        this.storage = storage;
        this.metrics = metrics;
    }

    /// Whether one may start.
    boolean isIdle() {
        return running.get() == null && (!failed || System.nanoTime() - failedNanos > RETRY_NANOS);
    }

    /// Negative: none.
    long takeFinished() {
        return finished.getAndSet(NONE);
    }

    /// Takes the capture over.
    void start(TermIndex at, MetadataCapture capture, SnapshotFiles.Writer writer) {
        var latch = new CountDownLatch(1);
        running.set(latch);
        Thread.ofPlatform()
                .name("metadata-snapshot-" + server)
                .daemon()
                .start(() -> {
                    try (capture;
                            var timed = metrics.snapshotWrite().time()) {
                        long bytes = SnapshotFiles.write(storage, at, writer);
                        finished.set(at.getIndex());
                        failed = false;
                        log.info("{} wrote a snapshot of {}, {} bytes", server, at, bytes);
                    } catch (IOException | RuntimeException unwritten) {
                        // The log is kept, so nothing is lost; a later entry tries again.
                        failedNanos = System.nanoTime();
                        failed = true;
                        log.error(
                                "{} could not write a snapshot of {}, its log grows meanwhile: {}",
                                server,
                                at,
                                unwritten.toString());
                    } finally {
                        running.set(null);
                        latch.countDown();
                    }
                });
    }

    void awaitIdle() {
        var latch = running.get();
        if (latch == null) {
            return;
        }
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        finished.set(NONE);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        awaitIdle();
    }
}
