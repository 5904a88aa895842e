package io.coppice.node.lane;

import io.coppice.net.Network;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.node.replica.Ack;
import io.coppice.wire.pb.DataHeader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.collection.IntObjectHashMap;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A lane's connections to the nodes of its groups' other members: a stream of operations and a
/// peer for requests, both per address.
final class LaneLinks implements ReplicaLink.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(LaneLinks.class);

    private final Lane lane;
    private final Network network;
    private final EventLoop loop;
    private final Greeting greeting;
    private final Map<SocketAddress, ReplicaLink> links = new HashMap<>();
    private final Map<SocketAddress, Peer> peers = new HashMap<>();
    private final IntObjectHashMap<SocketAddress> addresses = new IntObjectHashMap<>();
    private final List<ReplicaLink> dirty = new ArrayList<>();

    LaneLinks(Lane lane, Network network, EventLoop loop, Greeting greeting) {
        this.lane = lane;
        this.network = network;
        this.loop = loop;
        this.greeting = greeting;
    }

    /// Where a store is, as the newest view says.
    void locate(int store, String address) {
        if (store == lane.storeId() || address.isEmpty()) {
            return;
        }
        SocketAddress parsed;
        try {
            parsed = Transport.parse(address);
        } catch (IllegalArgumentException e) {
            LOG.warn("store {} cannot be reached: {}", store, e.getMessage());
            return;
        }
        SocketAddress before = addresses.put(store, parsed);
        if (before != null && !before.equals(parsed)) {
            closeIfUnused(before);
        }
        link(parsed).connect();
    }

    void send(int store, DataHeader header, @Nullable ByteBuf payload) {
        SocketAddress address = addresses.get(store);
        if (address == null) {
            if (payload != null) {
                payload.release();
            }
            return;
        }
        ReplicaLink link = link(address);
        if (link.send(header, payload)) {
            dirty.add(link);
        }
    }

    /// False: there is no connection to it, and nothing was sent.
    boolean sendIfUp(int store, DataHeader header) {
        SocketAddress address = addresses.get(store);
        ReplicaLink link = address == null ? null : links.get(address);
        if (link == null || !link.isUp()) {
            return false;
        }
        if (link.send(header, null)) {
            dirty.add(link);
        }
        return true;
    }

    /// What was sent leaves now.
    void flush() {
        for (ReplicaLink link : dirty) {
            link.flush();
        }
        dirty.clear();
    }

    /// Asks the node of another store.
    void call(int store, DataHeader.Builder request, ReplyHandler handler) {
        SocketAddress address = addresses.get(store);
        if (address == null) {
            loop.execute(() -> handler.failed("store " + store + " has no known address"));
            return;
        }
        Peer peer =
                peers.computeIfAbsent(
                        address,
                        to ->
                                new Peer(
                                        network,
                                        loop,
                                        to,
                                        greeting.hello(),
                                        PeerConfig.defaults(),
                                        lane.time()));
        peer.open(0, greeting.pass().get());
        peer.call(
                request.setStore(store),
                null,
                TimeUnit.MILLISECONDS.toNanos(lane.config().requestTimeoutMillis()),
                handler);
    }

    void close() {
        links.values().forEach(ReplicaLink::close);
        peers.values().forEach(Peer::close);
    }

    private ReplicaLink link(SocketAddress address) {
        return links.computeIfAbsent(
                address, to -> new ReplicaLink(network, loop, to, greeting, this));
    }

    private void closeIfUnused(SocketAddress address) {
        if (addresses.containsValue(address)) {
            return;
        }
        ReplicaLink link = links.remove(address);
        if (link != null) {
            link.close();
        }
        Peer peer = peers.remove(address);
        if (peer != null) {
            peer.close();
        }
    }

    @Override
    public void linkUp(ReplicaLink link) {
        LOG.debug("{}: connected to {}", lane, Transport.show(link.address()));
        forStoresAt(
                link.address(), store -> lane.forEachGroup(group -> group.replica().linkUp(store)));
    }

    @Override
    public void linkDown(ReplicaLink link, String why) {
        LOG.info("{}: lost the connection to {}: {}", lane, Transport.show(link.address()), why);
        forStoresAt(
                link.address(),
                store -> lane.forEachGroup(group -> group.replica().linkDown(store)));
    }

    private void forStoresAt(SocketAddress address, java.util.function.IntConsumer each) {
        for (var entry : addresses.entries()) {
            if (entry.value().equals(address)) {
                each.accept(entry.key());
            }
        }
    }

    @Override
    public void acknowledgement(DataHeader header) {
        LaneGroup group = lane.group(header.getGroup());
        if (group != null) {
            group.replica()
                    .acknowledged(
                            header.getAskingStore(),
                            new Ack(
                                    header.getEpoch(),
                                    Request.outcome(header.getStatus()),
                                    header.getGroupSequence(),
                                    header.getSyncedSequence()));
        }
    }
}
