package io.coppice.node.lane;

import io.coppice.model.Blocks;
import io.coppice.node.store.Admission;
import io.coppice.node.store.Checkpoint;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/// The store's background work, in bounded steps between frames: cleaning, and checkpoints, whose
/// files are written on another thread.
final class Housekeeping {
    /// Steps of the cleaner without foreground work between them, per tick.
    private static final int IDLE_STEPS = 8;

    /// Small steps are not worth their walk over the index; a large one would be a pause.
    private static final int PACE_BYTES_MIN = 256 << 10;

    private static final int PACE_BYTES_MAX = 1 << 20;

    /// The device is asked this often how much room it has, between the store's own counts.
    private static final long SPACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Lane lane;
    private final Executor background;
    private long lastCheckpointNanos;
    private long lastSpaceNanos;
    private boolean checkpointing;
    private Runnable afterCheckpoint = () -> {};

    Housekeeping(Lane lane, Executor background) {
        this.lane = lane;
        this.background = background;
        this.lastCheckpointNanos = lane.time().nanos();
    }

    void tick(boolean idle) {
        try {
            long now = lane.time().nanos();
            if (now - lastSpaceNanos > SPACE_NANOS) {
                lastSpaceNanos = now;
                lane.store().refreshSpace();
            }
            clean(idle);
            long sinceNanos = lane.time().nanos() - lastCheckpointNanos;
            boolean spaceWaits =
                    lane.store().reclaimableBytes() > 0
                            && sinceNanos
                                    > TimeUnit.SECONDS.toNanos(lane.config().checkpointSeconds());
            if (lane.store().checkpointDue() || spaceWaits) {
                checkpoint();
            }
        } catch (IOException e) {
            lane.fail(e);
        }
    }

    /// After a batch: while space is tight the cleaner gains what the batch took.
    void keepPace() {
        int due = lane.store().cleaningDue();
        if (due < PACE_BYTES_MIN) {
            return;
        }
        try {
            if (step(Math.min(due, PACE_BYTES_MAX), false)) {
                lane.scheduleTurn(); // it goes on without a batch
            }
        } catch (IOException e) {
            lane.fail(e);
        }
    }

    /// A store that is nearly full cleans as if it were idle: space is worth more than latency
    /// then.
    private void clean(boolean idle) throws IOException {
        boolean hurry = idle || lane.store().admission() != Admission.OPEN;
        int steps = hurry ? IDLE_STEPS : 1;
        for (int i = 0; i < steps && step(lane.config().cleanerBytesPerTick(), hurry); i++) {
            lane.scheduleTurn();
        }
    }

    private boolean step(int bytes, boolean idle) throws IOException {
        long before = lane.store().movedBlocks();
        boolean more = lane.store().cleanStep(bytes, idle);
        lane.metrics()
                .cleanerBytes
                .inc((lane.store().movedBlocks() - before) << Blocks.BLOCK_SHIFT);
        return more;
    }

    private void checkpoint() throws IOException {
        if (checkpointing) {
            return;
        }
        Checkpoint checkpoint = lane.store().beginCheckpoint();
        if (checkpoint == null) {
            return;
        }
        checkpointing = true;
        lastCheckpointNanos = lane.time().nanos();
        background.execute(() -> write(checkpoint));
    }

    private void write(Checkpoint checkpoint) {
        try {
            checkpoint.write();
            lane.execute(() -> complete(checkpoint));
        } catch (IOException e) {
            lane.execute(() -> {
                checkpointing = false;
                lane.fail(e);
                afterCheckpoint.run();
            });
        }
    }

    private void complete(Checkpoint checkpoint) {
        checkpointing = false;
        try {
            if (!lane.isFailed()) {
                lane.store().completeCheckpoint(checkpoint);
                lane.metrics().checkpointBytes.inc(checkpoint.bytes());
            }
        } catch (IOException e) {
            lane.fail(e);
        }
        afterCheckpoint.run();
    }

    /// The one of a clean end, so that the next start has nothing to read again; then `done`,
    /// whatever came of it.
    void lastCheckpoint(Runnable done) {
        if (checkpointing) {
            afterCheckpoint =
                    () -> {
                        afterCheckpoint = () -> {};
                        lastCheckpoint(done);
                    };
            return;
        }
        afterCheckpoint = done;
        try {
            checkpoint();
        } catch (IOException e) {
            lane.fail(e);
        }
        if (!checkpointing) {
            done.run();
        }
    }
}
