package io.coppice.node.lane;

import io.coppice.node.replica.GroupView;
import io.coppice.node.replica.VolumeBarriers;
import io.coppice.wire.pb.GroupInfo;
import io.coppice.wire.pb.ReplicaInfo;
import io.coppice.wire.pb.ReplicaState;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/// A group's view, and barriers, as the quorum sends them, in the words of the replica's room.
final class ViewFrames {
    private ViewFrames() {}

    static GroupView view(GroupInfo info) {
        List<GroupView.Member> members = new ArrayList<>(info.getReplicasCount());
        for (ReplicaInfo replica : info.getReplicasList()) {
            members.add(new GroupView.Member(replica.getStore(), state(replica.getState())));
        }
        return new GroupView(info.getId(), info.getEpoch(), members);
    }

    static void raise(List<VolumeBarrier> volumes, VolumeBarriers barriers) {
        for (VolumeBarrier volume : volumes) {
            barriers.raise(volume.getVolume(), volume.getSealedGeneration(), volume.getMinFence());
        }
    }

    /// As the quorum lists them when the node registers.
    static void list(List<VolumeBarrier> volumes, long fencesGiven, VolumeBarriers barriers) {
        raise(volumes, barriers);
        var listed = new HashSet<Long>();
        volumes.forEach(volume -> listed.add(volume.getVolume()));
        barriers.listed(listed::contains, fencesGiven);
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
