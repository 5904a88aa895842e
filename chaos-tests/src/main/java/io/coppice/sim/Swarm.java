package io.coppice.sim;

/// What this seed is like: which faults happen and how often, how slow things are, how small. Drawn
/// once per run, so that rare combinations get runs of their own (swarm testing: Groce et al.,
/// ISSTA 2012). Percentages are per step of the nemesis or of a client.
record Swarm(
        int nodes,
        int groups,
        int clients,
        int depth,
        int volumeBlocks,
        boolean syncAlways,
        double drift,
        long latencyMinNanos,
        long latencyMaxNanos,
        double latencySpikePercent,
        double killPercent,
        double powerLossPercent,
        double pausePercent,
        double cutPercent,
        double resetPercent,
        double slowPercent,
        double metadataPercent,
        double clientDeathPercent,
        double rotPercent,
        double blackoutPercent,
        double adminPercent,
        double flushPercent,
        double fuaPercent,
        double zeroPercent,
        double readPercent,
        long chaosNanos) {

    static Swarm draw(Chance chance) {
        long latency = chance.between(20_000, 400_000);
        return new Swarm(
                chance.percent(70) ? 3 : 4 + chance.below(2),
                1 + chance.below(4),
                1 + chance.below(3),
                1 + chance.below(6),
                24 + chance.below(40),
                chance.percent(15),
                chance.percent(50) ? 0 : 0.01,
                latency,
                latency * chance.between(1, 5),
                rate(chance, 3),
                rate(chance, 12),
                rate(chance, 8),
                rate(chance, 10),
                rate(chance, 12),
                rate(chance, 20),
                rate(chance, 10),
                rate(chance, 10),
                rate(chance, 6),
                rate(chance, 6),
                chance.percent(25) ? 2 : 0,
                rate(chance, 40),
                rate(chance, 15),
                rate(chance, 15),
                rate(chance, 15),
                20 + chance.below(50),
                chance.between(8, 25) * Scheduler.SECOND);
    }

    /// Off in a third of the runs.
    private static double rate(Chance chance, int max) {
        return chance.percent(33) ? 0 : 1 + chance.below(max);
    }

    long latencyNanos(Chance chance) {
        long spike =
                chance.percent(latencySpikePercent) ? chance.between(0, 60 * Scheduler.MILLI) : 0;
        return chance.between(latencyMinNanos, latencyMaxNanos) + spike;
    }

    /// How long nobody notices that a connection is dead.
    long silenceNanos(Chance chance) {
        return chance.between(Scheduler.SECOND, 12 * Scheduler.SECOND);
    }

    long connectNanos() {
        return 2 * Scheduler.SECOND;
    }
}
