package io.coppice.sim;

import com.codahale.metrics.MetricRegistry;
import io.coppice.check.Register;
import io.coppice.check.Violation;
import io.coppice.client.BlockDevice;
import io.coppice.client.ClientConfig;
import io.coppice.client.Completion;
import io.coppice.client.CoppiceClient;
import io.coppice.client.DeviceException;
import io.coppice.client.OpenOption;
import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.MetadataView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client of the cluster: opens volumes and snapshots, reads and writes them, and tells the
/// [Model] every call and answer.
final class Workload {
    static final Logger LOG = LoggerFactory.getLogger(Workload.class);
    private static final int RUN_BLOCKS_MAX = 4;
    private static final long WANTS_NANOS = 10 * Scheduler.SECOND;

    private final Model model;
    private final Scheduler scheduler;
    private final Swarm swarm;
    private final Focus focus;
    private final Chance chance;
    private final Host host;
    private final Onlooker onlooker;
    private final boolean looksOnly;
    private final Runnable flushed;
    private final Supplier<MetadataView> truth;
    private final CoppiceClient client;
    private @Nullable BlockDevice device;
    private Model.@Nullable Vol volume;
    private boolean opening;
    private boolean stopping;
    private boolean pausing;
    private int underWay;
    private long done;
    private long narrowUntil;
    private boolean onlyReads;

    /// The volume that it is to open next; empty: any.
    private String wanted = "";

    /// Acknowledged, and not known to be flushed.
    private final List<Register.Write> unflushed = new ArrayList<>();

    /// @param looksOnly it writes nothing
    /// @param flushed told whenever a flush was answered
    Workload(
            Model model,
            Scheduler scheduler,
            Swarm swarm,
            Focus focus,
            Chance chance,
            Host host,
            Supplier<MetadataView> truth,
            CoppiceClient.World world,
            boolean looksOnly,
            Runnable flushed) {
        this.focus = focus;
        this.looksOnly = looksOnly;
        this.flushed = flushed;
        this.truth = truth;
        this.model = model;
        this.scheduler = scheduler;
        this.swarm = swarm;
        this.chance = chance;
        this.host = host;
        this.client = CoppiceClient.start(config(host.name()), world, new MetricRegistry());
        this.onlooker = new Onlooker(model, scheduler, focus, chance.fork(), truth, client);
    }

    private static ClientConfig config(String name) {
        return new ClientConfig(
                List.of("127.0.2.1:2"),
                name,
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                Duration.ofSeconds(2),
                Duration.ofMillis(5),
                Duration.ofMillis(500),
                16 << 10,
                64,
                1 << 20,
                256,
                4,
                2,
                8,
                64 << 10);
    }

    Host host() {
        return host;
    }

    /// Whether it may have calls on this volume under way.
    boolean uses(Model.Vol vol) {
        return onlooker.uses(vol) || volume == vol && (device != null || !isIdle());
    }

    /// Operations that were answered.
    long done() {
        return done + onlooker.done();
    }

    boolean isIdle() {
        return underWay == 0 && !opening && onlooker.isIdle();
    }

    /// No more new calls; true once all that were made are answered.
    boolean pausesWhenIdle() {
        pausing = true;
        return isIdle();
    }

    /// Begins, and goes on until [#stop].
    void run() {
        if (stopping || pausing) {
            return;
        }
        step();
        host.after(chance.between(0, 15) * Scheduler.MILLI, this::run);
    }

    /// Starts nothing more; closes what is open once it is idle.
    void stop() {
        stopping = true;
        onlooker.close();
        BlockDevice open = device;
        if (open != null) {
            device = null;
            open.closeAsync();
        }
    }

    boolean looksOnly() {
        return looksOnly;
    }

