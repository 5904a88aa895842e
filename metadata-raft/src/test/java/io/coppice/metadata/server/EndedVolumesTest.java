package io.coppice.metadata.server;

import static io.coppice.metadata.server.MetadataServerTest.close;
import static io.coppice.metadata.server.MetadataServerTest.createVolume;
import static io.coppice.metadata.server.MetadataServerTest.nodes;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.wire.pb.Attached;
import io.coppice.wire.pb.CreateClones;
import io.coppice.wire.pb.DeleteVolume;
import io.coppice.wire.pb.ExecuteRequest;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Volumes that end under their holders (R9).
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class EndedVolumesTest {
    @TempDir Path dir;

    private TestQuorum quorum() throws Exception {
        return new TestQuorum(dir, 1, TestQuorum.patientRaft(), TestQuorum.timeouts());
    }

    @Test
    void theHolderOfADeletedVolumeIsFenced() throws Exception {
        try (var quorum = quorum()) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            try (var holder = new FakeClient(quorum.control, "holder")) {
                holder.awaitOpened();
                var held = holder.attach("v");
                quorum.control.execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteVolume(DeleteVolume.newBuilder().setName("v")));
                TestQuorum.await(
                        "every node heard of the fence",
                        () -> nodes.stream().allMatch(node -> fences(node, held)));
            }
            close(nodes);
        }
    }

    /// The leader may change, or the node be away, before it hears of the fence: then it learns
    /// from its registration that the volume is gone.
    @Test
    void aNodeThatMissedADeletionHearsOfItWhenItRegisters() throws Exception {
        try (var quorum = quorum()) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            quorum.control.execute(createVolume("w"));
            try (var holder = new FakeClient(quorum.control, "holder")) {
                holder.awaitOpened();
                var held = holder.attach("v");
                quorum.control.execute(
                        ExecuteRequest.newBuilder()
                                .setDeleteVolume(
                                        DeleteVolume.newBuilder().setName("v").setNow(true)));
                FakeNode node = nodes.getFirst();
                node.breakStream();
                TestQuorum.await("registered again", () -> refusesUnlisted(node, held));
                assertTrue(holder.attach("w").getFence() > held.getFence());
            }
            close(nodes);
        }
    }

    private static boolean refusesUnlisted(FakeNode node, Attached held) {
        var welcome = node.welcome;
        return welcome != null
                && welcome.getFencesGiven() >= held.getFence()
                && welcome.getBarriersList().stream()
                        .noneMatch(volume -> volume.getVolume() == held.getVolume());
    }

    @Test
    void theHolderOfAnExpiredCloneIsFencedAndTold() throws Exception {
        try (var quorum = quorum()) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            quorum.control.execute(
                    ExecuteRequest.newBuilder()
                            .setCreateClones(
                                    CreateClones.newBuilder()
                                            .setVolume("v")
                                            .addNames("c")
                                            .setExpiresMillis(System.currentTimeMillis() + 3_000)));
            try (var holder = new FakeClient(quorum.control, "holder")) {
                holder.awaitOpened();
                var held = holder.attach("c");
                TestQuorum.await(
                        "every node heard of the fence",
                        () -> nodes.stream().allMatch(node -> fences(node, held)));
                TestQuorum.await(
                        "the holder was told",
                        () ->
                                holder.changes.stream()
                                        .anyMatch(change ->
                                                change.getLost()
                                                        && change.getVolume() == held.getVolume()));
            }
            close(nodes);
        }
    }

    private static boolean fences(FakeNode node, Attached held) {
        return node.barriers.stream()
                .flatMap(barrier -> barrier.getVolumesList().stream())
                .anyMatch(volume ->
                        volume.getVolume() == held.getVolume()
                                && volume.getMinFence() > held.getFence());
    }
}
