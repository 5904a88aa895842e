package io.coppice.node.lane;

import io.coppice.model.Invariant;
import java.util.Arrays;

/// How fast a store gives and takes data for catching up, so that clients hardly notice: a token
/// bucket whose rate goes down while the slower writes take longer than they did without it, and up
/// again when they do not. Pure: the lane tells it the time.
final class Pace {
    /// Between two looks at how the clients fare.
    static final long LOOK_NANOS = 100_000_000L;

    /// Slower than before by less than this does not count: noise of a fast disk.
    private static final long NOISE_NANOS = 20_000L;

    private static final int WRITES_MAX = 1_024;

    /// What counts is the slowest hundredth: it is the tail that clients feel.
    private static final int SLOW_PART = 100;

    private static final double SLOWER = 0.85;
    private static final double FASTER = 1.05;

    /// How much the newest look counts. The slowest of the writes of one look differ much by
    /// chance: judged one by one, some looks would always seem slow, and the rate would sink for
    /// nothing.
    private static final double CALM_WEIGHT = 0.1;

    private static final double MOVING_WEIGHT = 0.2;

    /// What may be moved at once after a pause, in time.
    private static final double BURST_SECONDS = 0.05;

    /// How long after the last move writes are still not taken for undisturbed, and how long after
    /// the last answer clients are still taken for there: what moves may be what they wait for.
    private static final long CALM_AFTER_NANOS = 1_000_000_000L;

    /// @param bytesPerSecondMax what is moved when no client waits
    /// @param bytesPerSecondMin what is moved however busy the clients are: redundancy comes back
    ///   in bounded time
    /// @param slowdownPercent how much longer than undisturbed ones writes may take
    record Limits(long bytesPerSecondMax, long bytesPerSecondMin, int slowdownPercent) {
        public Limits {
            Invariant.check(
                    bytesPerSecondMin > 0 && bytesPerSecondMin <= bytesPerSecondMax,
                    "catch-up needs 0 < min <= max bytes per second",
                    bytesPerSecondMin);
            Invariant.check(slowdownPercent >= 0, "slowdownPercent is negative", slowdownPercent);
        }
    }

    private final Limits limits;
    private double rate;
    private double balance;
    private long filledNanos;
    private long lookedNanos;
    private long movedNanos;
    private long wroteNanos;

    /// Time of the slow ones of undisturbed writes; 0: none were seen.
    private double calmNanos;

    /// The same of the latest looks while data is on the move.
    private double movingNanos;

    /// Times of the writes since the last look, as many as fit.
    private final long[] writesNanos = new long[WRITES_MAX];

    private int writes;

    Pace(Limits limits, long nowNanos) {
        this.limits = limits;
        this.rate = limits.bytesPerSecondMax();
        this.filledNanos = nowNanos;
        this.lookedNanos = nowNanos;
        this.movedNanos = nowNanos - CALM_AFTER_NANOS;
        this.wroteNanos = nowNanos - CALM_AFTER_NANOS;
    }

    /// Data of a catching-up replica went out or came in.
    void moved(long nowNanos, long bytes) {
        fill(nowNanos);
        balance -= bytes;
        movedNanos = nowNanos;
    }

    /// How long the next move has to wait.
    long waitNanos(long nowNanos) {
        fill(nowNanos);
        return balance >= 0 ? 0 : (long) (-balance / rate * 1e9);
    }

    long bytesPerSecond() {
        return (long) rate;
    }

    /// A client's write was answered after so long.
    void wrote(long nanos) {
        if (writes < WRITES_MAX) {
            writesNanos[writes++] = nanos;
        }
    }

    void tick(long nowNanos) {
        if (nowNanos - lookedNanos < LOOK_NANOS) {
            return;
        }
        lookedNanos = nowNanos;
        fill(nowNanos);
        boolean calm = nowNanos - movedNanos >= CALM_AFTER_NANOS;
        long slow = slowNanos();
        writes = 0;
        if (slow == 0) {
            if (nowNanos - wroteNanos >= CALM_AFTER_NANOS) {
                change(2);
            }
            return;
        }
        wroteNanos = nowNanos;
        if (calm) {
            calmNanos = calmNanos == 0 ? slow : calmNanos + CALM_WEIGHT * (slow - calmNanos);
            movingNanos = calmNanos;
        } else if (calmNanos == 0) {
            change(SLOWER); // clients came while data was on the move: the careful guess
            calmNanos = rate <= limits.bytesPerSecondMin() ? slow : 0;
            movingNanos = calmNanos;
        } else {
            double most = calmNanos * (100 + limits.slowdownPercent()) / 100 + NOISE_NANOS;
            movingNanos += MOVING_WEIGHT * (slow - movingNanos);
            change(movingNanos > most ? SLOWER : FASTER);
        }
    }

    private long slowNanos() {
        if (writes == 0) {
            return 0;
        }
        Arrays.sort(writesNanos, 0, writes);
        return Math.max(1, writesNanos[writes - 1 - writes / SLOW_PART]);
    }

    private void change(double factor) {
        rate = Math.clamp(rate * factor, limits.bytesPerSecondMin(), limits.bytesPerSecondMax());
    }

    private void fill(long nowNanos) {
        double filled = balance + (nowNanos - filledNanos) / 1e9 * rate;
        balance = Math.min(filled, rate * BURST_SECONDS);
        filledNanos = nowNanos;
    }
}