    private void step() {
        if (looksOnly || chance.percent(focus.lookPercent())) {
            onlooker.step();
            return;
        }
        BlockDevice open = device;
        if (open == null) {
            if (!opening) {
                openSomething();
            }
        } else if (java.util.Objects.requireNonNull(volume).frozen) {
            if (underWay == 0) {
                device = null;
                opening = true;
                open.closeAsync().whenComplete((closed, failed) -> opening = false);
            }
        } else if (underWay == 0 && (wantsOther() || chance.percent(1))) {
            device = null;
            opening = true;
            open.closeAsync().whenComplete((closed, failed) -> opening = false);
        } else if (underWay < swarm.depth() && !wantsOther()) {
            operate(open, java.util.Objects.requireNonNull(volume));
        }
    }

    /// The name of the volume that it has open; empty: none.
    String volumeName() {
        return device == null || volume == null ? "" : volume.name;
    }

    /// It gives up what it has, and tries to get that volume.
    void want(String name) {
        wanted = name;
        narrowUntil = scheduler.now() + WANTS_NANOS;
        onlyReads = false;
        host.after(WANTS_NANOS, () -> wanted = "");
    }

    private boolean wantsOther() {
        return !wanted.equals(volumeName()) && model.volumeNames().contains(wanted);
    }

    /// It looks at the same few blocks again and again.
    void onlyReadsUntil(long time) {
        narrowUntil = time;
        onlyReads = true;
    }

    // ------------------------------------------------------------ opening

    private void openSomething() {
        if (wanted.isEmpty() && chance.percent(15) && !model.snapshotNames().isEmpty()) {
            peek(chance.of(List.copyOf(model.snapshotNames())), () -> {});
            return;
        }
        if (model.volumeNames().isEmpty()) {
            return;
        }
        boolean knows = model.volumeNames().contains(wanted);
        String name = knows ? wanted : chance.of(List.copyOf(model.volumeNames()));
        Model.Vol opens = model.volume(name);
        if (opens == null || opens.frozen) {
            return;
        }
        opening = true;
        volume = opens;
        client.openAsync(name)
                .whenComplete((opened, failed) -> {
                    opening = false;
                    if (opened == null) {
                        return;
                    }
                    if (stopping) {
                        opened.closeAsync();
                        return;
                    }
                    LOG.debug("{} is open, the latest: {}", name, isTheLatest(name));
                    if (isTheLatest(name)) {
                        opens.attached(scheduler.now());
                    }
                    LOG.debug("opened {}", name);
                    volume = opens;
                    wanted = "";
                    device = opened;
                    unflushed.clear();
                });
    }

    /// Whether this client's attachment is the one that the quorum knows; when its answer was late,
    /// another client may have taken the volume over meanwhile.
    private boolean isTheLatest(String name) {
        return fence(name) != 0;
    }

    /// Of this client's attachment, if that is the latest; else 0.
    private long fence(String name) {
        MetadataView view = truth.get();
        return view.volume(name)
                .flatMap(found -> view.attachment(found.id()))
                .filter(attachment -> attachment.client().equals(host.name()))
                .map(Attachment::fence)
                .orElse(0L);
    }

    /// Reads all of a snapshot, or of a volume at rest, without an attachment.
    void peek(String name, Runnable then) {
        Model.Cut cut = model.snapshot(name);
        Model.Vol vol = cut == null ? model.volume(name) : null;
        int blocks = cut != null ? cut.size() : vol == null ? 0 : vol.blocks.length;
        if (blocks == 0) {
            then.run();
            return;
        }
        opening = true;
        client.openAsync(name, OpenOption.READ_ONLY)
                .whenComplete((opened, failed) -> {
                    if (opened == null) {
                        opening = false;
                        then.run();
                        return;
                    }
                    long start = scheduler.now();
                    ByteBuf target = Unpooled.buffer(blocks * Model.BLOCK_BYTES);
                    opened.read(
                            0,
                            target,
                            failure -> {
                                opening = false;
                                if (failure == null) {
                                    done++;
                                    for (int i = 0; i < blocks; i++) {
                                        long value = value(target, i, name);
                                        LOG.debug("{}: {}[{}] read {}", start, name, i, value);
                                        if (cut != null) {
                                            cut.saw(i, value, start);
                                        } else if (vol != null) {
                                            vol.read(i, value, start, scheduler.now());
                                        }
                                    }
                                }
                                opened.closeAsync();
                                then.run();
                            });
                });
    }

