package io.coppice.sim;

/// What this seed aims at beside the faults of its [Swarm]: situations that pure chance meets too
/// seldom. Drawn from a source of its own, so that a new kind of fault in the one leaves the other
/// as it was. Percentages are per step of the nemesis unless said otherwise.
///
/// @param calm little else goes wrong, so that what is aimed at runs its course
/// @param mayKill whether nodes may die
/// @param onlookers clients that only read what others write
/// @param lookPercent steps of an ordinary client in which it does so too
/// @param hotBlocks so many blocks of every volume get most of the requests; 0: all are alike
/// @param islandPercent a node and some clients see each other only
/// @param stallPercent a connection stalls, and may be given up with what it carries
/// @param newsPercent per change of a membership: only some hear of it
/// @param beheadPercent all nodes but one die, and that one as soon as it serves alone
/// @param blackoutPercent the power fails everywhere
/// @param flushedPercent per flush: the power fails everywhere when it is answered
/// @param awayPercent per loss of power everywhere: one node comes back late
record Focus(
        boolean calm,
        boolean mayKill,
        int onlookers,
        double lookPercent,
        int hotBlocks,
        double islandPercent,
        double stallPercent,
        double newsPercent,
        double beheadPercent,
        double blackoutPercent,
        double flushedPercent,
        double awayPercent) {

    private static final int NARROW_BLOCKS = 3;

    /// @param rots data survives while another replica is whole: then nobody dies
    static Focus draw(Chance chance, boolean rots) {
        boolean calm = chance.percent(40);
        Focus drawn =
                new Focus(
                        calm,
                        !rots,
                        chance.percent(calm ? 10 : 50) ? 0 : 1 + chance.below(2),
                        rate(chance, 40),
                        chance.percent(50) ? 0 : 2 + chance.below(5),
                        rate(chance, 5) + (calm ? 3 : 0),
                        rate(chance, 15),
                        rate(chance, 50) + (calm ? 20 : 0),
                        rate(chance, 2) + (calm ? 2 : 0),
                        chance.percent(75) ? 0 : 1,
                        chance.percent(60) ? 0 : 3 + chance.below(12),
                        chance.percent(30) ? 0 : 40 + chance.below(50));
        return rots
                ? drawn.without("behead").without("darkness").without("news").without("island")
                : drawn;
    }

    /// What is left of the other faults.
    Swarm calm(Swarm swarm) {
        return calm
                ? swarm.without("kill")
                        .without("power")
                        .without("pause")
                        .without("cut")
                        .without("metadata")
                        .without("client")
                : swarm;
    }

    /// Off in half of the runs.
    private static double rate(Chance chance, int max) {
        return chance.percent(50) ? 0 : 1 + chance.below(max);
    }

    /// The same without one kind of fault.
    Focus without(String fault) {
        boolean dark = !fault.equals("darkness");
        return new Focus(
                calm,
                mayKill && !fault.equals("behead"),
                fault.equals("onlooker") ? 0 : onlookers,
                fault.equals("onlooker") ? 0 : lookPercent,
                hotBlocks,
                fault.equals("island") ? 0 : islandPercent,
                fault.equals("stall") ? 0 : stallPercent,
                fault.equals("news") ? 0 : newsPercent,
                fault.equals("behead") ? 0 : beheadPercent,
                dark ? blackoutPercent : 0,
                dark ? flushedPercent : 0,
                awayPercent);
    }

    /// The first block of a request to a device of so many.
    ///
    /// @param narrow close to the beginning, where others are looking too
    int firstBlock(Chance chance, int blocks, boolean narrow) {
        if (narrow) {
            return chance.below(Math.min(NARROW_BLOCKS, blocks));
        }
        boolean hot = hotBlocks > 0 && chance.percent(80);
        return chance.below(hot ? Math.min(hotBlocks, blocks) : blocks);
    }
}
