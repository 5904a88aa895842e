package io.coppice.cluster;

import com.google.protobuf.ByteString;
import io.coppice.directory.ControlClient;
import io.coppice.directory.LeaderSession;
import io.coppice.directory.StreamListener;
import io.coppice.directory.StreamSender;
import io.coppice.net.Peer;
import io.coppice.net.PeerConfig;
import io.coppice.net.ReplyHandler;
import io.coppice.net.Transport;
import io.coppice.port.Time;
import io.coppice.tls.Credentials;
import io.coppice.wire.pb.Attach;
import io.coppice.wire.pb.Attached;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.DataHeader;
import io.coppice.wire.pb.DataStatus;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.Hello;
import io.coppice.wire.pb.LeaseChunkIds;
import io.coppice.wire.pb.MapPages;
import io.coppice.wire.pb.OpenSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.NullUnmarked;

/// A client of the cluster's own protocols that says whatever it wants: a session with the leader,
/// and requests to storage nodes with what it got there, or with anything else.
@NullUnmarked
final class Intruder implements AutoCloseable {
    private static final long ANSWER_SECONDS = 20;

    private final Credentials shown;
    private final Transport transport;
    private final ControlClient control;
    private final LeaderSession stream;
    private final Map<Long, CompletableFuture<ClientDirective>> answers = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong(1);
    private final CompletableFuture<Long> session = new CompletableFuture<>();

    /// To the leader, which has opened the session.
    private volatile StreamSender<ClientMessage> sender;

    private Intruder(Credentials shown, ControlClient control) {
        this.shown = shown;
        this.control = control;
        this.transport = Transport.create("intruder", 1, shown);
        this.stream = control.clientSession(new Listener());
    }

    /// With a session of its own.
    static Intruder inside(AttackedCluster cluster, Credentials shown) throws Exception {
        var control = new ControlClient(cluster.endpoints(), AttackedCluster.PATIENCE, shown);
        return new Intruder(shown, control);
    }

    long session() {
        return session.orTimeout(AttackedCluster.PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    // ------------------------------------------------------------ with the leader

    private final class Listener implements StreamListener<ClientMessage, ClientDirective> {
        private volatile StreamSender<ClientMessage> opening;

        /// Only the leader opens a session; other servers end the stream.
        @Override
        public void opened(StreamSender<ClientMessage> opened, String endpoint) {
            opening = opened;
            var open = OpenSession.newBuilder().setClient(Intruder.this.toString());
            opened.send(ClientMessage.newBuilder().setId(1).setOpen(open).build());
        }

        @Override
        public void received(ClientDirective directive) {
            if (directive.hasOpened()) {
                sender = opening;
                session.complete(directive.getOpened().getSession());
            }
            var waiting = answers.remove(directive.getId());
            if (waiting != null) {
                waiting.complete(directive);
            }
        }

        @Override
        public void closed(String why) {}
    }

    /// What the leader answers.
    private ClientDirective say(ClientMessage.Builder message) throws Exception {
        session();
        long id = numbers.incrementAndGet();
        var answer = new CompletableFuture<ClientDirective>();
        answers.put(id, answer);
        sender.send(message.setId(id).build());
        return answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
    }

    private ClientDirective attached(String volume) throws Exception {
        var attach = Attach.newBuilder().setVolume(volume).setSequence(1);
        return say(ClientMessage.newBuilder().setAttach(attach));
    }

    /// Why the volume may not be attached; empty: it is.
    String refusedAttach(String volume) throws Exception {
        ClientDirective said = attached(volume);
        boolean refused = said.getFailure().getCode() == Code.CODE_NOT_ALLOWED;
        return refused ? said.getFailure().getMessage() : "";
    }

    /// Why no chunk ids are leased; empty: they are.
    String refusedLease() throws Exception {
        var lease = LeaseChunkIds.newBuilder().addGroups(1).setCount(1).setSequence(1);
        ClientDirective said = say(ClientMessage.newBuilder().setLease(lease));
        return said.getFailure().getMessage();
    }

    Attached attach(String volume) throws Exception {
        ClientDirective said = attached(volume);
        if (!said.hasAttached()) {
            throw new AssertionError("not attached: " + said.getFailure().getMessage());
        }
        return said.getAttached();
    }

    /// The first page, with a capability and tags.
    MapPages pages(long volume) throws Exception {
        var said =
                say(
                        ClientMessage.newBuilder()
                                .setMapPages(
                                        GetMapPages.newBuilder().setVolume(volume).addPages(0)));
        if (!said.hasMapPages()) {
            throw new AssertionError("no pages: " + said.getFailure().getMessage());
        }
        return said.getMapPages();
    }

    // ------------------------------------------------------------ with a node

    /// What the node says to `request` on a connection of its own; empty: it does it.
    ///
    /// @param shows a capability; empty: none
    String asks(String address, Hello hello, ByteString shows, DataHeader.Builder request)
            throws Exception {
        var answer = new CompletableFuture<String>();
        transport
                .next()
                .execute(() -> {
                    var peer =
                            new Peer(
                                    transport,
                                    transport.next(),
                                    Transport.parse(address),
                                    hello,
                                    PeerConfig.defaults(),
                                    Time.system());
                    answer.whenComplete((said, failed) -> peer.close());
                    peer.open(0, shows);
                    peer.call(
                            request,
                            request.getCrcsCount() == 0 ? null : Unpooled.buffer().writeZero(4096),
                            TimeUnit.SECONDS.toNanos(3),
                            new Answer(answer));
                });
        return answer.get(ANSWER_SECONDS, TimeUnit.SECONDS);
    }

    private record Answer(CompletableFuture<String> said) implements ReplyHandler {
        @Override
        public void reply(DataHeader header, ByteBuf payload) {
            payload.release();
            DataStatus status = header.getStatus();
            said.complete(status == DataStatus.OK ? "" : status + ": " + header.getMessage());
        }

        @Override
        public void failed(String why) {
            said.complete("FAILED: " + why);
        }
    }

    /// Of this intruder's session.
    Hello hello() {
        return Hello.newBuilder().setProtocol(1).setCluster("test").setSession(session()).build();
    }

    @Override
    public String toString() {
        return shown.identity().name();
    }

    @Override
    public void close() {
        stream.close();
        control.close();
        transport.close();
    }

    static ByteString flipped(ByteString capability, int at) {
        byte[] bytes = capability.toByteArray();
        bytes[at] ^= 1;
        return ByteString.copyFrom(bytes);
    }

    static ByteString noise() {
        return ByteString.copyFrom(new byte[200]);
    }
}
