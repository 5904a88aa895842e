package io.coppice.directory;

import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.QueryResponse;
import java.util.function.Consumer;

/// A cluster's metadata quorum, as its nodes, clients and administrators see it: [ControlClient]
/// over gRPC, or the simulator's. Thread-safe.
public interface ControlPlane extends AutoCloseable {
    /// Carries a command out once, however often it had to be sent; waits. Session and sequence are
    /// set here.
    ExecuteResponse execute(ExecuteRequest.Builder command) throws ControlException;

    /// A linearizable read; waits.
    QueryResponse query(QueryRequest query) throws ControlException;

    /// A linearizable read whose answer comes in parts; waits for all of them. A failure in the
    /// middle is not retried: `each` may have seen a part of it.
    void stream(QueryRequest query, Consumer<QueryResponse> each) throws ControlException;

    /// Opens a storage node's session with the leader, and keeps it open.
    LeaderSession nodeSession(StreamListener<NodeMessage, NodeDirective> listener);

    /// Opens a client's session with the leader, and keeps it open.
    LeaderSession clientSession(StreamListener<ClientMessage, ClientDirective> listener);

    @Override
    void close();
}
