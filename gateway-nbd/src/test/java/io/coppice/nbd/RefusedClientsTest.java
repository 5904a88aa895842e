package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.coppice.directory.ControlException;
import io.coppice.directory.ControlPlane;
import io.coppice.directory.LeaderSession;
import io.coppice.directory.StreamListener;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class RefusedClientsTest {
    private final RefusedClients refused = new RefusedClients();
    private final Quorum quorum = new Quorum();

    @Test
    void areToldOnce() {
        refused.add("10.0.0.1:7", "no TLS");
        refused.add("10.0.0.1:8", "no TLS");
        refused.tell(quorum);
        refused.tell(quorum);
        assertEquals(List.of("10.0.0.1:8 no TLS 2"), quorum.told);
    }

    @Test
    void areToldLaterWhenTheQuorumDoesNotAnswer() {
        refused.add("10.0.0.1:7", "no TLS");
        quorum.answers = false;
        refused.tell(quorum);
        refused.add("10.0.0.2:7", "the certificate of eve was revoked");
        quorum.answers = true;
        refused.tell(quorum);
        refused.tell(quorum);
        assertEquals(
                List.of("10.0.0.1:7 no TLS 1", "10.0.0.2:7 the certificate of eve was revoked 1"),
                quorum.told);
    }

    @Test
    void whatTheySentIsCut() {
        refused.add("10.0.0.1:7", "x".repeat(1_000_000));
        refused.tell(quorum);
        assertEquals(List.of("10.0.0.1:7 " + "x".repeat(256) + " 1"), quorum.told);
    }

    private static final class Quorum implements ControlPlane {
        private final List<String> told = new ArrayList<>();
        private boolean answers = true;

        @Override
        public ExecuteResponse execute(ExecuteRequest.Builder command) throws ControlException {
            if (!answers) {
                throw new ControlException(Code.CODE_UNAVAILABLE, "no leader");
            }
            command.getReportRefused()
                    .getRefusedList()
                    .forEach(
                            it -> told.add(it.getFrom() + " " + it.getWhy() + " " + it.getCount()));
            return ExecuteResponse.getDefaultInstance();
        }

        @Override
        public QueryResponse query(QueryRequest query) {
            throw new AssertionError("nothing is asked");
        }

        @Override
        public void stream(QueryRequest query, Consumer<QueryResponse> each) {
            throw new AssertionError("nothing is asked");
        }

        @Override
        public LeaderSession nodeSession(StreamListener<NodeMessage, NodeDirective> listener) {
            throw new AssertionError("this is no node");
        }

        @Override
        public LeaderSession clientSession(
                StreamListener<ClientMessage, ClientDirective> listener) {
            throw new AssertionError("no session is opened");
        }

        @Override
        public void close() {}
    }
}
