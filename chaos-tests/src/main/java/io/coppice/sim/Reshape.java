package io.coppice.sim;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Volumes are rolled back to a snapshot, and made larger and smaller, at the rates of the
/// [Hazards]. Clients that live let go of the volume first; whatever those that were killed have
/// under way must not show in what comes after.
final class Reshape {
    private static final Logger LOG = LoggerFactory.getLogger(Reshape.class);
    private static final long STEP_NANOS = 100 * Scheduler.MILLI;
    private static final long PATIENCE_NANOS = 10 * Scheduler.SECOND;

    /// What a volume loses by half of its last chunk it has again when it grows.
    private static final int CHUNK_BLOCKS = 16;

    private static final int CHUNKS_MAX = 5;

    private final Scheduler scheduler;
    private final Hazards hazards;
    private final Chance chance;
    private final Host forever;
    private final Admin admin;
    private final Model model;
    private final Predicate<Model.Vol> inUse;
    private Model.@Nullable Vol held;
    private String snapshot = "";
    private long until;
    private boolean asked;
    private boolean over;

    /// @param inUse whether some client that lives may have calls on the volume under way
    Reshape(
            Scheduler scheduler,
            Hazards hazards,
            Chance chance,
            Host forever,
            Admin admin,
            Model model,
            Predicate<Model.Vol> inUse) {
        this.scheduler = scheduler;
        this.hazards = hazards;
        this.chance = chance;
        this.forever = forever;
        this.admin = admin;
        this.model = model;
        this.inUse = inUse;
    }

    void run() {
        step();
        if (!isAtRest()) {
            scheduler.after(STEP_NANOS, forever, this::run);
        }
    }

    void stop() {
        over = true;
    }

    boolean isAtRest() {
        return over && held == null;
    }

    private void step() {
        Model.Vol volume = held;
        if (volume == null) {
            if (!over
                    && chance.percent(hazards.rollbackPercent())
                    && !model.snapshotNames().isEmpty()) {
                String full = chance.of(List.copyOf(model.snapshotNames()));
                hold(model.volume(full.substring(0, full.indexOf('@'))), full);
            } else if (!over
                    && chance.percent(hazards.resizePercent())
                    && !model.volumeNames().isEmpty()) {
                hold(model.volume(chance.of(List.copyOf(model.volumeNames()))), "");
            }
        } else if (!asked && (model.volume(volume.name) != volume || scheduler.now() > until)) {
            letGo(volume);
        } else if (!asked && !admin.isBusy() && !inUse.test(volume)) {
            ask(volume);
        }
    }

    private void hold(Model.@Nullable Vol volume, String to) {
        if (volume != null) {
            held = volume;
            volume.frozen = true;
            snapshot = to;
            asked = false;
            until = scheduler.now() + PATIENCE_NANOS;
        }
    }

    private void ask(Model.Vol volume) {
        if (snapshot.isEmpty()) {
            int blocks = (1 + chance.below(CHUNKS_MAX)) * CHUNK_BLOCKS;
            LOG.info("{} gets {} blocks, from {}", volume.name, blocks, volume.blocks.length);
            asked = true;
            admin.resize(volume, blocks, () -> letGo(volume));
        } else if (model.snapshot(snapshot) == null) {
            letGo(volume);
        } else {
            LOG.info("{} is rolled back to {}", volume.name, snapshot);
            asked = true;
            admin.rollback(volume, snapshot, () -> letGo(volume));
        }
    }

    private void letGo(Model.Vol volume) {
        volume.frozen = false;
        held = null;
    }
}
