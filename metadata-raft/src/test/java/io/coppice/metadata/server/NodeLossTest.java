package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.metadata.server.MetadataServerConfig.Timeouts;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ReplicaState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Nobody is put in the place of a node whose lease may hold (R5). Only lower bounds of times are
/// asserted, so a slow machine fails nothing.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class NodeLossTest {
    @TempDir Path dir;

    private TestQuorum quorum(int servers, Duration lease) throws Exception {
        var timeouts =
                new Timeouts(
                        lease,
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(1),
                        false);
        return new TestQuorum(dir, servers, TestQuorum.patientRaft(), timeouts);
    }

    private static List<FakeNode> nodes(TestQuorum quorum) throws Exception {
        var nodes = new ArrayList<FakeNode>();
        for (int i = 1; i <= 3; i++) {
            nodes.add(new FakeNode(quorum.control, "n" + i));
        }
        TestQuorum.await("nodes", () -> nodes.stream().allMatch(node -> node.welcome != null));
        quorum.initialize(4);
        TestQuorum.await("views", () -> nodes.stream().allMatch(node -> node.views.size() == 4));
        return nodes;
    }

    private static boolean serves(GroupInfo group, int node) {
        return group.getReplicasList().stream()
                .anyMatch(replica ->
                        replica.getNode() == node
                                && replica.getState() == ReplicaState.REPLICA_SERVING);
    }

    private static void awaitLost(int node, FakeNode witness) {
        TestQuorum.await(
                "its replicas are taken out",
                () -> witness.views.values().stream().noneMatch(group -> serves(group, node)));
    }

    private static void close(List<FakeNode> nodes) throws Exception {
        for (FakeNode node : nodes) {
            node.close();
        }
    }

    @Test
    void aSilentNodeIsLostOnceItsLeaseIsOver() throws Exception {
        try (var quorum = quorum(1, Duration.ofSeconds(2))) {
            var nodes = nodes(quorum);
            FakeNode silent = nodes.getFirst();
            int id = silent.id();
            TestQuorum.await("beats are answered", () -> silent.answers.get() > 3);
            silent.beats = false;
            awaitLost(id, nodes.getLast());
            assertTrue(System.nanoTime() - silent.leaseEndNanos() > 0, "it held a lease");
            silent.beats = true;
            TestQuorum.await(
                    "it registers again",
                    () -> silent.welcome != null && System.nanoTime() - silent.leaseEndNanos() < 0);
            close(nodes);
        }
    }

    @Test
    void aNewProcessOnOtherStoresWaitsForTheLeaseOfTheOldOne() throws Exception {
        try (var quorum = quorum(1, Duration.ofSeconds(2))) {
            var nodes = nodes(quorum);
            FakeNode old = nodes.getFirst();
            TestQuorum.await("beats are answered", () -> old.answers.get() > 1);
            try (var young = new FakeNode(quorum.control, old.name, 2, "another-store")) {
                int before = old.answers.get();
                TestQuorum.await("the old one goes on", () -> old.answers.get() > before + 5);
                assertTrue(young.welcome == null, "the old one may serve");
                old.beats = false;
                TestQuorum.await("the new one is welcome", () -> young.welcome != null);
                assertTrue(System.nanoTime() - old.leaseEndNanos() > 0, "it held a lease");
            }
            close(nodes);
        }
    }

    @Test
    void aNewLeaderWaitsALeaseBeforeItDeclaresAnyoneLost() throws Exception {
        Duration lease = Duration.ofSeconds(5);
        try (var quorum = quorum(3, lease)) {
            var nodes = nodes(quorum);
            int id = nodes.getFirst().id();
            String first = quorum.leader().id();
            nodes.getFirst().close();
            long before = System.nanoTime();
            quorum.stop(first);
            awaitLost(id, nodes.getLast());
            assertTrue(System.nanoTime() - before > lease.toNanos(), "it may have held a lease");
            close(nodes);
        }
    }

    @Test
    void aLeaderWithoutAQuorumAnswersNoBeat() throws Exception {
        Duration lease = Duration.ofSeconds(3);
        try (var quorum = quorum(3, lease)) {
            var nodes = nodes(quorum);
            String leader = quorum.leader().id();
            for (String id : List.copyOf(quorum.running.keySet())) {
                if (!id.equals(leader)) {
                    quorum.stop(id);
                }
            }
            long alone = System.nanoTime();
            for (FakeNode node : nodes) {
                TestQuorum.await(
                        "its lease runs out", () -> System.nanoTime() - node.leaseEndNanos() > 0);
                assertTrue(
                        node.leaseEndNanos() - alone <= lease.toNanos(),
                        "a beat that was sent to a leader without a quorum was answered");
            }
            close(nodes);
        }
    }
}
