package io.coppice.sim;

import java.util.List;

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
        Swarm drawn = draw(chance, latency);
        // Rot is survived while another replica is whole: it has runs of its own.
        return drawn.rotPercent == 0
                ? drawn
                : drawn.without("kill").without("power").without("blackout");
    }

    private static Swarm draw(Chance chance, long latency) {
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
                chance.percent(15) ? 1 + chance.below(6) : 0,
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

    /// Names of what can be left out, for the shrinker and the command line.
    static final List<String> FAULTS =
            List.of(
                    "kill",
                    "power",
                    "pause",
                    "cut",
                    "reset",
                    "slow",
                    "metadata",
                    "client",
                    "rot",
                    "blackout",
                    "admin",
                    "spike",
                    "drift",
                    "onlooker",
                    "island",
                    "stall",
                    "news",
                    "behead",
                    "darkness",
                    // of the Hazards
                    "error",
                    "unreadable",
                    "stray",
                    "full",
                    "drain",
                    "rollback",
                    "resize",
                    "exchange",
                    "linger");

    /// The same run without one kind of fault. Chance is drawn as before, so what is left stays
    /// much the same.
    Swarm without(String fault) {
        return new Swarm(
                nodes,
                groups,
                clients,
                depth,
                volumeBlocks,
                syncAlways,
                fault.equals("drift") ? 0 : drift,
                latencyMinNanos,
                latencyMaxNanos,
                fault.equals("spike") ? 0 : latencySpikePercent,
                fault.equals("kill") ? 0 : killPercent,
                fault.equals("power") ? 0 : powerLossPercent,
                fault.equals("pause") ? 0 : pausePercent,
                fault.equals("cut") ? 0 : cutPercent,
                fault.equals("reset") ? 0 : resetPercent,
                fault.equals("slow") ? 0 : slowPercent,
                fault.equals("metadata") ? 0 : metadataPercent,
                fault.equals("client") ? 0 : clientDeathPercent,
                fault.equals("rot") ? 0 : rotPercent,
                fault.equals("blackout") ? 0 : blackoutPercent,
                fault.equals("admin") ? 0 : adminPercent,
                flushPercent,
                fuaPercent,
                zeroPercent,
                readPercent,
                chaosNanos);
    }

    Swarm lasting(long nanos) {
        return new Swarm(
                nodes,
                groups,
                clients,
                depth,
                volumeBlocks,
                syncAlways,
                drift,
                latencyMinNanos,
                latencyMaxNanos,
                latencySpikePercent,
                killPercent,
                powerLossPercent,
                pausePercent,
                cutPercent,
                resetPercent,
                slowPercent,
                metadataPercent,
                clientDeathPercent,
                rotPercent,
                blackoutPercent,
                adminPercent,
                flushPercent,
                fuaPercent,
                zeroPercent,
                readPercent,
                nanos);
    }
}
