package io.coppice.sim;

import io.coppice.sim.Simulation.Plan;
import java.util.ArrayList;

/// Makes a failing run smaller: leaves out one kind of fault after the other, then shortens it, for
/// as long as it still fails, however.
final class Shrinker {
    private static final double SECONDS_MIN = 0.5;

    private Shrinker() {}

    static Plan shrink(Plan failing) {
        Plan smallest = failing;
        for (String fault : Swarm.FAULTS) {
            if (!smallest.without().contains(fault)) {
                var without = new ArrayList<>(smallest.without());
                without.add(fault);
                smallest =
                        ifFails(new Plan(smallest.seed(), without, smallest.seconds()), smallest);
            }
        }
        double seconds = smallest.seconds() == 0 ? 32 : smallest.seconds();
        while (seconds / 2 >= SECONDS_MIN) {
            Plan shorter = new Plan(smallest.seed(), smallest.without(), seconds / 2);
            if (ifFails(shorter, smallest) == smallest) {
                break;
            }
            smallest = shorter;
            seconds /= 2;
        }
        return smallest;
    }

    private static Plan ifFails(Plan smaller, Plan otherwise) {
        return Simulation.run(smaller, false).violation().isEmpty() ? otherwise : smaller;
    }
}
