package io.coppice.metadata.raft;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.raftlog.RaftLog;

/// Ratis' gRPC transport with a leader that believes a follower when it says what it lacks. Ratis
/// makes it by its class name.
final class ResendingRpc implements RpcType {
    ResendingRpc() {}

    @Override
    public String name() {
        return ResendingRpc.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
        return new Factory(parameters);
    }

    private static final class Factory extends GrpcFactory {
        Factory(Parameters parameters) {
            super(parameters);
        }

        @Override
        public LogAppender newLogAppender(
                RaftServer.Division server, LeaderState state, FollowerInfo follower) {
            return new Appender(server, state, follower);
        }
    }

    /// Ratis' own never goes back behind what the follower acknowledged once. A follower that lost
    /// its directory asks for the first entry; it was then sent what it could not append, or only
    /// heartbeats, for ever (RATIS-2523). Going back costs at most entries that are sent twice,
    /// which a follower skips.
    private static final class Appender extends GrpcLogAppender {
        Appender(RaftServer.Division server, LeaderState state, FollowerInfo follower) {
            super(server, state, follower);
        }

        @Override
        protected long getNextIndexForInconsistency(long requestFirst, long wanted) {
            return step(requestFirst, wanted);
        }
    }

    /// The entry to send next to a follower that refused a request from `requestFirst` on
    /// (negative: a heartbeat) and wants `wanted`. The same request is not sent again.
    static long step(long requestFirst, long wanted) {
        return wanted == requestFirst && wanted > RaftLog.LEAST_VALID_LOG_INDEX
                ? wanted - 1
                : wanted;
    }
}
