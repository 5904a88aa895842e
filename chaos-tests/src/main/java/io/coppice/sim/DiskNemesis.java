package io.coppice.sim;

import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Breaks disks, at the rates of the [Hazards], and has broken ones replaced by empty ones. At most
/// one disk is broken at a time, and latent damage is all on one: somebody else always has what
/// there was.
final class DiskNemesis {
    private static final Logger LOG = LoggerFactory.getLogger(DiskNemesis.class);
    private static final long STEP_NANOS = 100 * Scheduler.MILLI;

    /// What is damaged is found by reading, and by starting again.
    private static final double RESTART_PERCENT = 1;

    private final Simulation world;
    private final Scheduler scheduler;
    private final Hazards hazards;
    private final boolean latent;
    private final Chance chance;
    private final Host forever;
    private final Model model;
    private final Set<String> replacing = new TreeSet<>();
    private boolean over;

    /// @param latent whether blocks may be damaged on the first node's disk without anybody knowing
    DiskNemesis(
            Simulation world,
            Scheduler scheduler,
            Hazards hazards,
            boolean latent,
            Chance chance,
            Host forever,
            Model model) {
        this.world = world;
        this.scheduler = scheduler;
        this.hazards = hazards;
        this.latent = latent;
        this.chance = chance;
        this.forever = forever;
        this.model = model;
    }

    void run() {
        if (over) {
            return;
        }
        if (chance.percent(hazards.errorPercent())) {
            fail();
        }
        if (chance.percent(hazards.unreadablePercent()) && mayDamageFirst()) {
            chance.of(first().stores()).disk().punch(chance);
        }
        if (chance.percent(hazards.strayPercent()) && mayDamageFirst()) {
            chance.of(first().stores()).disk().stray(chance);
        }
        if (hazards.isLatent() && chance.percent(RESTART_PERCENT) && mayDamageFirst()) {
            world.kill(first(), false);
            SimNode node = first();
            scheduler.after(
                    chance.between(10, 3_000) * Scheduler.MILLI,
                    forever,
                    () -> world.restart(node));
        }
        if (chance.percent(hazards.fullPercent())) {
            fill();
        }
        world.nodes().stream().filter(SimNode::isFailed).forEach(this::replaceSoon);
        scheduler.after(STEP_NANOS, forever, this::run);
    }

    /// Disks work from now on; what is broken is replaced.
    void stop() {
        over = true;
        for (SimNode node : world.nodes()) {
            for (SimStore store : node.stores()) {
                store.disk().faults().disarm();
                release(store);
            }
            replaceFailed(node);
        }
    }

    private void replaceFailed(SimNode node) {
        var failed = node.stores().stream().filter(SimStore::isFailed).toList();
        if (!failed.isEmpty()) {
            world.replace(node, failed);
        }
    }

    private SimNode first() {
        return world.nodes().getFirst();
    }

    private boolean mayDamageFirst() {
        return first().isUp() && !first().isFailed() && world.othersHaveEverything(first());
    }

    private void fail() {
        SimNode node = latent ? first() : chance.of(world.nodes());
        DiskFaults faults = chance.of(node.stores()).disk().faults();
        var kind = chance.percent(30) ? DiskFaults.Kind.WRITE : DiskFaults.Kind.SYNC;
        faults.arm(
                kind,
                () ->
                        !over
                                && world.nodes().stream().noneMatch(SimNode::isFailed)
                                && world.othersHaveEverything(node));
        scheduler.after(chance.between(100, 3_000) * Scheduler.MILLI, forever, faults::disarm);
    }

    private void replaceSoon(SimNode node) {
        if (!replacing.add(node.name())) {
            return;
        }
        scheduler.after(
                chance.between(500, 12_000) * Scheduler.MILLI,
                forever,
                () -> {
                    replacing.remove(node.name());
                    replaceFailed(node);
                });
    }

    private void fill() {
        SimStore store = chance.of(chance.of(world.nodes()).stores());
        SimDisk disk = store.disk();
        if (disk.faults().room() != Long.MAX_VALUE) {
            return;
        }
        long left = chance.between(600, 1_400) << 10;
        LOG.info("{} is filled, {} bytes are left", store, left);
        disk.faults().squeeze(disk.usedBytes() + left);
        model.fills(true, scheduler.now());
        scheduler.after(
                chance.between(500, 10_000) * Scheduler.MILLI, forever, () -> release(store));
    }

    private void release(SimStore store) {
        store.disk().faults().squeeze(Long.MAX_VALUE);
        boolean any =
                world.nodes().stream()
                        .flatMap(node -> node.stores().stream())
                        .anyMatch(other -> other.disk().faults().room() != Long.MAX_VALUE);
        model.fills(any, scheduler.now());
    }
}
