package io.coppice.sim;

import io.coppice.metadata.core.MetadataView;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What administrators do to the machines of a cluster in use, at the rates of the [Hazards]: they
/// drain a node, and let it come back, or replace it by a new one of its name.
final class Upkeep {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final long STEP_NANOS = 100 * Scheduler.MILLI;

    private final Simulation world;
    private final Scheduler scheduler;
    private final Hazards hazards;
    private final Chance chance;
    private final Host forever;
    private final Admin admin;
    private final Supplier<MetadataView> truth;
    private @Nullable SimNode draining;
    private long until;
    private boolean over;

    Upkeep(
            Simulation world,
            Scheduler scheduler,
            Hazards hazards,
            Chance chance,
            Host forever,
            Admin admin,
            Supplier<MetadataView> truth) {
        this.world = world;
        this.scheduler = scheduler;
        this.hazards = hazards;
        this.chance = chance;
        this.forever = forever;
        this.admin = admin;
        this.truth = truth;
    }

    void run() {
        if (!admin.isBusy()) {
            act();
        }
        if (!isAtRest()) {
            scheduler.after(STEP_NANOS, forever, this::run);
        }
    }

    /// Nothing new; who was drained comes back.
    void stop() {
        over = true;
    }

    boolean isAtRest() {
        return over && draining == null;
    }

    private void act() {
        SimNode node = draining;
        if (node != null) {
            if (over || scheduler.now() >= until) {
                comeBack(node);
            }
        } else if (!over
                && world.nodes().size() > Simulation.REPLICAS
                && chance.percent(hazards.drainPercent())) {
            SimNode chosen = chance.of(world.nodes());
            draining = chosen;
            until = scheduler.now() + chance.between(1_000, 15_000) * Scheduler.MILLI;
            LOG.info("{} is drained", chosen.name());
            admin.drain(chosen.name(), false, () -> {});
        }
    }

    private void comeBack(SimNode node) {
        if (chance.percent(50) && isEmpty(node)) {
            LOG.info("{} is removed, and comes back as a new one", node.name());
            admin.removeNode(
                    node.name(),
                    () -> {
                        world.replace(node, node.stores());
                        draining = null;
                    });
        } else {
            LOG.info("{} is not drained any more", node.name());
            admin.drain(node.name(), true, () -> draining = null);
        }
    }

    private boolean isEmpty(SimNode node) {
        MetadataView view = truth.get();
        return view.groups().stream()
                .flatMap(group -> group.replicas().stream())
                .flatMap(replica -> view.store(replica.store()).stream())
                .flatMap(store -> view.node(store.node()).stream())
                .noneMatch(holder -> holder.name().equals(node.name()));
    }
}
