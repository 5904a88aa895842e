package io.coppice.client;

import com.codahale.metrics.Counter;
import com.codahale.metrics.MetricRegistry;
import com.google.protobuf.ByteString;
import io.coppice.client.plan.ChunkOp;
import io.coppice.client.plan.Fault;
import io.coppice.client.plan.Fault.Reason;
import io.coppice.net.Network;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Entropy;
import io.coppice.port.Marks;
import io.coppice.port.Time;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// Sends operations to the primaries of their groups and again until the outcome is known: the one
/// place that reads status codes. Retries pause with back-off and jitter, and go at once when a new
/// view of their group arrives. On the event loop.
final class NodeCalls {
    /// A request that is refused so often will be for ever.
    private static final int NOT_ALLOWED_MAX = 10;

    private final Network network;
    private final EventLoop loop;
    private final ClientConfig config;
    private final Views views;
    private final Runnable refreshViews;
    private final Map<String, Peer> peers = new HashMap<>();

    /// What nodes are shown, by volume.
    private final Map<Long, ByteString> capabilities = new HashMap<>();

    private final Set<DataOp> pausing = new LinkedHashSet<>();
    private final SealedBlocks sealed;
    private final Counter retries;
    private final Counter recalled;
    private final Time time;
    private final Entropy entropy;
    private Hello hello = Hello.getDefaultInstance();
    private long session;

    NodeCalls(
            Network network,
            EventLoop loop,
            ClientConfig config,
            Views views,
            MetricRegistry metrics,
            Runnable refreshViews,
            Time time,
            Entropy entropy) {
        this.time = time;
        this.entropy = entropy;
        this.network = network;
        this.loop = loop;
        this.config = config;
        this.views = views;
        this.refreshViews = refreshViews;
        sealed = new SealedBlocks(config.cacheBytes());
        retries = metrics.counter("client.retries");
        recalled = metrics.counter("client.recalled");
    }

    /// Connections made from now on introduce themselves like this; those of an earlier session
    /// end.
    void introduceAs(long newSession, String cluster) {
        if (newSession != session) {
            closePeers();
            capabilities.clear();
        }
        session = newSession;
        hello =
                Hello.newBuilder()
                        .setProtocol(1)
                        .setCluster(cluster)
                        .setSession(newSession)
                        .build();
    }

    /// Shows every node what may be done with a volume from here on; empty: they do not ask.
    void open(long volume, ByteString capability) {
        ByteString before =
                capability.isEmpty()
                        ? capabilities.remove(volume)
                        : capabilities.put(volume, capability);
        if (!capability.equals(before == null ? ByteString.EMPTY : before)) {
            peers.values().forEach(peer -> peer.open(volume, capability));
        }
    }

    void close() {
        closePeers();
        for (DataOp op : new ArrayList<>(pausing)) {
            pausing.remove(op);
            op.device().plan().failed(op, new Fault(Reason.CLOSED, "the client was closed"));
        }
    }

    private void closePeers() {
        var old = new ArrayList<>(peers.values());
        peers.clear();
        old.forEach(Peer::close);
    }

    Time time() {
        return time;
    }

    Views views() {
        return views;
    }

    // ------------------------------------------------------------ one operation

    void send(DataOp op) {
        Views.Group group = views.group(op.group());
        String primary = group == null ? null : group.primary();
        if (group == null || primary == null) {
            pause(op, "group " + op.group() + " has no serving replica");
            return;
        }
        if (op.attempts++ > 0) {
            retries.inc();
        }
        op.epoch = group.epoch();
        boolean anyReplica = op.attempts == 1 && op.isSealed() && op.device().readsSealed();
        op.ahead = anyReplica && config.cacheBytes() > 0 ? op.device().ahead(op) : 0;
        String to = anyReplica ? group.reader(op.chunk(), session) : primary;
        op.toOther = !to.equals(primary);
        DataHeader.Builder header =
                DataHeader.newBuilder()
                        .setEpoch(op.epoch)
                        .setVolume(op.device().volume())
                        .setFence(op.device().fence())
                        .setSession(session);
        op.fill(header);
        if (op.toOther) {
            header.setSealed(true);
        }
        peer(to).call(header, op.payload(), config.attemptTimeout().toNanos(), op);
    }

    /// One request to one node; used by flush.
    void call(String address, DataHeader.Builder header, ReplyHandler handler) {
        peer(address)
                .call(header.setSession(session), null, config.attemptTimeout().toNanos(), handler);
    }

    void answered(DataOp op, DataHeader header, ByteBuf payload) {
        var plan = op.device().plan();
        DataStatus status = header.getStatus();
        boolean good = status == DataStatus.OK && op.device().readsSealed();
        boolean another = op.toOther && !good && status != DataStatus.FENCED;
        if (another || (op.ahead > 0 && status == DataStatus.IO_ERROR)) {
            // To the primary, which knows whether it is still ours to read; and without what was to
            // be read ahead, which is what may be damaged.
            send(op);
            return;
        }
        switch (status) {
            case OK -> {
                if (!op.isReading() || op.accept(header, payload)) {
                    keep(op, header, payload);
                    plan.succeeded(op);
                } else {
                    pause(op, "an answer of " + describe(op) + " was damaged on the way");
                }
            }
            case SEALED -> plan.refusedBySeal(op);
            case NO_SUCH_CHUNK -> missing(op);
            case TOO_OLD -> plan.refusedAsOld(op);
            case NOT_ALLOWED -> notAllowed(op, header);
            case FENCED -> {
                op.device().lose("the volume was taken over by another client");
                plan.failed(
                        op, new Fault(Reason.LOST, "the volume was taken over by another client"));
            }
            case NO_SPACE ->
                    plan.failed(op, new Fault(Reason.NO_SPACE, "no space left in the cluster"));
            case BAD_REQUEST, IO_ERROR ->
                    plan.failed(op, new Fault(Reason.IO_ERROR, describe(op) + ": " + line(header)));
            case STALE_EPOCH, NOT_PRIMARY -> {
                if (op.attempts > 2) {
                    refreshViews.run();
                }
                pause(op, line(header));
            }
            case BAD_CHECKSUM, NOT_SERVING, OVERLOADED, UNRECOGNIZED -> pause(op, line(header));
        }
    }

