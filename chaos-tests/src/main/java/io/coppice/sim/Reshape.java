package io.coppice.sim;

import java.util.List;
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

    static final int CHUNK_BLOCKS = Admin.CHUNK_BYTES / Model.BLOCK_BYTES;
    private static final int BLOCKS_MAX = 5 * CHUNK_BLOCKS;

    private final Scheduler scheduler;
    private final Hazards hazards;
    private final Chance chance;
    private final Host forever;
    private final Admin admin;
    private final Model model;
    private final List<Workload> clients;
    private Model.@Nullable Vol held;
    private String snapshot = "";
    private long until;
    private boolean cutting;
    private boolean asked;
    private boolean over;

    /// @param clients those that live
    Reshape(
            Scheduler scheduler,
            Hazards hazards,
            Chance chance,
            Host forever,
            Admin admin,
            Model model,
            List<Workload> clients) {
        this.scheduler = scheduler;
        this.hazards = hazards;
        this.chance = chance;
        this.forever = forever;
        this.admin = admin;
        this.model = model;
        this.clients = clients;
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
        } else if (!asked && !cutting && !admin.isBusy() && !isInUse(volume)) {
            ask(volume);
        }
    }

    private void hold(Model.@Nullable Vol volume, String to) {
        if (volume != null) {
            held = volume;
            volume.frozen = true;
            snapshot = to;
            asked = false;
            cutting = false;
            until = scheduler.now() + PATIENCE_NANOS;
        }
    }

    private void ask(Model.Vol volume) {
        if (snapshot.isEmpty()) {
            resize(volume, 1 + chance.below(BLOCKS_MAX));
        } else if (model.snapshot(snapshot) == null) {
            letGo(volume);
        } else {
            LOG.info("{} is rolled back to {}", volume.name, snapshot);
            asked = true;
            admin.rollback(volume, snapshot, () -> letGo(volume));
        }
    }

    private void resize(Model.Vol volume, int blocks) {
        if (blocks >= volume.blocks.length || blocks % CHUNK_BLOCKS == 0) {
            resize(volume, blocks, 0, () -> letGo(volume));
        } else if (!clients.isEmpty()) {
            cutting = true;
            chance.of(clients).cutOff(volume, blocks, cut -> resize(volume, blocks, cut));
        }
    }

    private void resize(Model.Vol volume, int blocks, Workload.Cutting cut) {
        boolean wanted = held == volume && cutting;
        cutting = false;
        if (!wanted || admin.isBusy()) {
            cut.close();
            return;
        }
        Runnable then =
                () -> {
                    cut.close();
                    letGo(volume);
                };
        resize(volume, blocks, cut.fence(), then);
    }

    private void resize(Model.Vol volume, int blocks, long fence, Runnable then) {
        LOG.info("{} gets {} blocks, from {}", volume.name, blocks, volume.blocks.length);
        asked = true;
        admin.resize(volume, blocks, fence, then);
    }

    private boolean isInUse(Model.Vol volume) {
        return clients.stream().anyMatch(client -> client.uses(volume));
    }

    private void letGo(Model.Vol volume) {
        volume.frozen = false;
        held = null;
    }
}