    // ------------------------------------------------------------ operations

    private void operate(BlockDevice open, Model.Vol vol) {
        boolean narrow = scheduler.now() < narrowUntil;
        int first = focus.firstBlock(chance, vol.blocks.length, narrow);
        int count = 1 + chance.below(Math.min(RUN_BLOCKS_MAX, vol.blocks.length - first));
        underWay++;
        if ((narrow && onlyReads) || chance.percent(swarm.readPercent())) {
            read(open, vol, first, count);
        } else if (chance.percent(swarm.flushPercent())) {
            flush(open);
        } else if (chance.percent(swarm.zeroPercent())) {
            zero(open, vol, first, count);
        } else {
            write(open, vol, first, count);
        }
    }

    private void read(BlockDevice open, Model.Vol vol, int first, int count) {
        long start = scheduler.now();
        ByteBuf target = Unpooled.buffer(count * Model.BLOCK_BYTES, count * Model.BLOCK_BYTES);
        open.read(
                (long) first * Model.BLOCK_BYTES,
                target,
                ending(
                        "read",
                        open,
                        () -> {
                            for (int i = 0; i < count; i++) {
                                long value = value(target, i, vol.name);
                                LOG.debug("{}: {}[{}] read {}", start, vol.name, first + i, value);
                                vol.read(first + i, value, start, scheduler.now());
                            }
                        }));
    }

    private void write(BlockDevice open, Model.Vol vol, int first, int count) {
        ByteBuf source = Unpooled.buffer(count * Model.BLOCK_BYTES);
        var writes = new ArrayList<Register.Write>();
        for (int i = 0; i < count; i++) {
            long value = model.freshValue();
            writes.add(vol.blocks[first + i].write(value, scheduler.now()));
            for (int j = 0; j < Model.BLOCK_BYTES / Long.BYTES; j++) {
                source.writeLong(value);
            }
        }
        boolean fua = chance.percent(swarm.fuaPercent());
        LOG.debug(
                "{}[{}] +{} write {}{}",
                vol.name,
                first,
                count,
                writes.getFirst().value,
                fua ? " fua" : "");
        open.write(
                (long) first * Model.BLOCK_BYTES,
                source,
                fua,
                ending("write", open, () -> acknowledged(writes, fua)));
    }

    private void zero(BlockDevice open, Model.Vol vol, int first, int count) {
        var writes = new ArrayList<Register.Write>();
        for (int i = 0; i < count; i++) {
            writes.add(vol.blocks[first + i].write(0, scheduler.now()));
        }
        boolean fua = chance.percent(swarm.fuaPercent());
        LOG.debug("{}[{}] +{} zero{}", vol.name, first, count, fua ? " fua" : "");
        boolean discard = chance.percent(50);
        boolean mayUnmap = discard || chance.percent(50);
        Completion ended =
                ending(mayUnmap ? "trim" : "write", open, () -> acknowledged(writes, fua));
        long offset = (long) first * Model.BLOCK_BYTES;
        long length = (long) count * Model.BLOCK_BYTES;
        if (discard) {
            open.discard(offset, length, fua, ended);
        } else {
            open.writeZeroes(offset, length, mayUnmap, fua, ended);
        }
    }

    /// Makes zeros of what the volume loses of the last chunk that it keeps, as the client library
    /// does before the quorum cuts, and stays attached until `whenCut` is told that it may close.
    void cutOff(Model.Vol vol, int first, Consumer<Cutting> whenCut) {
        underWay++;
        client.openAsync(vol.name)
                .whenComplete((opened, failed) -> {
                    if (opened == null) {
                        underWay--;
                        return;
                    }
                    long fence = fence(vol.name);
                    if (fence != 0) {
                        vol.attached(scheduler.now());
                    }
                    cutOff(opened, vol, first, new Cutting(opened, fence), whenCut);
                });
    }