    // ------------------------------------------------------------ what is read again

    /// Answers a read of a sealed chunk from what is kept; false: not all of it is, or its group
    /// may have lost some of it, which was never flushed, with everybody's power.
    boolean recall(DataOp op) {
        Views.Group group = views.group(op.group());
        boolean serves = group != null && group.primary() != null;
        if (!serves || !op.device().readsSealed() || !op.recall(sealed)) {
            return false;
        }
        Marks.hit("a read was answered from memory");
        recalled.inc();
        op.device().ahead(op);
        return true;
    }

    /// Of a group that has lost something since it was read nothing is kept.
    private void keep(DataOp op, DataHeader header, ByteBuf payload) {
        Views.Group group = views.group(op.group());
        if (op.isReading() && op.isSealed() && group != null && op.epoch >= group.lossEpoch()) {
            op.offer(sealed, header, payload);
        }
    }

    // ------------------------------------------------------------ again

    /// The outcome is unknown: the same request goes again.
    void unanswered(DataOp op, String why) {
        if (op.toOther) {
            send(op);
            return;
        }
        if (op.attempts > 1) {
            refreshViews.run();
        }
        pause(op, why);
    }

    /// A map that is behind heals with one reload; a chunk that stays unknown is asked for ever
    /// more slowly.
    private void missing(DataOp op) {
        op.lastRefusal = "the primary does not know chunk " + Long.toHexString(op.chunk());
        long pauseMillis = op.attempts <= 1 ? 0 : pauseMillis(op.attempts);
        if (pauseMillis == 0) {
            op.device().plan().chunkMissing(op);
        } else {
            loop.schedule(
                    () -> op.device().plan().chunkMissing(op), pauseMillis, TimeUnit.MILLISECONDS);
        }
    }

    /// The capability or the tag is not good any more, or never was: newer ones come with the page.
    private void notAllowed(DataOp op, DataHeader header) {
        Marks.hit("a node did not allow a request");
        op.lastRefusal = line(header);
        if (op.attempts >= NOT_ALLOWED_MAX) {
            op.device()
                    .plan()
                    .failed(op, new Fault(Reason.IO_ERROR, describe(op) + ": " + line(header)));
            return;
        }
        if (op.makesChunk()) {
            op.device().freshRefused(op.chunk());
        }
        loop.schedule(
                () -> op.device().plan().chunkMissing(op),
                pauseMillis(op.attempts),
                TimeUnit.MILLISECONDS);
    }

    private void pause(DataOp op, String why) {
        op.lastRefusal = why;
        pausing.add(op);
        loop.schedule(() -> resume(op), pauseMillis(++op.pauses), TimeUnit.MILLISECONDS);
    }

    private void resume(DataOp op) {
        if (!pausing.remove(op)) {
            return; // a new view was faster
        }
        if (op.isCompleted()) {
            op.device().unsure = true;
            op.device().plan().failed(op, new Fault(Reason.TIMED_OUT, op.lastRefusal));
        } else {
            send(op);
        }
    }

    /// What was never flushed may be gone, also from chunks that nothing changes.
    void forgetSealed() {
        sealed.clear();
    }

    /// Those that wait for a primary need not sleep on, and nothing waits for a node that serves no
    /// more.
    void viewsChanged(Set<Integer> groups) {
        Set<String> serving = views.servingAddresses();
        var gone = new ArrayList<Peer>();
        peers.entrySet()
                .removeIf(entry -> !serving.contains(entry.getKey()) && gone.add(entry.getValue()));
        gone.forEach(Peer::close);
        for (DataOp op : new ArrayList<>(pausing)) {
            if (groups.contains(op.group())) {
                op.pauses = 0; // a new primary is ready within milliseconds
                resume(op);
            }
        }
    }

    long pauseMillis(int attempts) {
        long min = config.retryPauseMin().toMillis();
        long max = Math.min(config.retryPauseMax().toMillis(), min << Math.min(attempts - 1, 16));
        return Math.max(1, max / 2 + Math.floorMod(entropy.nextLong(), max / 2 + 1));
    }

    private Peer peer(String address) {
        Peer peer = peers.get(address);
        if (peer == null) {
            peer =
                    new Peer(
                            network,
                            loop,
                            Transport.parse(address),
                            hello,
                            PeerConfig.defaults(),
                            time);
            capabilities.forEach(peer::open);
            peers.put(address, peer);
        }
        return peer;
    }

    private static String describe(ChunkOp op) {
        return op.kind().name().toLowerCase(java.util.Locale.ROOT)
                + " of blocks "
                + op.block()
                + " to "
                + (op.block() + op.blockCount() - 1)
                + " of chunk "
                + op.index();
    }

    private static String line(DataHeader header) {
        return header.getMessage().isEmpty()
                ? header.getStatus().toString()
                : header.getStatus() + " (" + header.getMessage() + ")";
    }
}
