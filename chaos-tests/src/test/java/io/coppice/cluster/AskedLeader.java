package io.coppice.cluster;

import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.directory.StreamListener;
import io.coppice.directory.StreamSender;
import io.coppice.tls.Credentials;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.RegisterNode;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;

/// The leader, asked by somebody over a connection of his own. Each answers with why that was
/// refused; empty: it was not.
@NullUnmarked
record AskedLeader(AttackedCluster cluster, Credentials who) {
    interface Call {
        void to(ControlClient client) throws ControlException;
    }

    String refused(Call call) {
        try (var client = client()) {
            call.to(client);
            return "";
        } catch (ControlException refused) {
            return refused.code() == Code.CODE_NOT_ALLOWED ? refused.getMessage() : "";
        }
    }

    private ControlClient client() {
        return new ControlClient(cluster.endpoints(), AttackedCluster.PATIENCE, who);
    }

    String attaches(String volume) throws Exception {
        try (var intruder = Intruder.inside(cluster, who)) {
            return intruder.refusedAttach(volume);
        }
    }

    /// With no volume attached.
    String leases() throws Exception {
        try (var intruder = Intruder.inside(cluster, who)) {
            return intruder.refusedLease();
        }
    }

    /// As a node of that name.
    String registers(String node) throws Exception {
        var said = new CompletableFuture<String>();
        var listener =
                new StreamListener<NodeMessage, NodeDirective>() {
                    @Override
                    public void opened(StreamSender<NodeMessage> sender, String endpoint) {
                        var register = RegisterNode.newBuilder().setName(node).setCluster("test");
                        sender.send(NodeMessage.newBuilder().setRegister(register).build());
                    }

                    @Override
                    public void received(NodeDirective directive) {
                        said.complete(
                                directive.hasRefused() ? directive.getRefused().getMessage() : "");
                    }

                    @Override
                    public void closed(String why) {}
                };
        try (var client = client();
                var session = client.nodeSession(listener)) {
            return said.get(60, TimeUnit.SECONDS);
        }
    }
}
