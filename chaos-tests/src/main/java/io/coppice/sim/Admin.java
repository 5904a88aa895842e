package io.coppice.sim;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.server.Leader;
import io.coppice.wire.pb.BreakAttachment;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.DrainNode;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.InitializeCluster;
import io.coppice.wire.pb.RemoveNode;
import io.coppice.wire.pb.ResetVolume;
import io.coppice.wire.pb.ResizeVolume;
import io.coppice.wire.pb.RollbackVolume;
import io.coppice.wire.pb.SnapshotName;
import io.coppice.wire.pb.SwapVolumes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The administrator: one command after the other, each repeated until it is answered.
final class Admin {
    static final String CLUSTER = "sim";
    static final int CHUNK_BYTES = 64 << 10;
    private static final long ANSWER_NANOS = 12 * Scheduler.SECOND;
    private static final long RETRY_NANOS = 200 * Scheduler.MILLI;
    private static final int VOLUMES_MAX = 6;

    private final Model model;
    private final Scheduler scheduler;
    private final Wires wires;
    private final Swarm swarm;
    private final Chance chance;
    private final Host host;
    private final List<SimMetadata> servers;
    private final long session;
    private long sequence;
    private int names;
    private boolean busy;

    Admin(
            Model model,
            Scheduler scheduler,
            Wires wires,
            Swarm swarm,
            Chance chance,
            Host host,
            List<SimMetadata> servers) {
        this.model = model;
        this.scheduler = scheduler;
        this.wires = wires;
        this.swarm = swarm;
        this.chance = chance;
        this.host = host;
        this.servers = servers;
        this.session = host.nextLong();
    }

    boolean isBusy() {
        return busy;
    }

    // ------------------------------------------------------------ commands

    void initialize(Runnable then) {
        var config =
                ClusterConfig.newBuilder()
                        .setCluster(CLUSTER)
                        .setReplicas(3)
                        .setMinWriteReplicas(2)
                        .setGroups(swarm.groups())
                        .setChunkBytes(CHUNK_BYTES)
                        .setDurabilityAlways(swarm.syncAlways());
        execute(
                ExecuteRequest.newBuilder()
                        .setInitializeCluster(InitializeCluster.newBuilder().setConfig(config)),
                true,
                answer -> then.run());
    }

    void createVolume(Runnable then) {
        String name = "v" + ++names;
        var create =
                CreateVolume.newBuilder()
                        .setName(name)
                        .setSize((long) swarm.volumeBlocks() * Model.BLOCK_BYTES);
        execute(
                ExecuteRequest.newBuilder().setCreateVolume(create),
                true,
                answer -> {
                    if (!answer.hasFailure()) {
                        model.create(name, swarm.volumeBlocks(), null);
                    }
                    then.run();
                });
    }

    /// Something of what administrators do.
    void act() {
        if (busy || model.volumeNames().isEmpty()) {
            return;
        }
        int kind = chance.below(100);
        if (kind < 35) {
            snapshot(anyVolume());
        } else if (kind < 65) {
            cloneSomething();
        } else if (kind < 75) {
            createUnlessFull();
        } else if (kind < 85) {
            deleteSnapshot();
        } else if (kind < 93) {
            deleteVolume();
        } else {
            breakAttachment();
        }
    }

    private void createUnlessFull() {
        if (model.volumeNames().size() < VOLUMES_MAX) {
            createVolume(() -> {});
        }
    }

    private String anyVolume() {
        return chance.of(List.copyOf(model.volumeNames()));
    }

    /// A snapshot of this volume, if there is time.
    void snapshotOf(String volume) {
        if (!busy && model.volumeNames().contains(volume)) {
            snapshot(volume);
        }
    }

    private void snapshot(String first) {
        var sources = new ArrayList<String>();
        sources.add(first);
        String second = anyVolume();
        if (!sources.contains(second)) {
            sources.add(second);
        }
        String name = "s" + ++names;
        var request = CreateSnapshots.newBuilder();
        var volumes = new ArrayList<Model.Vol>();
        for (String source : sources) {
            request.addSnapshots(SnapshotName.newBuilder().setVolume(source).setSnapshot(name));
            volumes.add(java.util.Objects.requireNonNull(model.volume(source)));
        }
        long start = scheduler.now();
        execute(
                ExecuteRequest.newBuilder().setCreateSnapshots(request),
                false,
                answer -> {
                    if (answer.hasFailure()) {
                        return;
                    }
                    var together = new ArrayList<Model.Cut>();
                    for (Model.Vol volume : volumes) {
                        String full = volume.name + "@" + name;
                        model.addSnapshot(full, cut(full, volume, start, together));
                    }
                    model.cut(together);
                });
    }

