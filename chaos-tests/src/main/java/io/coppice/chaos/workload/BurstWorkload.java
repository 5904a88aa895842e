package io.coppice.chaos.workload;

import io.coppice.chaos.client.ClientWorld;
import java.util.SplittableRandom;

/// As [RegisterWorkload], but with long silences: leases run out, connections idle, then everybody
/// comes at once.
final class BurstWorkload extends RegisterWorkload {
    private static final long SILENCE_MILLIS = 7_000;
    private static final long BURST_NANOS = 3_000_000_000L;

    @Override
    public String name() {
        return "burst";
    }

    @Override
    public String about() {
        return "as register, with seven seconds of silence before every three seconds of work";
    }

    /// Silences are the same for all clients, as the clock is.
    @Override
    void pace(SplittableRandom random) {
        long period = BURST_NANOS + SILENCE_MILLIS * 1_000_000;
        long into = Math.floorMod(System.nanoTime(), period);
        if (into >= BURST_NANOS) {
            ClientWorld.pause((period - into) / 1_000_000);
        }
    }
}
