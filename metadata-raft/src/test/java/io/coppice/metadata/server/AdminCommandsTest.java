package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Volume;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.CreateSnapshots;
import io.coppice.wire.pb.CreateVolume;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.SnapshotName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AdminCommandsTest {
    private static final long SESSION = 77;
    private static final int NODES = 3;
    private static final Caller SOMEBODY = Caller.said("somebody");

    private final List<Barrier> barriers = new ArrayList<>();

    private static AtOnceQuorum quorumWithAnAttachedVolume() {
        var quorum = new AtOnceQuorum();
        quorum.registerNodes(NODES);
        var config = new ClusterConfig("c", NODES, 2, 4, 64 << 10, false, 1_000);
        quorum.apply(0, 0, new Command.InitializeCluster(config));
        quorum.apply(0, 0, new Command.OpenSession(SESSION, "client", false));
        quorum.apply(SESSION, 1, new Command.CreateVolume("v", 1 << 20, Map.of()));
        quorum.apply(SESSION, 2, new Command.Attach("v", 0));
        return quorum;
    }

    private static ExecuteRequest snapshot(long sequence, String name) {
        var of = SnapshotName.newBuilder().setVolume("v").setSnapshot(name);
        return ExecuteRequest.newBuilder()
                .setSession(1)
                .setSequence(sequence)
                .setCreateSnapshots(CreateSnapshots.newBuilder().addSnapshots(of))
                .build();
    }

    private static long generation(AtOnceQuorum quorum) {
        return quorum.read(view -> view.volume("v").map(Volume::generation).orElseThrow());
    }

    private void connectNodes(Leadership leadership) {
        for (int node = 1; node <= NODES; node++) {
            boolean first = node == 1;
            leadership
                    .barriers()
                    .connected(
                            node,
                            barrier -> {
                                if (first) {
                                    barriers.add(barrier);
                                }
                            });
        }
    }

    private void nodesFinish(Leadership leadership, Barrier barrier) {
        for (int node = 1; node <= NODES; node++) {
            leadership.barriers().done(node, barrier.getBarrier());
        }
    }

    /// A client asks again when no answer comes: no command would follow a second seal, and writers
    /// would wait for its generation.
    @Test
    void aRequestThatComesAgainWhileItWaitsForItsSealSealsOnce() {
        AtOnceQuorum quorum = quorumWithAnAttachedVolume();
        Leadership leadership = quorum.leadership();
        connectNodes(leadership);
        long before = generation(quorum);
        var commands =
                new AdminCommands(
                        leadership,
                        new Cuts(leadership),
                        new KeyRotation(leadership, Entropy.system()));
        var first = commands.execute(snapshot(1, "s"), SOMEBODY);
        var again = commands.execute(snapshot(1, "s"), SOMEBODY);
        assertEquals(1, barriers.size());
        assertFalse(first.isDone());
        nodesFinish(leadership, barriers.getFirst());
        assertTrue(first.isDone());
        assertTrue(again.isDone());
        assertEquals(first.join().getSnapshotsList(), again.join().getSnapshotsList());
        assertEquals(1, barriers.size());
        assertEquals(before + 1, generation(quorum));
    }

    private static ExecuteRequest.Builder request(long sequence) {
        return ExecuteRequest.newBuilder().setSession(1).setSequence(sequence);
    }

    /// Its seal stands.
    @Test
    void aSealWhoseCommandIsRefusedRaisesTheGeneration() {
        AtOnceQuorum quorum = quorumWithAnAttachedVolume();
        Leadership leadership = quorum.leadership();
        connectNodes(leadership);
        long before = generation(quorum);
        var commands =
                new AdminCommands(
                        leadership,
                        new Cuts(leadership),
                        new KeyRotation(leadership, Entropy.system()));
        var clone = CreateClones.newBuilder().setVolume("v").addNames("c");
        var cloned = commands.execute(request(1).setCreateClones(clone).build(), SOMEBODY);
        var create = CreateVolume.newBuilder().setName("c").setSize(1 << 20);
        commands.execute(request(2).setCreateVolume(create).build(), Caller.said("another")).join();
        nodesFinish(leadership, barriers.getFirst());
        assertTrue(cloned.isCompletedExceptionally());
        assertEquals(before + 1, generation(quorum));
    }

    /// What is refused anyhow stops nobody's writes.
    @Test
    void whatCannotSucceedIsNotSealed() {
        AtOnceQuorum quorum = quorumWithAnAttachedVolume();
        Leadership leadership = quorum.leadership();
        connectNodes(leadership);
        long before = generation(quorum);
        var commands =
                new AdminCommands(
                        leadership,
                        new Cuts(leadership),
                        new KeyRotation(leadership, Entropy.system()));
        commands.execute(snapshot(1, "s"), SOMEBODY);
        var other = commands.execute(snapshot(2, "s"), SOMEBODY);
        nodesFinish(leadership, barriers.getFirst());
        assertTrue(other.isCompletedExceptionally());
        var past = CreateClones.newBuilder().setVolume("v").addNames("c").setExpiresMillis(1);
        var late = request(3).setCreateClones(past).build();
        assertTrue(commands.execute(late, SOMEBODY).isCompletedExceptionally());
        assertEquals(1, barriers.size());
        assertEquals(before + 1, generation(quorum));
    }

    /// The clock of who asks does not count.
    @Test
    void aTimeToLiveIsOfTheLeadersClock() {
        AtOnceQuorum quorum = quorumWithAnAttachedVolume();
        Leadership leadership = quorum.leadership();
        long now = leadership.time().wallMillis();
        var create = CreateVolume.newBuilder().setName("w").setSize(1 << 20).setTtlMillis(60_000);
        var request = request(1).setCreateVolume(create).build();
        var commands =
                new AdminCommands(
                        leadership,
                        new Cuts(leadership),
                        new KeyRotation(leadership, Entropy.system()));
        commands.execute(request, SOMEBODY).join();
        long ends = quorum.read(view -> view.volume("w").orElseThrow().expiresMillis());
        assertTrue(ends >= now + 60_000 && ends <= leadership.time().wallMillis() + 60_000);
    }
}
