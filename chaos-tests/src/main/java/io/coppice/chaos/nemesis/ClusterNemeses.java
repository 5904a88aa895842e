package io.coppice.chaos.nemesis;

import io.coppice.chaos.cluster.Server;
import io.coppice.chaos.nemesis.Nemesis.Blow;
import io.coppice.chaos.nemesis.Nemesis.Load;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.AddMetadataServer;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.DeleteSnapshot;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.DrainNode;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.RemoveMetadataServer;
import io.coppice.wire.pb.RemoveNode;
import io.coppice.wire.pb.SnapshotName;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/// What operators do, in the middle of everything: members leave and join, nodes are emptied,
/// storms of snapshots and clones. And clocks.
final class ClusterNemeses {
    private static final Duration LASTS = Duration.ofSeconds(10);
    private static final Duration MOMENT = Duration.ofSeconds(1);
    private static final int STORM = 40;
    private static final double DRIFT = 0.01;
    private static final long JUMP_MILLIS = 3_600_000;

    private ClusterNemeses() {}

    static List<Nemesis> all() {
        return List.of(
                new Nemesis(
                        "drain",
                        "a node is emptied, and filled again",
                        Load.HEAVY,
                        LASTS,
                        ClusterNemeses::drain),
                new Nemesis(
                        "replace-node",
                        "a node is removed, and comes back as a new one",
                        Load.HEAVY,
                        MOMENT,
                        ClusterNemeses::replaceNode),
                new Nemesis(
                        "replace-metadata",
                        "a metadata server leaves the quorum, and joins it again with an empty disk",
                        Load.HEAVY,
                        MOMENT,
                        ClusterNemeses::replaceMetadata),
                new Nemesis(
                        "storm",
                        "volumes, snapshots and clones are made and deleted as fast as it goes",
                        Load.LIGHT,
                        MOMENT,
                        ClusterNemeses::storm),
                new Nemesis(
                        "clock-drift",
                        "a server's clock runs 1 % fast or slow",
                        Load.LIGHT,
                        LASTS,
                        ClusterNemeses::drift),
                new Nemesis(
                        "clock-jump",
                        "a server's time of day jumps back by up to an hour",
                        Load.LIGHT,
                        LASTS,
                        ClusterNemeses::jump));
    }

    private static Blow drain(Arena arena, SplittableRandom random) throws IOException {
        Server node = Arena.one(arena.nodes(), random);
        execute(arena, drain(node, false));
        return new Blow("drain " + node.name(), () -> execute(arena, drain(node, true)));
    }

    private static ExecuteRequest.Builder drain(Server node, boolean cancel) {
        return ExecuteRequest.newBuilder()
                .setDrainNode(DrainNode.newBuilder().setNode(node.name()).setCancel(cancel));
    }

    private static Blow replaceNode(Arena arena, SplittableRandom random) throws IOException {
        Server node = Arena.one(arena.nodes(), random);
        execute(arena, drain(node, false));
        try {
            arena.cluster().awaitDrained(node.name());
            node.loseDisk();
            var remove = RemoveNode.newBuilder().setNode(node.name());
            execute(arena, ExecuteRequest.newBuilder().setRemoveNode(remove));
        } catch (IOException stays) {
            return new Blow(
                    "not replaced: " + node.name() + ", " + stays.getMessage(),
                    () -> {
                        node.start();
                        execute(arena, drain(node, true));
                    });
        }
        return new Blow("replace " + node.name(), node::start);
    }

    private static Blow replaceMetadata(Arena arena, SplittableRandom random) throws IOException {
        Server server = Arena.one(arena.metadata(), random);
        var remove = RemoveMetadataServer.newBuilder().setId(server.name());
        execute(arena, ExecuteRequest.newBuilder().setRemoveMetadataServer(remove));
        server.loseDisk();
        return new Blow(
                "replace " + server.name(),
                () -> {
                    server.start();
                    var add =
                            AddMetadataServer.newBuilder()
                                    .setId(server.name())
                                    .setRaftAddress(arena.cluster().raftAddress(server))
                                    .setControlAddress(arena.cluster().controlAddress(server));
                    execute(arena, ExecuteRequest.newBuilder().setAddMetadataServer(add));
                });
    }

    /// Failures are no matter: what is left is deleted by the next storm or stays.
    private static Blow storm(Arena arena, SplittableRandom random) throws IOException {
        String prefix = "storm" + random.nextInt(Integer.MAX_VALUE);
        int done = 0;
        try {
            var control = arena.cluster().control();
            control.execute(
                    ExecuteRequest.newBuilder()
                            .setCreateVolume(
                                    CreateVolume.newBuilder().setName(prefix).setSize(1L << 40)));
            for (int i = 0; i < STORM; i++) {
                var snapshot =
                        SnapshotName.newBuilder().setVolume(prefix).setSnapshot("s" + i).build();
                control.execute(
                        ExecuteRequest.newBuilder()
                                .setCreateSnapshots(
                                        CreateSnapshots.newBuilder().addSnapshots(snapshot)));
                control.execute(
                        ExecuteRequest.newBuilder()
                                .setCreateClones(
                                        CreateClones.newBuilder()
                                                .setVolume(prefix)
                                                .setSnapshot("s" + i)
                                                .addNames(prefix + "-" + i)));
                if (random.nextBoolean()) {
                    control.execute(
                            ExecuteRequest.newBuilder()
                                    .setDeleteSnapshot(
                                            DeleteSnapshot.newBuilder().setSnapshot(snapshot)));
                }
                done++;
            }
            control.execute(deleted(prefix));
            for (int i = 0; i < STORM; i++) {
                control.execute(deleted(prefix + "-" + i));
            }
        } catch (ControlException notNow) {
            return new Blow("storm, cut short after " + done, () -> {});
        }
        return new Blow("storm of " + done, () -> {});
    }

    private static ExecuteRequest.Builder deleted(String volume) {
        return ExecuteRequest.newBuilder()
                .setDeleteVolume(DeleteVolume.newBuilder().setName(volume).setNow(true));
    }

    private static void execute(Arena arena, ExecuteRequest.Builder command) throws IOException {
        try {
            arena.cluster().patiently().execute(command);
        } catch (ControlException refused) {
            if (refused.code() != Code.CODE_NOT_FOUND) { // else it was done the first time
                throw new IOException(refused.getMessage(), refused);
            }
        }
    }

    // ------------------------------------------------------------ clocks

    private static Blow drift(Arena arena, SplittableRandom random) {
        Server server = Arena.one(arena.cluster().servers(), random);
        double rate = random.nextBoolean() ? 1 + DRIFT : 1 - DRIFT;
        arena.clocks().drift(server.name(), rate);
        return new Blow(
                "clock of " + server.name() + " x" + rate,
                () -> arena.clocks().drift(server.name(), 1));
    }

    private static Blow jump(Arena arena, SplittableRandom random) {
        Server server = Arena.one(arena.cluster().servers(), random);
        // Not ahead: a process that came from the future is not replaced by one with an older disk.
        long millis = -random.nextLong(JUMP_MILLIS);
        arena.clocks().jump(server.name(), millis);
        return new Blow(
                "time of " + server.name() + " off by " + millis / 1000 + " s",
                () -> arena.clocks().jump(server.name(), 0));
    }
}