    private void cutOff(
            BlockDevice open,
            Model.Vol vol,
            int first,
            Cutting cutting,
            Consumer<Cutting> whenCut) {
        int chunkEnd = Math.ceilDiv(first, Reshape.CHUNK_BLOCKS) * Reshape.CHUNK_BLOCKS;
        int count = Math.min(chunkEnd, vol.blocks.length) - first;
        var writes = new ArrayList<Register.Write>();
        for (int i = 0; i < count; i++) {
            writes.add(vol.blocks[first + i].write(0, scheduler.now()));
        }
        open.discard(
                (long) first * Model.BLOCK_BYTES,
                (long) count * Model.BLOCK_BYTES,
                true,
                failure -> {
                    if (failure == null) {
                        acknowledged(writes, true);
                        whenCut.accept(cutting);
                    } else {
                        cutting.close();
                    }
                });
    }

    /// A volume that is about to lose its end.
    final class Cutting {
        private final BlockDevice open;
        private final long fence;

        private Cutting(BlockDevice open, long fence) {
            this.open = open;
            this.fence = fence;
        }

        /// Of the attachment that it is open by.
        long fence() {
            return fence;
        }

        void close() {
            host.execute(() -> open.closeAsync().whenComplete((closed, failed) -> underWay--));
        }
    }

    private void acknowledged(List<Register.Write> writes, boolean fua) {
        boolean durable = fua || swarm.syncAlways();
        for (Register.Write write : writes) {
            LOG.debug("{} acknowledged{}", write.value, durable ? ", durable" : "");
            Register.acknowledged(write, scheduler.now(), durable, model.lastBlackout());
            if (!durable) {
                unflushed.add(write);
            }
        }
    }

    private void flush(BlockDevice open) {
        var covered = List.copyOf(unflushed);
        Completion ended =
                ending(
                        "flush",
                        open,
                        () -> {
                            for (Register.Write write : covered) {
                                LOG.debug("{} flushed", write.value);
                                Register.flushed(write, scheduler.now());
                            }
                            unflushed.removeAll(covered);
                            flushed.run();
                        });
        open.flush(failure -> {
            if (failure != null && failure.reason() == DeviceException.Reason.WRITES_LOST) {
                unflushed.removeAll(covered);
            }
            ended.done(failure);
        });
    }

    private Completion ending(String call, BlockDevice open, Runnable success) {
        long start = scheduler.now();
        return failure -> {
            underWay--;
            if (failure != null) {
                LOG.debug("failed: {}", failure.toString());
            }
            if (failure == null) {
                done++;
                success.run();
            } else if (failure instanceof DeviceException why
                    && why.reason() == DeviceException.Reason.NO_SPACE) {
                model.refusedForSpace(call, start);
            } else if (failure instanceof DeviceException why && ends(why.reason())) {
                if (device == open) {
                    device = null;
                    open.closeAsync();
                }
            }
        };
    }

    private static boolean ends(DeviceException.Reason reason) {
        return switch (reason) {
            case LOST, CLOSED, READ_ONLY -> true;
            default -> false;
        };
    }

    /// A block holds one value, again and again: anything else is torn or somebody else's.
    static long value(ByteBuf target, int block, String name) {
        int at = block * Model.BLOCK_BYTES;
        long value = target.getLong(at);
        for (int i = 8; i < Model.BLOCK_BYTES; i += 8) {
            if (target.getLong(at + i) != value) {
                throw new Violation(
                        name
                                + ": a read returned a block that is part "
                                + Register.show(value)
                                + ", part "
                                + Register.show(target.getLong(at + i)));
            }
        }
        return value;
    }
}
