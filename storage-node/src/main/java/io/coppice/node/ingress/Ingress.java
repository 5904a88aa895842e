package io.coppice.node.ingress;

import io.coppice.net.Connection;
import io.coppice.net.FrameHandler;
import io.coppice.node.lane.Accepted;
import io.coppice.node.lane.Lane;
import io.coppice.node.lane.Request;
import io.coppice.port.Time;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataKind;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GroupEpoch;
import io.coppice.wire.pb.Hello;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One accepted connection. Lives on the connection's event loop.
public final class Ingress implements FrameHandler {
    private static final Logger LOG = LoggerFactory.getLogger(Ingress.class);
    private static final int PROTOCOL = 1;

    /// Connections to a node: those of its peers and of many clients.
    private static final int CONNECTIONS_MAX = 8_192;

    private final LaneTable lanes;
    private final Supplier<Hello> self;
    private final AtomicInteger connections;
    private final Accepted accepted = new Accepted();
    private boolean counted;
    private final Time time;
    private boolean greeted;
    private boolean refused;

    /// @param self what this node says of itself; its cluster is empty until the node is a member
    ///   of one
    /// @param connections open connections of the node, counted here
    public Ingress(LaneTable lanes, Supplier<Hello> self, AtomicInteger connections, Time time) {
        this.connections = connections;
        this.lanes = lanes;
        this.self = self;
        this.time = time;
    }

    @Override
    public void opened(Connection connection) {
        connection.attach(accepted);
        counted = true;
        if (connections.incrementAndGet() > CONNECTIONS_MAX) {
            LOG.warn("{}: turned away: {} connections are open", connection, CONNECTIONS_MAX);
            refused = true;
            connection.close("too many connections");
        }
    }

    @Override
    public void closed(Connection connection, String why) {
        if (counted) {
            counted = false;
            connections.decrementAndGet();
        }
        LOG.debug("{}: {}", connection, why);
    }

    @Override
    public void writabilityChanged(Connection connection) {
        // who does not read its answers may not ask for more
        connection.setReading(connection.isWritable() && accepted.mayRead());
    }

    @Override
    public void frame(Connection from, DataHeader header, ByteBuf payload) {
        long now = time.nanos();
        if (refused) {
            payload.release();
            return; // sent before the refusal arrived there
        }
        if (!greeted || header.getKind() == DataKind.HELLO) {
            payload.release();
            greet(from, header, now);
            return;
        }
        if (header.getReply() && header.getKind() != DataKind.REPLICATE) {
            payload.release();
            return; // nothing is asked over an accepted connection
        }
        if (header.getKind() == DataKind.SYNC) {
            payload.release();
            sync(from, header, now);
            return;
        }
        if (!mayAnswer(from, header)) {
            payload.release();
            return;
        }
        Lane lane = lanes.find(header.getGroup(), header.getStore());
        if (lane == null) {
            payload.release();
            refuseUnknown(new Request(from, header, now), header);
        } else if (lane.loop().inEventLoop()) {
            lane.frames().frame(from, header, payload, now);
        } else {
            lane.execute(() -> lane.frames().frame(from, header, payload, now));
        }
    }

    /// Refuses what would make the answers of this connection outgrow their bound.
    private boolean mayAnswer(Connection from, DataHeader header) {
        Accepted.Verdict verdict = accepted.owe(header, from.bytesAboveBound());
        if (verdict == Accepted.Verdict.PAUSE) {
            from.setReading(false);
        } else if (verdict == Accepted.Verdict.REFUSED) {
            from.send(
                    DataHeader.newBuilder()
                            .setRequestId(header.getRequestId())
                            .setKind(header.getKind())
                            .setReply(true)
                            .setStatus(DataStatus.OVERLOADED)
                            .setMessage("too much is asked for on one connection")
                            .build(),
                    null);
        }
        return verdict != Accepted.Verdict.REFUSED;
    }

    private static void refuseUnknown(Request request, DataHeader header) {
        switch (header.getKind()) {
            case REPLICATE,
                    COMMITTED -> {} // not answered one by one: sent again until the view is right
            case DATA_KIND_UNSPECIFIED, PURGE_OP, UNRECOGNIZED ->
                    request.refuse(DataStatus.BAD_REQUEST, "unknown kind of request");
            default ->
                    request.refuse(
                            DataStatus.NOT_PRIMARY,
                            "group " + header.getGroup() + " has no replica here");
        }
    }

    // ---------------------------------------------------------------- hello

    private void greet(Connection from, DataHeader header, long now) {
        var request = new Request(from, header, now);
        Hello here = self.get();
        String problem =
                header.getKind() == DataKind.HELLO
                        ? problem(header.getHello(), here)
                        : "say hello first";
        if (problem == null) {
            greeted = true;
            request.answer(request.reply(DataStatus.OK).setHello(here), null);
            return;
        }
        refused = true;
        LOG.warn("{}: refused: {}", from, problem);
        request.refuse(DataStatus.BAD_REQUEST, problem);
        from.flush();
        from.close(problem);
    }

    private static @org.jspecify.annotations.Nullable String problem(Hello there, Hello here) {
        if (there.getProtocol() != PROTOCOL) {
            return "protocol " + there.getProtocol() + " is not spoken here, only " + PROTOCOL;
        }
        if (!there.getCluster().isEmpty() && !there.getCluster().equals(here.getCluster())) {
            return "this node belongs to "
                    + (here.getCluster().isEmpty()
                            ? "no cluster yet"
                            : "cluster " + here.getCluster())
                    + ", not to "
                    + there.getCluster();
        }
        return null;
    }

    // ---------------------------------------------------------------- flush

    /// Groups of a flush may be on several lanes: each makes its own durable, the worst outcome
    /// counts.
    private void sync(Connection from, DataHeader header, long now) {
        var request = new Request(from, header, now);
        Map<Lane, List<GroupEpoch>> byLane = new LinkedHashMap<>();
        for (GroupEpoch each : header.getSyncGroupsList()) {
            Lane lane = lanes.find(each.getGroup(), header.getStore());
            if (lane == null) {
                request.refuse(
                        DataStatus.NOT_SERVING,
                        "group " + each.getGroup() + " has no replica here");
                return;
            }
            byLane.computeIfAbsent(lane, _ -> new ArrayList<>()).add(each);
        }
        if (byLane.isEmpty()) {
            request.answer(request.reply(DataStatus.OK), null);
            return;
        }
        var open = new AtomicInteger(byLane.size());
        var outcome = new AtomicReference<>(DataStatus.OK);
        byLane.forEach((lane, groups) ->
                lane.execute(() ->
                        lane.frames()
                                .sync(
                                        groups,
                                        now,
                                        status -> {
                                            outcome.compareAndSet(DataStatus.OK, status);
                                            if (open.decrementAndGet() == 0) {
                                                request.answer(
                                                        request.reply(
                                                                java.util.Objects.requireNonNull(
                                                                        outcome.get())),
                                                        null);
                                            }
                                        })));
    }
}
