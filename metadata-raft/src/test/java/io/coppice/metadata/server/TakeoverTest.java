package io.coppice.metadata.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.wire.pb.BreakAttachment;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// One client after the other has a volume (R9).
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class TakeoverTest {
    @TempDir Path dir;

    private TestQuorum quorum(int servers) throws Exception {
        return new TestQuorum(dir, servers, TestQuorum.patientRaft(), TestQuorum.timeouts());
    }

    @Test
    void attachmentIsRefusedWhileItsHolderLivesAndTakenOverWhenItIsGone() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = MetadataServerTest.nodes(quorum);
            quorum.control.execute(MetadataServerTest.createVolume("v"));
            try (var second = new FakeClient(quorum.control, "second")) {
                second.awaitOpened();
                var first = new FakeClient(quorum.control, "first");
                first.awaitOpened();
                var held = first.attach("v");
                assertEquals(Code.CODE_CONFLICT, second.tryAttach("v").getFailure().getCode());
                first.close();
                TestQuorum.await("the holder is seen to be away", () -> conflictEnds(second));
                var taken = second.attach("v");
                assertTrue(taken.getFence() > held.getFence());
                assertTrue(
                        nodes.stream()
                                .allMatch(node ->
                                        node.barriers.stream()
                                                .anyMatch(b ->
                                                        b.getVolumes(0).getMinFence()
                                                                == taken.getFence())));

                quorum.control.execute(
                        ExecuteRequest.newBuilder()
                                .setBreakAttachment(BreakAttachment.newBuilder().setVolume("v")));
                TestQuorum.await(
                        "the loser was told",
                        () -> second.changes.stream().anyMatch(change -> change.getLost()));
            }
            MetadataServerTest.close(nodes);
        }
    }

    /// The answer of a request that came again is that of its first time (R13), and out of date.
    @Test
    void anAttachThatComesAgainAfterATakeoverIsRefused() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = MetadataServerTest.nodes(quorum);
            quorum.control.execute(MetadataServerTest.createVolume("v"));
            try (var first = new FakeClient(quorum.control, "first");
                    var second = new FakeClient(quorum.control, "second")) {
                first.awaitOpened();
                second.awaitOpened();
                long sequence = first.nextSequence();
                long held = first.attach("v", sequence).getAttached().getFence();
                assertEquals(held, first.attach("v", sequence).getAttached().getFence());
                quorum.control.execute(
                        ExecuteRequest.newBuilder()
                                .setBreakAttachment(BreakAttachment.newBuilder().setVolume("v")));
                assertTrue(second.attach("v").getFence() > held);
                var refused = first.attach("v", sequence).getFailure();
                assertEquals(Code.CODE_CONFLICT, refused.getCode());
                assertTrue(refused.getMessage().contains("taken over"), refused.getMessage());
            }
            MetadataServerTest.close(nodes);
        }
    }

    /// It may go on reading by itself for as long as its lease (R9).
    @Test
    void nobodyGetsAVolumeBeforeTheLeaseOfItsLastHolderIsOver() throws Exception {
        try (var quorum = quorum(1)) {
            var nodes = MetadataServerTest.nodes(quorum);
            quorum.control.execute(MetadataServerTest.createVolume("v"));
            long lease = TestQuorum.timeouts().node().toNanos();
            try (var second = new FakeClient(quorum.control, "second")) {
                second.awaitOpened();
                var first = new FakeClient(quorum.control, "first");
                first.awaitOpened();
                first.attach("v");
                long granted = System.nanoTime();
                assertEquals(lease, first.beat() * 1_000_000L);
                first.close();
                second.attach("v");
                assertTrue(System.nanoTime() - granted > lease, "taken over");

                granted = System.nanoTime();
                assertEquals(lease, second.beat() * 1_000_000L);
                quorum.control.execute(
                        ExecuteRequest.newBuilder()
                                .setBreakAttachment(BreakAttachment.newBuilder().setVolume("v")));
                try (var third = new FakeClient(quorum.control, "third")) {
                    third.awaitOpened();
                    third.attach("v");
                    assertTrue(System.nanoTime() - granted > lease, "broken");
                }
            }
            MetadataServerTest.close(nodes);
        }
    }

    private static boolean conflictEnds(FakeClient client) {
        try {
            return client.tryAttach("v").hasAttached();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }
}
