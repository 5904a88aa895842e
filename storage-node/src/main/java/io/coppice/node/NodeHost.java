package io.coppice.node;

import io.coppice.node.lane.Lane;
import io.coppice.node.store.StoreConfig;
import io.coppice.port.Time;
import java.net.InetSocketAddress;
import java.util.List;

/// What a [NodeSession] stands on: the process, its sockets, its stores. Thread-safe.
public interface NodeHost {
    /// The data plane's address, with the port that was bound.
    InetSocketAddress dataAddress();

    InetSocketAddress httpAddress();

    List<? extends StoreHome> homes();

    io.coppice.node.ingress.LaneTable lanes();

    /// Starts the lane of an open store, under the id that the quorum gave it.
    Lane startLane(StoreHome home, int storeId, StoreConfig storeConfig);

    Time time();
}
