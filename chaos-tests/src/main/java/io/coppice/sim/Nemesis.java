package io.coppice.sim;

import java.util.ArrayList;
import java.util.List;

/// Breaks things, at the rates of the [Swarm], and mends them again some time later.
final class Nemesis {
    private static final long STEP_NANOS = 100 * Scheduler.MILLI;

    private final Simulation world;
    private final Scheduler scheduler;
    private final Wires wires;
    private final Swarm swarm;
    private final Chance chance;
    private final Host forever;
    private final Ambush ambush;
    private final List<String[]> cuts = new ArrayList<>();
    private boolean over;

    Nemesis(
            Simulation world,
            Scheduler scheduler,
            Wires wires,
            Swarm swarm,
            Chance chance,
            Host forever,
            Ambush ambush) {
        this.ambush = ambush;
        this.world = world;
        this.scheduler = scheduler;
        this.wires = wires;
        this.swarm = swarm;
        this.chance = chance;
        this.forever = forever;
    }

    void run() {
        ambush.start();
        go();
    }

    private void go() {
        if (over) {
            return;
        }
        step();
        later(STEP_NANOS, this::go);
    }

    /// No more faults, and those that last end.
    void stop() {
        over = true;
        ambush.stop();
        cuts.forEach(cut -> wires.heal(cut[0], cut[1]));
        cuts.clear();
    }

    private void later(long nanos, Runnable task) {
        scheduler.after(nanos, forever, task);
    }

    private void step() {
        if (chance.percent(swarm.killPercent())) {
            killNode(false);
        }
        if (chance.percent(swarm.powerLossPercent())) {
            killNode(true);
        }
        if (chance.percent(swarm.pausePercent())) {
            pause(world.anyHost());
        }
        if (chance.percent(swarm.cutPercent())) {
            cut();
        }
        if (chance.percent(swarm.resetPercent())) {
            wires.breakOne();
        }
        if (chance.percent(swarm.slowPercent())) {
            slow();
        }
        if (chance.percent(swarm.metadataPercent())) {
            world.disturbMetadata();
        }
        if (chance.percent(swarm.clientDeathPercent())) {
            world.killClient();
        }
        if (chance.percent(swarm.rotPercent())) {
            world.rot();
        }
        if (chance.percent(swarm.blackoutPercent())) {
            world.blackout();
        }
        if (chance.percent(swarm.adminPercent())) {
            world.admin().act();
        }
        ambush.step();
    }

    private void killNode(boolean power) {
        SimNode node = chance.of(world.nodes());
        if (!node.isUp() || (power && !world.othersHaveEverything(node))) {
            return;
        }
        world.kill(node, power);
        later(chance.between(10, 6_000) * Scheduler.MILLI, () -> world.restart(node));
    }

    private void pause(Host host) {
        if (host.isRunning()) {
            host.pause();
            later(chance.between(50, 8_000) * Scheduler.MILLI, host::resume);
        }
    }

    private void cut() {
        String a = world.anyHost().name();
        String b = world.anyHost().name();
        if (a.equals(b)) {
            // One host alone.
            for (Host other : world.hosts()) {
                cut(a, other.name());
                cut(other.name(), a);
            }
            return;
        }
        cut(a, b);
        if (chance.percent(50)) {
            cut(b, a);
        }
    }

    private void cut(String from, String to) {
        if (from.equals(to)) {
            return;
        }
        wires.cut(from, to);
        String[] pair = {from, to};
        cuts.add(pair);
        later(
                chance.between(50, 6_000) * Scheduler.MILLI,
                () -> {
                    if (cuts.remove(pair)) {
                        wires.heal(from, to);
                    }
                });
    }

    private void slow() {
        if (chance.percent(50)) {
            SimNode node = chance.of(world.nodes());
            node.slowDisk(chance.between(1, 800) * Scheduler.MILLI);
            later(chance.between(100, 4_000) * Scheduler.MILLI, () -> node.slowDisk(0));
        } else {
            String host = world.anyHost().name();
            wires.slow(host, chance.between(1, 100) * Scheduler.MILLI);
            later(chance.between(100, 4_000) * Scheduler.MILLI, () -> wires.slow(host, 0));
        }
    }
}
