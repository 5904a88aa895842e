package io.coppice.sim;

/// More of what this seed is like, beside the [Swarm]: what disks do, and what administrators do to
/// a cluster in use. Each is off in most runs. Drawn from a source of its own, so that a seed
/// without any of it is the run that it always was. Percentages are per step of [DiskNemesis].
///
/// @param errorPercent a disk fails to write, or to sync
/// @param unreadablePercent a stretch of a file cannot be read any more
/// @param strayPercent a write lands elsewhere in its file, or only its first part does
/// @param fullPercent somebody else fills the disk for a while
/// @param drainPercent a node is drained, and comes back
/// @param rollbackPercent a volume is rolled back to a snapshot
/// @param resizePercent a volume is made larger or smaller
/// @param exchangePercent a volume becomes what a relative of it is, or two become one another
/// @param lingerPercent of connections that break, what was under way still arrives on one side
/// @param stores of each node
/// @param racks nodes stand in racks
record Hazards(
        double errorPercent,
        double unreadablePercent,
        double strayPercent,
        double fullPercent,
        double drainPercent,
        double rollbackPercent,
        double resizePercent,
        double exchangePercent,
        double lingerPercent,
        int stores,
        boolean racks) {
    private static final long OWN = 0x48617a61726473L;
    private static final long EXCHANGES = 0x45786368616e67L;

    static Hazards draw(long seed) {
        var chance = new Chance(seed ^ OWN);
        return new Hazards(
                rate(chance, 15, 3),
                rate(chance, 10, 5),
                rate(chance, 10, 5),
                rate(chance, 15, 2),
                rate(chance, 40, 4),
                rate(chance, 15, 5),
                rate(chance, 15, 5),
                rate(new Chance(seed ^ EXCHANGES), 20, 5),
                chance.percent(20) ? 60 : 0,
                chance.percent(20) ? 2 : 1,
                chance.percent(20));
    }

    private static double rate(Chance chance, int percentOfSeeds, int max) {
        double rate = 1 + chance.below(max);
        return chance.percent(percentOfSeeds) ? rate : 0;
    }

    /// Damage that shows late is survived while every other replica is whole: it has runs of its
    /// own, as rot does.
    Swarm confine(Swarm drawn) {
        if (!isLatent()) {
            return drawn;
        }
        // Nor may all others be cut off: who then serves alone has the only copy that counts.
        return drawn.without("kill")
                .without("power")
                .without("blackout")
                .without("pause")
                .without("cut");
    }

    /// Three racks for all nodes, or none.
    String rackOf(int node) {
        return racks ? "r" + node % 3 : "";
    }

    boolean isNone() {
        return equals(new Hazards(0, 0, 0, 0, 0, 0, 0, 0, lingerPercent, stores, racks));
    }

    /// Whether blocks may be damaged without anybody knowing.
    boolean isLatent() {
        return unreadablePercent > 0 || strayPercent > 0;
    }

    Hazards without(String fault) {
        return new Hazards(
                fault.equals("error") ? 0 : errorPercent,
                fault.equals("unreadable") ? 0 : unreadablePercent,
                fault.equals("stray") ? 0 : strayPercent,
                fault.equals("full") ? 0 : fullPercent,
                fault.equals("drain") ? 0 : drainPercent,
                fault.equals("rollback") ? 0 : rollbackPercent,
                fault.equals("resize") ? 0 : resizePercent,
                fault.equals("exchange") ? 0 : exchangePercent,
                fault.equals("linger") ? 0 : lingerPercent,
                stores,
                racks);
    }
}
