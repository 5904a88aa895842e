package io.coppice.node.lane;

import io.coppice.node.replica.GroupView;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import java.util.ArrayList;
import java.util.List;

/// A group's view as the quorum sends it, in the words of the replica's room.
final class ViewFrames {
    private ViewFrames() {}

    static GroupView view(GroupInfo info) {
        List<GroupView.Member> members = new ArrayList<>(info.getReplicasCount());
        for (ReplicaInfo replica : info.getReplicasList()) {
            members.add(new GroupView.Member(replica.getStore(), state(replica.getState())));
        }
        return new GroupView(info.getId(), info.getEpoch(), members);
    }

    private static GroupView.State state(ReplicaState state) {
        return switch (state) {
            case REPLICA_SYNCING -> GroupView.State.SYNCING;
            case REPLICA_SERVING, REPLICA_DRAINING -> GroupView.State.SERVING;
            case REPLICA_LAST -> GroupView.State.LAST;
            case REPLICA_DOWN, UNRECOGNIZED -> GroupView.State.DOWN;
        };
    }
}
