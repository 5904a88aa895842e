package io.coppice.node;

import io.coppice.node.ingress.Access;
import io.coppice.node.ingress.LaneTable;
import io.coppice.node.lane.Lane;
import io.coppice.node.replica.NodeLease;
import io.coppice.node.store.StoreConfig;
import io.coppice.node.store.StoreFormatException;
import io.coppice.port.Time;
import io.coppice.wire.pb.ScrubReport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/// What a [NodeSession] stands on: the process, its sockets, its stores. Thread-safe.
public interface NodeHost {
    /// The data plane's address, with the port that was bound.
    InetSocketAddress dataAddress();

    InetSocketAddress httpAddress();

    List<? extends StoreHome> homes();

    LaneTable lanes();

    /// What the data plane's door asks for.
    Access access();

    /// Starts the lane of an open store, under the id that the quorum gave it.
    ///
    /// @param lease what it may serve by
    Lane startLane(StoreHome home, int storeId, StoreConfig storeConfig, NodeLease lease)
            throws StoreFormatException;

    /// How far the scrub of a store with a lane is.
    ScrubReport scrub(int storeId);

    /// The store cannot be opened: it is down.
    void cannotBeUsed(StoreHome home, IOException why);

    /// Keeps a store that failed from being used again. Does not wait.
    void storeFailed(StoreHome home, int storeId, String why);

    /// All certificates that count no more: who has one loses its connections.
    default void revoked(List<String> serials) {}

    Time time();
}
