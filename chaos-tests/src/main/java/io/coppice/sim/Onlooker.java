package io.coppice.sim;

import io.coppice.client.BlockDevice;
import io.coppice.client.CoppiceClient;
import io.coppice.client.OpenOption;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Volume;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads a live volume that another client may be writing to. Without an attachment nobody tells it
/// when the volume's map changes, so what it reads is only what the volume holds where the map is
/// still the one that it began with; elsewhere its reads are not counted. Those that are must fit
/// into the same order as everybody else's: no node may answer what is not acknowledged, or not
/// true any more.
final class Onlooker {
    private static final int CHUNK_BLOCKS = Admin.CHUNK_BYTES / Model.BLOCK_BYTES;
    private static final int RUN_BLOCKS_MAX = 3;

    /// Some wait for a write that hangs; the others go on.
    private static final int LOOKS_MAX = 16;

    private final Model model;
    private final Scheduler scheduler;
    private final Focus focus;
    private final Chance chance;
    private final Supplier<MetadataView> truth;
    private final CoppiceClient client;
    private @Nullable BlockDevice device;
    private Model.@Nullable Vol volume;
    private long[] chunks = {};
    private boolean opening;
    private boolean outdated;
    private int underWay;
    private long done;

    Onlooker(
            Model model,
            Scheduler scheduler,
            Focus focus,
            Chance chance,
            Supplier<MetadataView> truth,
            CoppiceClient client) {
        this.model = model;
        this.scheduler = scheduler;
        this.focus = focus;
        this.chance = chance;
        this.truth = truth;
        this.client = client;
    }

    long done() {
        return done;
    }

    boolean isIdle() {
        return underWay == 0 && !opening;
    }

    /// Whether it may have calls on this volume under way.
    boolean uses(Model.Vol vol) {
        return volume == vol && (device != null || !isIdle());
    }

    void step() {
        BlockDevice open = device;
        Model.Vol vol = volume;
        if (open == null || vol == null) {
            open();
        } else if (vol.frozen || chance.percent(outdated ? 20 : 1)) {
            if (underWay == 0) {
                close();
            }
        } else if (underWay < LOOKS_MAX) {
            read(open, vol);
        }
    }

    void close() {
        BlockDevice open = device;
        if (open != null) {
            device = null;
            open.closeAsync();
        }
    }

    private void open() {
        if (opening || model.volumeNames().isEmpty()) {
            return;
        }
        String name = chance.of(java.util.List.copyOf(model.volumeNames()));
        Model.Vol wanted = model.volume(name);
        if (wanted == null || wanted.frozen) {
            return;
        }
        long[] before = chunksOf(name, wanted.blocks.length);
        opening = true;
        volume = wanted;
        client.openAsync(name, OpenOption.READ_ONLY)
                .whenComplete((opened, failed) -> {
                    opening = false;
                    if (opened != null) {
                        device = opened;
                        chunks = before;
                        outdated = false;
                    }
                });
    }

    /// What the quorum has mapped now, by chunk index; -1 where there is nothing to read.
    private long[] chunksOf(String name, int blocks) {
        var found = new long[(blocks + CHUNK_BLOCKS - 1) / CHUNK_BLOCKS];
        Arrays.fill(found, -1);
        MetadataView view = truth.get();
        Volume known = view.volume(name).orElse(null);
        for (int i = 0; known != null && i < found.length; i++) {
            found[i] = view.chunkAt(known.root(), i);
        }
        return found;
    }

    private void read(BlockDevice open, Model.Vol vol) {
        int first = focus.firstBlock(chance, vol.blocks.length, false);
        int count = 1 + chance.below(Math.min(RUN_BLOCKS_MAX, vol.blocks.length - first));
        long start = scheduler.now();
        long[] before = chunks;
        ByteBuf target = Unpooled.buffer(count * Model.BLOCK_BYTES, count * Model.BLOCK_BYTES);
        underWay++;
        open.read(
                (long) first * Model.BLOCK_BYTES,
                target,
                failure -> {
                    underWay--;
                    if (failure == null) {
                        done++;
                        judge(vol, first, count, target, start, before);
                    } else if (device == open) {
                        close();
                    }
                });
    }

    private void judge(
            Model.Vol vol, int first, int count, ByteBuf target, long start, long[] before) {
        long[] now = chunksOf(vol.name, vol.blocks.length);
        for (int i = 0; i < count; i++) {
            int chunk = (first + i) / CHUNK_BLOCKS;
            long value = Workload.value(target, i, vol.name);
            if (now[chunk] == before[chunk] && now[chunk] >= 0) {
                Workload.LOG.debug("{}: {}[{}] looked at {}", start, vol.name, first + i, value);
                vol.read(first + i, value, start, scheduler.now());
            } else {
                outdated = true;
            }
        }
    }
}
