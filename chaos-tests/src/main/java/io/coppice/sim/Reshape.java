package io.coppice.sim;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Volumes are rolled back to a snapshot, made larger and smaller, become what a relative is, and
/// are exchanged, at the rates of the [Hazards]. Clients that live let go of the volumes first;
/// whatever those that were killed have under way must not show in what comes after.
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
    private @Nullable Task task;
    private long until;
    private boolean cutting;
    private boolean asked;
    private boolean over;

    private enum Kind {
        ROLLBACK,
        RESIZE,
        RESET,
        SWAP
    }

    /// @param other that it is exchanged with; null: with none
    /// @param source a snapshot or a volume that it becomes; empty: none
    private record Task(Kind kind, Model.Vol volume, Model.@Nullable Vol other, String source) {
        List<Model.Vol> volumes() {
            return other == null ? List.of(volume) : List.of(volume, other);
        }
    }

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
        return over && task == null;
    }

    private void step() {
        Task present = task;
        if (present == null) {
            if (!over) {
                begin();
            }
        } else if (asked) {
            return;
        } else if (scheduler.now() > until || present.volumes().stream().anyMatch(this::isGone)) {
            letGo(present);
        } else if (!cutting
                && !admin.isBusy()
                && present.volumes().stream().noneMatch(this::isInUse)) {
            ask(present);
        }
    }

    private void begin() {
        if (chance.percent(hazards.rollbackPercent()) && !model.snapshotNames().isEmpty()) {
            String full = chance.of(List.copyOf(model.snapshotNames()));
            hold(Kind.ROLLBACK, full.substring(0, full.indexOf('@')), null, full);
        } else if (chance.percent(hazards.resizePercent()) && !model.volumeNames().isEmpty()) {
            hold(Kind.RESIZE, anyVolume(), null, "");
        } else if (chance.percent(hazards.exchangePercent()) && model.volumeNames().size() > 1) {
            exchange();
        }
    }

    /// What is no relative, and itself, is refused.
    private void exchange() {
        if (chance.percent(40)) {
            String one = anyVolume();
            String other = anyVolume();
            if (!one.equals(other)) {
                hold(Kind.SWAP, one, model.volume(other), "");
            }
        } else {
            boolean live = chance.percent(50) || model.snapshotNames().isEmpty();
            String source = live ? anyVolume() : chance.of(List.copyOf(model.snapshotNames()));
            hold(Kind.RESET, anyVolume(), null, source);
        }
    }

    private String anyVolume() {
        return chance.of(List.copyOf(model.volumeNames()));
    }

    private void hold(Kind kind, String name, Model.@Nullable Vol other, String source) {
        Model.Vol volume = model.volume(name);
        if (volume != null) {
            task = new Task(kind, volume, other, source);
            task.volumes().forEach(each -> each.frozen = true);
            asked = false;
            cutting = false;
            until = scheduler.now() + PATIENCE_NANOS;
        }
    }

    private void ask(Task present) {
        Model.Vol volume = present.volume();
        Runnable then = () -> letGo(present);
        LOG.info("{} of {}, {}", present.kind(), volume.name, present.source());
        switch (present.kind()) {
            case RESIZE -> resize(volume, 1 + chance.below(BLOCKS_MAX));
            case ROLLBACK -> {
                if (model.snapshot(present.source()) == null) {
                    letGo(present);
                } else {
                    asked = true;
                    admin.rollback(volume, present.source(), then);
                }
            }
            case RESET -> {
                asked = true;
                admin.reset(volume, present.source(), chance.percent(30), then);
            }
            case SWAP -> {
                asked = true;
                admin.swap(volume, Objects.requireNonNull(present.other()), then);
            }
        }
    }

    private void resize(Model.Vol volume, int blocks) {
        if (blocks >= volume.blocks.length || blocks % CHUNK_BLOCKS == 0) {
            resize(volume, blocks, 0, this::letGo);
        } else if (!clients.isEmpty()) {
            cutting = true;
            chance.of(clients).cutOff(volume, blocks, cut -> resize(volume, blocks, cut));
        }
    }

    private void resize(Model.Vol volume, int blocks, Workload.Cutting cut) {
        boolean wanted = task != null && task.volume() == volume && cutting;
        cutting = false;
        if (!wanted || admin.isBusy()) {
            cut.close();
            return;
        }
        Runnable then =
                () -> {
                    cut.close();
                    letGo();
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

    private boolean isGone(Model.Vol volume) {
        return model.volume(volume.name) != volume;
    }

    private void letGo() {
        letGo(Objects.requireNonNull(task));
    }

    private void letGo(Task present) {
        present.volumes().forEach(volume -> volume.frozen = false);
        task = null;
    }
}