    private void cloneSomething() {
        if (model.volumeNames().size() >= VOLUMES_MAX) {
            return;
        }
        String name = "c" + ++names;
        boolean live = chance.percent(50) || model.snapshotNames().isEmpty();
        String source = live ? anyVolume() : chance.of(List.copyOf(model.snapshotNames()));
        int at = source.indexOf('@');
        var request =
                CreateClones.newBuilder()
                        .setVolume(live ? source : source.substring(0, at))
                        .setSnapshot(live ? "" : source.substring(at + 1))
                        .addNames(name);
        Model.Vol from = live ? model.volume(source) : null;
        Model.Cut frozen = live ? null : model.snapshot(source);
        long start = scheduler.now();
        execute(
                ExecuteRequest.newBuilder().setCreateClones(request),
                false,
                answer -> {
                    if (answer.hasFailure()) {
                        return;
                    }
                    Model.Cut origin = frozen;
                    if (from != null) {
                        origin = model.new Cut("origin of " + name, from, start, scheduler.now());
                        model.cut(List.of(origin));
                    }
                    var cut = java.util.Objects.requireNonNull(origin);
                    model.create(name, cut.size(), cut);
                });
    }

    private void deleteSnapshot() {
        if (model.snapshotNames().isEmpty()) {
            return;
        }
        String full = chance.of(List.copyOf(model.snapshotNames()));
        int at = full.indexOf('@');
        model.removeSnapshot(full);
        var name =
                SnapshotName.newBuilder()
                        .setVolume(full.substring(0, at))
                        .setSnapshot(full.substring(at + 1));
        execute(
                ExecuteRequest.newBuilder()
                        .setDeleteSnapshot(DeleteSnapshot.newBuilder().setSnapshot(name)),
                false,
                answer -> {});
    }

    private void deleteVolume() {
        if (model.volumeNames().size() < 2) {
            return;
        }
        String name = anyVolume();
        model.removeVolume(name);
        execute(
                ExecuteRequest.newBuilder()
                        .setDeleteVolume(DeleteVolume.newBuilder().setName(name).setNow(true)),
                false,
                answer -> {});
    }

    private void breakAttachment() {
        execute(
                ExecuteRequest.newBuilder()
                        .setBreakAttachment(BreakAttachment.newBuilder().setVolume(anyVolume())),
                false,
                answer -> {});
    }

    // ------------------------------------------------------------ volumes at rest

    /// The volume is as the snapshot was.
    void rollback(Model.Vol volume, String snapshot, Runnable then) {
        Model.Cut cut = model.snapshot(snapshot);
        var name =
                SnapshotName.newBuilder()
                        .setVolume(volume.name)
                        .setSnapshot(snapshot.substring(snapshot.indexOf('@') + 1));
        execute(
                ExecuteRequest.newBuilder()
                        .setRollbackVolume(RollbackVolume.newBuilder().setSnapshot(name)),
                false,
                answer -> {
                    if (!answer.hasFailure()) {
                        var to = java.util.Objects.requireNonNull(cut);
                        model.create(volume.name, to.size(), to);
                    }
                    then.run();
                });
    }

    /// The volume becomes what another volume is now, or a snapshot was; if nothing is left of
    /// that, or it is no relative, it stays as it is.
    ///
    /// @param keep what it was stays as a snapshot
    void reset(Model.Vol volume, String source, boolean keep, Runnable then) {
        String name = keep ? "k" + ++names : "";
        int at = source.indexOf('@');
        var to =
                SnapshotName.newBuilder()
                        .setVolume(at < 0 ? source : source.substring(0, at))
                        .setSnapshot(at < 0 ? "" : source.substring(at + 1));
        Model.Vol live = at < 0 ? model.volume(source) : null;
        Model.Cut frozen = at < 0 ? null : model.snapshot(source);
        long start = scheduler.now();
        execute(
                ExecuteRequest.newBuilder()
                        .setResetVolume(
                                ResetVolume.newBuilder()
                                        .setName(volume.name)
                                        .setSource(to)
                                        .setKeep(name)),
                false,
                answer -> {
                    if (!answer.hasFailure()) {
                        var together = new ArrayList<Model.Cut>();
                        Model.Cut origin = frozen;
                        if (live != null) {
                            origin = cut("what " + volume.name + " became", live, start, together);
                        }
                        if (keep) {
                            String full = volume.name + "@" + name;
                            model.addSnapshot(full, cut(full, volume, start, together));
                        }
                        model.cut(together);
                        var became = java.util.Objects.requireNonNull(origin);
                        model.create(volume.name, became.size(), became);
                    }
                    then.run();
                });
    }

