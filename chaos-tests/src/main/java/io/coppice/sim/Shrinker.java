package io.coppice.sim;

import io.coppice.sim.Simulation.Plan;
import java.util.ArrayList;
import java.util.function.Predicate;

/// Makes a failing run smaller: leaves out one kind of fault after the other, then shortens it, for
/// as long as it still fails, however.
final class Shrinker {
    private static final double SECONDS_MIN = 0.5;

    private Shrinker() {}

    static Plan shrink(Plan failing) {
        return shrink(failing, plan -> !Simulation.run(plan, false).violation().isEmpty());
    }

    /// @param fails whether a plan still fails
    static Plan shrink(Plan failing, Predicate<Plan> fails) {
        Plan smallest = failing;
        for (String fault : Swarm.FAULTS) {
            if (!smallest.without().contains(fault)) {
                var without = new ArrayList<>(smallest.without());
                without.add(fault);
                var smaller = new Plan(smallest.seed(), without, smallest.seconds());
                smallest = fails.test(smaller) ? smaller : smallest;
            }
        }
        double seconds = smallest.seconds() == 0 ? 32 : smallest.seconds();
        while (seconds / 2 >= SECONDS_MIN) {
            Plan shorter = new Plan(smallest.seed(), smallest.without(), seconds / 2);
            if (!fails.test(shorter)) {
                break;
            }
            smallest = shorter;
            seconds /= 2;
        }
        return smallest;
    }
}
