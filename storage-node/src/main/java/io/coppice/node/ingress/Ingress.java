package io.coppice.node.ingress;

import io.coppice.net.Connection;
import io.coppice.net.FrameHandler;
import io.coppice.net.Transport;
import io.coppice.node.lane.Accepted;
import io.coppice.node.lane.Lane;
import io.coppice.node.lane.Request;
import io.coppice.port.Time;
import io.coppice.tls.Identity;
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
    private final Access access;
    private final Grants grants;
    private long session;
    private boolean greeted;
    private boolean refused;

    /// @param self what this node says of itself; its cluster is empty until the node is a member
    ///   of one
    /// @param connections open connections of the node, counted here
    public Ingress(
            LaneTable lanes,
            Supplier<Hello> self,
            AtomicInteger connections,
            Access access,
            Time time) {
        this.access = access;
        this.grants = new Grants(access);
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
        if (isOfServers(header.getKind()) && isStranger(from)) {
            payload.release();
            turnAway(from, header);
            return;
        }
        if (header.getKind() == DataKind.OPEN) {
            payload.release();
            open(from, header, now);
            return;
        }
        Grants.Ruling ruling = grants.judge(header, session, now);
        if (!ruling.isAllowed()) {
            payload.release();
            refuseAccess(from, header, ruling.why());
            return;
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
            return;
        }
        boolean fresh = ruling == Grants.Ruling.FRESH;
        if (lane.loop().inEventLoop()) {
            lane.frames().frame(from, header, payload, fresh, now);
        } else {
            lane.execute(() -> lane.frames().frame(from, header, payload, fresh, now));
        }
    }

    /// What replicas tell and ask each other.
    private static boolean isOfServers(DataKind kind) {
        return switch (kind) {
            case REPLICATE, COMMITTED, PULL_CHUNKS, FETCH_CHUNK, READ_REPLICA, TAIL, SYNCED -> true;
            default -> false;
        };
    }

    /// In a cluster without certificates nobody is one.
    private static boolean isStranger(Connection from) {
        Identity peer = from.peer();
        return peer != null && peer.kind() != Identity.Kind.SERVER;
    }

    /// Such frames are not all answered one by one, so the connection ends.
    private void turnAway(Connection from, DataHeader header) {
        refused = true;
        LOG.warn(
                "{}: {} is no server of the cluster and sent {}",
                from,
                from.peer(),
                header.getKind());
        String why = "only servers of the cluster may send " + header.getKind();
        tell(from, header, why);
        from.close(why);
    }

    /// Refuses what would make the answers of this connection outgrow their bound.
    private boolean mayAnswer(Connection from, DataHeader header) {
        Accepted.Verdict verdict = accepted.owe(header, from.bytesAboveBound());
        if (verdict == Accepted.Verdict.PAUSE) {
            from.setReading(false);
        } else if (verdict == Accepted.Verdict.REFUSED) {
            refuse(from, header, DataStatus.OVERLOADED, "too much is asked for on one connection");
        }
        return verdict != Accepted.Verdict.REFUSED;
    }

    /// A request that was not counted as owed an answer.
    private static void refuse(Connection from, DataHeader header, DataStatus status, String why) {
        from.send(
                DataHeader.newBuilder()
                        .setRequestId(header.getRequestId())
                        .setKind(header.getKind())
                        .setReply(true)
                        .setStatus(status)
                        .setMessage(why)
                        .build(),
                null);
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

    // ---------------------------------------------------------------- access

    private void open(Connection from, DataHeader header, long now) {
        String problem =
                grants.open(
                        header.getCapability().toByteArray(),
                        session,
                        from.peer(),
                        now,
                        time.wallMillis());
        if (problem == null) {
            var request = new Request(from, header, now);
            request.answer(request.reply(DataStatus.OK), null);
        } else {
            refuseAccess(from, header, problem);
        }
    }

    private void refuseAccess(Connection from, DataHeader header, String why) {
        LOG.debug("{}: {} refused: {}", from, header.getKind(), why);
        tell(from, header, why);
        switch (header.getKind()) {
            // Not answered one by one. A node that has yet to hear of a key sends again over a new
            // connection what it sent over one that broke, and over none that stands.
            case REPLICATE, COMMITTED -> from.close(why);
            default -> refuse(from, header, DataStatus.NOT_ALLOWED, why);
        }
    }

    /// Into the audit log.
    private void tell(Connection from, DataHeader header, String why) {
        Identity peer = from.peer();
        access.refused(
                Transport.show(from.remote()),
                peer == null ? "" : peer.name(),
                header.getKind().name(),
                header.getVolume(),
                why);
    }

    // ---------------------------------------------------------------- hello

    private void greet(Connection from, DataHeader header, long now) {
        var request = new Request(from, header, now);
        Hello here = self.get();
        String problem =
                header.getKind() == DataKind.HELLO
                        ? problem(from, header.getHello(), here)
                        : "say hello first";
        if (greeted) {
            // What the connection has shown counts in the session that it began with, and in no
            // other: there it would be somebody else's.
            problem = "hello was said already";
        }
        if (problem == null) {
            greeted = true;
            session = header.getHello().getSession();
            request.answer(request.reply(DataStatus.OK).setHello(here), null);
            return;
        }
        refused = true;
        LOG.warn("{}: refused: {}", from, problem);
        if (isStranger(from)) {
            tell(from, header, problem);
        }
        request.refuse(DataStatus.BAD_REQUEST, problem);
        from.flush();
        from.close(problem);
    }

    private static @org.jspecify.annotations.Nullable String problem(
            Connection from, Hello there, Hello here) {
        if (there.getNode() != 0 && isStranger(from)) {
            return from.peer() + " is no storage node of the cluster";
        }
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
