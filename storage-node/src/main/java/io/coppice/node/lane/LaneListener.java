package io.coppice.node.lane;

/// What a lane reports to the quorum's session; called on the lane.
public interface LaneListener {
    /// Everything that the barrier waited for on this lane is finished.
    void barrierPassed(Lane lane, long barrier);

    void purged(int group, long[] chunks);

    void replicaSynced(int group, long epoch, int store);

    void replicaFailed(int group, long epoch, int store, String why);

    /// The store is down for good (R11); its replicas have stopped.
    void storeFailed(Lane lane, String why);
}
