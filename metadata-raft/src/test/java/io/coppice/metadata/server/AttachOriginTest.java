package io.coppice.metadata.server;

import static io.coppice.metadata.server.MetadataServerTest.close;
import static io.coppice.metadata.server.MetadataServerTest.createVolume;
import static io.coppice.metadata.server.MetadataServerTest.nodes;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.wire.pb.Attach;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.ReadAudit;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the audit log says of an attach that a client made for somebody else.
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class AttachOriginTest {
    @TempDir Path dir;

    @Test
    void aGatewayTellsForWhom() throws Exception {
        var raft = TestQuorum.patientRaft();
        try (var quorum = new TestQuorum(dir, 1, raft, TestQuorum.timeouts())) {
            var nodes = nodes(quorum);
            quorum.control.execute(createVolume("v"));
            try (var gateway = new FakeClient(quorum.control, "gateway")) {
                gateway.awaitOpened();
                gateway.attach("v");
                attachFor(gateway, "NBD client al@ice (pre-shared key)");
                attachFor(gateway, "x".repeat(1000));
            }
            var query = QueryRequest.newBuilder().setReadAudit(ReadAudit.getDefaultInstance());
            var attaches =
                    quorum.control.query(query.build()).getAuditList().stream()
                            .filter(record -> record.getAction().equals("attach volume"))
                            .toList();
            assertEquals(
                    List.of("", "NBD client al ice (pre-shared key)", "x".repeat(200)),
                    attaches.stream().map(record -> record.getFrom()).toList());
            attaches.forEach(record -> assertEquals("gateway", record.getPrincipal()));
            close(nodes);
        }
    }

    private static void attachFor(FakeClient gateway, String user) throws Exception {
        var attach =
                Attach.newBuilder()
                        .setVolume("v")
                        .setSequence(gateway.nextSequence())
                        .setUser(user);
        gateway.call(ClientMessage.newBuilder().setAttach(attach));
    }
}