    /// Each of them becomes what the other one is.
    void swap(Model.Vol one, Model.Vol other, Runnable then) {
        var swap = SwapVolumes.newBuilder().setOne(one.name).setOther(other.name);
        long start = scheduler.now();
        execute(
                ExecuteRequest.newBuilder().setSwapVolumes(swap),
                false,
                answer -> {
                    if (!answer.hasFailure()) {
                        var together = new ArrayList<Model.Cut>();
                        Model.Cut first = cut("swapped " + one.name, one, start, together);
                        Model.Cut second = cut("swapped " + other.name, other, start, together);
                        model.cut(together);
                        model.create(one.name, second.size(), second);
                        model.create(other.name, first.size(), first);
                    }
                    then.run();
                });
    }

    private Model.Cut cut(String name, Model.Vol of, long start, List<Model.Cut> together) {
        var cut = model.new Cut(name, of, start, scheduler.now());
        together.add(cut);
        return cut;
    }

    /// @param fence of the attachment that has made zeros of what is cut off within a chunk
    void resize(Model.Vol volume, int blocks, long fence, Runnable then) {
        var resize =
                ResizeVolume.newBuilder()
                        .setName(volume.name)
                        .setSize((long) blocks * Model.BLOCK_BYTES)
                        .setFence(fence);
        execute(
                ExecuteRequest.newBuilder().setResizeVolume(resize),
                false,
                answer -> {
                    if (!answer.hasFailure()) {
                        volume.resize(blocks);
                    }
                    then.run();
                });
    }

    // ------------------------------------------------------------ nodes

    void drain(String node, boolean cancel, Runnable then) {
        execute(
                ExecuteRequest.newBuilder()
                        .setDrainNode(DrainNode.newBuilder().setNode(node).setCancel(cancel)),
                false,
                answer -> then.run());
    }

    /// @param then only when it was removed
    void removeNode(String node, Runnable then) {
        execute(
                ExecuteRequest.newBuilder().setRemoveNode(RemoveNode.newBuilder().setNode(node)),
                false,
                answer -> {
                    if (!answer.hasFailure()) {
                        then.run();
                    }
                });
    }

    // ------------------------------------------------------------ calls

    /// @param insist also a refusal is tried again
    private void execute(
            ExecuteRequest.Builder command, boolean insist, Consumer<ExecuteResponse> then) {
        busy = true;
        new Call(command.setSession(session).setSequence(++sequence).build(), insist, then)
                .attempt();
    }

    private final class Call {
        private final ExecuteRequest request;
        private final boolean insist;
        private final Consumer<ExecuteResponse> then;
        private int attempts;
        private boolean over;

        Call(ExecuteRequest request, boolean insist, Consumer<ExecuteResponse> then) {
            this.request = request;
            this.insist = insist;
            this.then = then;
        }

        void attempt() {
            if (over) {
                return;
            }
            int attempt = ++attempts;
            SimMetadata server = servers.get(chance.below(servers.size()));
            Host there = server.host();
            if (there.isAlive() && wires.reaches(host, there)) {
                scheduler.after(swarm.latencyNanos(chance), there, () -> ask(server, attempt));
            }
            long wait = server.leader() == null ? RETRY_NANOS : ANSWER_NANOS;
            host.after(
                    wait,
                    () -> {
                        if (attempts == attempt) {
                            attempt();
                        }
                    });
        }

        private void ask(SimMetadata server, int attempt) {
            Leader leader = server.leader();
            if (leader == null) {
                return;
            }
            Host there = server.host();
            leader.execute(request, Caller.said("admin"))
                    .thenAccept(answer -> {
                        if (wires.reaches(there, host)) {
                            scheduler.after(
                                    swarm.latencyNanos(chance),
                                    host,
                                    () -> answered(answer, attempt));
                        }
                    });
        }

        private void answered(ExecuteResponse answer, int attempt) {
            if (over || attempts != attempt) {
                return;
            }
            Code code = answer.getFailure().getCode();
            boolean again =
                    answer.hasFailure()
                            && (insist
                                    || code == Code.CODE_NOT_LEADER
                                    || code == Code.CODE_UNAVAILABLE);
            if (again) {
                host.after(RETRY_NANOS, this::attempt);
                return;
            }
            over = true;
            busy = false;
            then.accept(answer);
        }
    }
}
