package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import io.coppice.metadata.core.VolumeKey;
import io.coppice.port.Entropy;
import io.coppice.port.Marks;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.Attach;
import io.coppice.wire.pb.Attached;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientHeartbeat;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Detached;
import io.coppice.wire.pb.Flipped;
import io.coppice.wire.pb.GetMapPages;
import io.coppice.wire.pb.MapPages;
import io.coppice.wire.pb.OpenSession;
import io.coppice.wire.pb.SessionOpened;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client's stream. Flips, leases and the like are pipelined: they enter the log in the order
/// in which they arrived, and are answered by id; what waits for nodes (attach) holds nothing up.
///
/// Back pressure: at most `messagesInFlight` unanswered messages; then the stream is not read.
final class ClientSession implements StreamObserver<ClientMessage> {
    private static final Logger log = LoggerFactory.getLogger(ClientSession.class);
    private static final long NONE = 0;

    /// It is in the log and in the audit log for good, so nobody says more.
    private static final int USER_CHARS_MAX = 200;

    private final Leadership leadership;
    private final Entropy entropy;
    private final ServerCallStreamObserver<ClientDirective> call;
    private final Outbox<ClientDirective> outbox;

    /// Whom the client's certificate names; null: the cluster has none.
    private final @Nullable Identity peer;

    private volatile long lastHeardNanos;
    private volatile long session = NONE;
    private final Permissions permissions;
    private volatile Caller caller;
    private volatile boolean ended;

    /// @param caller who has the stream; one that is not proven is what it then says
    ClientSession(
            Leadership leadership,
            Entropy entropy,
            ServerCallStreamObserver<ClientDirective> call,
            Caller caller,
            @Nullable Identity peer) {
        this.leadership = leadership;
        this.peer = peer;
        this.entropy = entropy;
        this.call = call;
        this.outbox = new Outbox<>(call);
        this.caller = caller;
        this.permissions = new Permissions(leadership);
        this.lastHeardNanos = leadership.time().nanos();
        call.disableAutoInboundFlowControl();
        call.request(leadership.config().sessions().messagesInFlight());
    }

    @Nullable Identity peer() {
        return peer;
    }

    long lastHeardNanos() {
        return lastHeardNanos;
    }

    void send(ClientDirective directive) {
        outbox.send(directive);
    }

    // ------------------------------------------------------------ from the client

    @Override
    public void onNext(ClientMessage message) {
        lastHeardNanos = leadership.time().nanos();
        try {
            handle(message);
        } catch (ControlFailure refused) {
            answer(message, refused);
        } catch (RuntimeException bug) {
            answer(message, Leadership.failure(bug));
        }
    }

    private void handle(ClientMessage message) throws ControlFailure {
        if (session == NONE && !message.hasOpen()) {
            throw ControlFailure.badRequest("the first message of a client session opens it");
        }
        switch (message.getMessageCase()) {
            case OPEN -> open(message, message.getOpen());
            case ATTACH -> attach(message, message.getAttach());
            case DETACH -> {
                var detach = message.getDetach();
                submit(
                        message,
                        detach.getSequence(),
                        new Command.Detach(
                                detach.getVolume(), detach.getFence(), detach.getUnsure()),
                        (answer, outcome) -> answer.setDetached(Detached.getDefaultInstance()));
            }
            case LEASE -> {
                var lease = message.getLease();
                submit(
                        message,
                        lease.getSequence(),
                        new Command.LeaseChunkIds(lease.getGroupsList(), lease.getCount()),
                        (answer, outcome) ->
                                answer.setLeased(Vouchers.of(leadership).leased(session, outcome)));
            }
            case FLIP -> flip(message);
            case ABANDON -> {
                var abandon = message.getAbandon();
                submit(
                        message,
                        abandon.getSequence(),
                        new Command.AbandonChunks(abandon.getChunksList()),
                        (answer, outcome) -> {});
            }
            case HEARTBEAT -> {
                long sequence = message.getHeartbeat().getSequence();
                leadership.confirmations().add(this, () -> answerBeat(sequence));
                answered(); // of several beats only the newest is answered
            }
            case MAP_PAGES -> mapPages(message, message.getMapPages());
            case MESSAGE_NOT_SET ->
                    throw ControlFailure.badRequest(
                            "a client sent a message that this version does not know");
        }
    }

    private void answerBeat(long sequence) {
        if (leadership.clients().holds(session, this)) {
            send(
                    ClientDirective.newBuilder()
                            .setHeartbeat(
                                    ClientHeartbeat.newBuilder()
                                            .setSequence(sequence)
                                            .setLeaseMillis(leadership.clients().leaseMillis()))
                            .build());
        }
    }

    private void open(ClientMessage message, OpenSession request) throws ControlFailure {
        if (session != NONE) {
            throw ControlFailure.badRequest("a client opens one session per stream");
        }
        long id = request.getSession() == NONE ? entropy.nextLong() : request.getSession();
        caller = caller.proven() ? caller : Caller.said(request.getClient());
        leadership
                .commit(
                        0,
                        0,
                        caller,
                        new Command.OpenSession(
                                id, request.getClient(), request.getSession() != NONE))
                .thenAccept(done -> opened(message, id))
                .whenComplete((done, failed) -> {
                    if (failed != null) {
                        answer(message, Leadership.failure(failed));
                    }
                });
    }

    private void opened(ClientMessage message, long id) {
        if (ended || session != NONE) {
            return; // the stream broke meanwhile
        }
        session = id;
        try {
            if (!leadership.clients().add(id, this)) {
                throw ControlFailure.notLeader();
            }
        } catch (ControlFailure refused) {
            session = NONE;
            throw new CompletionException(refused);
        }
        if (leadership.isRevoked(peer)) {
            end("its certificate was revoked");
            return;
        }
        if (ended) {
            gone("the stream broke while it opened");
            return;
        }
        log.info("client session {} ({}) away→connected", Long.toHexString(id), caller);
        var opened =
                leadership.read(view ->
                        SessionOpened.newBuilder()
                                .setSession(id)
                                .setLeaseMillis(leadership.clients().leaseMillis())
                                .setConfig(Answers.config(view.config()))
                                .setViews(Answers.groups(view, view.groups(), true))
                                .build());
        answer(message, answer -> answer.setOpened(opened));
        if (peer != null) {
            send(
                    leadership.read(view ->
                            ClientDirective.newBuilder()
                                    .setRevoked(Answers.revoked(view))
                                    .build()));
        }
    }

    // ------------------------------------------------------------ attaching

    private void attach(ClientMessage message, Attach request) {
        leadership
                .inside(List.of(request.getVolume()), () -> attached(request))
                .whenComplete((attached, failed) -> {
                    if (failed != null) {
                        answer(message, Leadership.failure(failed));
                        return;
                    }
                    Volume volume = attached.volume();
                    VolumeKey key = volume.key();
                    answer(
                            message,
                            answer ->
                                    answer.setAttached(
                                            Attached.newBuilder()
                                                    .setVolume(volume.id())
                                                    .setName(volume.name())
                                                    .setSize(volume.size())
                                                    .setGeneration(volume.generation())
                                                    .setDataKey(key == null ? "" : key.id())
                                                    .setFence(attached.attachment().fence())));
                });
    }

    private CompletableFuture<Outcome.Attached> attached(Attach request) {
        long dead;
        try {
            if (ended) {
                // It may have waited at the gate for so long that its session is being closed.
                throw ControlFailure.unavailable("the client's stream has ended; retry");
            }
            refuseWithoutKey(request);
            dead = deadHolder(request.getVolume());
        } catch (ControlFailure refused) {
            return CompletableFuture.failedFuture(refused);
        }
        return leadership
                .commit(
                        session,
                        request.getSequence(),
                        callerFor(request.getUser()),
                        new Command.Attach(request.getVolume(), dead))
                .thenCompose(outcome -> {
                    if (!(outcome instanceof Outcome.Attached attached)) {
                        throw new IllegalStateException("an attach ended as " + outcome);
                    }
                    return attached.barrier()
                            ? leadership.fence(attached.volume()).thenApply(done -> attached)
                            : CompletableFuture.completedFuture(attached);
                })
                .thenApply(this::standing)
                .whenComplete((attached, failed) -> {
                    if (failed == null && dead != NONE) {
                        Marks.hit("an attachment was taken over");
                        log.info(
                                "volume {} session {}→{}: taken over",
                                request.getVolume(),
                                Long.toHexString(dead),
                                Long.toHexString(session));
                    }
                });
    }

    /// What a client without the key would write is lost among cipher text.
    private void refuseWithoutKey(Attach request) throws ControlFailure {
        VolumeKey key =
                leadership
                        .read(view -> view.volume(request.getVolume()))
                        .map(Volume::key)
                        .orElse(null);
        if (key != null && !key.erased() && !request.getEncrypts()) {
            throw new ControlFailure(
                    Code.CODE_NOT_ALLOWED,
                    "volume '"
                            + request.getVolume()
                            + "' is encrypted with key '"
                            + key.name()
                            + "', which this client does not have: name a key directory that holds"
                            + " it (--keys, keys.dir)");
        }
    }

    /// A client that acts for others, as a gateway does, is still the one who is answerable; whom
    /// it acts for stands where other callers have their address.
    private Caller callerFor(String user) {
        String told = user.length() > USER_CHARS_MAX ? user.substring(0, USER_CHARS_MAX) : user;
        return told.isEmpty()
                ? caller
                : new Caller(caller.name(), told.replace('@', ' '), caller.proven());
    }

    /// A request that came again gets the answer of its first time; another client may have taken
    /// the volume since (R9).
    private Outcome.Attached standing(Outcome.Attached attached) {
        boolean stands =
                leadership
                        .read(view -> view.attachment(attached.volume().id()))
                        .filter(held -> held.fence() == attached.attachment().fence())
                        .isPresent();
        if (!stands) {
            throw new CompletionException(
                    ControlFailure.conflict(
                            "volume '"
                                    + attached.volume().name()
                                    + "' was taken over by another client; attach it again"));
        }
        return attached;
    }

    /// The session that holds the volume, if its client is away; 0: nobody is in the way. Refuses
    /// while a former holder may still read by itself (R9).
    private long deadHolder(String name) throws ControlFailure {
        Volume volume = leadership.read(view -> view.volume(name)).orElse(null);
        if (volume == null) {
            return NONE; // as the command will say
        }
        long id = volume.id();
        long holder =
                leadership
                        .read(view -> view.attachment(id))
                        .map(held -> held.session())
                        .orElse(NONE);
        if (holder == NONE && volume.looseFence() && !leadership.clients().isForgotten(id)) {
            throw ControlFailure.unavailable(
                    "volume '" + name + "' was taken from its client a moment ago; retry");
        }
        if (holder == NONE || holder == session || leadership.clients().connected(holder)) {
            return NONE;
        }
        if (!leadership.clients().away(holder)) {
            // A new leader does not know yet who is alive. The client asks again.
            throw ControlFailure.unavailable(
                    "volume '"
                            + name
                            + "' is attached by a client that was connected a moment ago; retry");
        }
        return holder;
    }

    // ------------------------------------------------------------ flips, pages

    private void flip(ClientMessage message) {
        var timer = leadership.metrics().flip().time();
        submit(
                message,
                message.getFlip().getSequence(),
                Requests.flip(message.getFlip()),
                (answer, outcome) -> {
                    timer.stop();
                    leadership.metrics().flips().mark(message.getFlip().getSlotsCount());
                    Flipped flipped =
                            leadership.read(view ->
                                    new Vouchers(view, leadership.time().wallMillis())
                                            .flipped(view, session, message.getFlip()));
                    answer.setFlipped(flipped);
                });
    }

    private void mapPages(ClientMessage message, GetMapPages request) {
        leadership
                .quorum()
                .barrier()
                .whenComplete((confirmed, failed) -> {
                    if (failed != null) {
                        answer(message, Leadership.failure(failed));
                        return;
                    }
                    waiting(
                            message,
                            () -> {
                                permissions.require(caller, request);
                                MapPages pages = vouched(request);
                                answer(message, answer -> answer.setMapPages(pages));
                            });
                });
    }

    private MapPages vouched(GetMapPages request) throws ControlFailure {
        MapPages pages = pages(leadership, request);
        return leadership.read(view ->
                new Vouchers(view, leadership.time().wallMillis())
                        .pages(view, session, holder(), request, pages));
    }

    /// Whose certificate must come with the capability; empty: the cluster has none.
    private String holder() {
        return peer == null ? "" : peer.name();
    }

    static MapPages pages(Leadership leadership, GetMapPages request) throws ControlFailure {
        if (request.getPagesCount() > 256) {
            throw ControlFailure.badRequest("at most 256 map pages in one request");
        }
        var answer =
                leadership.read(view -> {
                    var pages = MapPages.newBuilder();
                    if (request.getSnapshot() != NONE) {
                        Snapshot snapshot = view.snapshot(request.getSnapshot()).orElse(null);
                        if (snapshot == null) {
                            return null;
                        }
                        request.getPagesList()
                                .forEach(p ->
                                        pages.addPages(Answers.page(view.mapPage(snapshot, p))));
                        return pages.setGeneration(snapshot.generation()).build();
                    }
                    Volume volume = view.volume(request.getVolume()).orElse(null);
                    if (volume == null) {
                        return null;
                    }
                    request.getPagesList()
                            .forEach(p -> pages.addPages(Answers.page(view.mapPage(volume, p))));
                    return pages.setGeneration(volume.generation()).build();
                });
        if (answer == null) {
            throw new ControlFailure(Code.CODE_NOT_FOUND, "the volume or snapshot is gone");
        }
        return answer;
    }

    // ------------------------------------------------------------ answers

    @FunctionalInterface
    private interface Filler {
        void fill(ClientDirective.Builder answer);
    }

    @FunctionalInterface
    private interface OutcomeFiller {
        void fill(ClientDirective.Builder answer, Outcome outcome);
    }

    @FunctionalInterface
    private interface Work {
        void run() throws ControlFailure;
    }

    private void submit(
            ClientMessage message, long sequence, Command command, OutcomeFiller filler) {
        CompletableFuture<Outcome> future =
                leadership.submit(session, sequence, message.getAcknowledged(), caller, command);
        future.whenComplete((outcome, failed) -> {
            if (failed != null) {
                answer(message, Leadership.failure(failed));
            } else if (outcome instanceof Outcome.Refused refused) {
                answer(message, ControlFailure.of(refused));
            } else {
                answer(message, answer -> filler.fill(answer, outcome));
            }
        });
    }

    private void waiting(ClientMessage message, Work work) {
        leadership
                .threads()
                .execute(() -> {
                    try {
                        work.run();
                    } catch (ControlFailure refused) {
                        answer(message, refused);
                    } catch (RuntimeException bug) {
                        answer(message, Leadership.failure(bug));
                    }
                });
    }

    private void answer(ClientMessage message, Filler filler) {
        var answer = ClientDirective.newBuilder().setId(message.getId());
        filler.fill(answer);
        send(answer.build());
        answered();
    }

    private void answer(ClientMessage message, ControlFailure failure) {
        refuse(message.getId(), failure);
        answered();
    }

    private void answered() {
        call.request(1);
    }

    // ------------------------------------------------------------ the end

    /// A refusal because this server does not lead also ends the stream: the client follows the
    /// leader.
    void refuse(long id, ControlFailure why) {
        send(
                ClientDirective.newBuilder()
                        .setId(id)
                        .setFailure(why.toFailure(leadership.leaderAddress()))
                        .build());
        if (why.code() == Code.CODE_NOT_LEADER || session == NONE) {
            end(why.message());
        }
    }

    /// The cluster may not know who has the stream any more.
    void endIfStrange() {
        long id = session;
        if (id != NONE) {
            leadership
                    .read(view -> view.refusal(caller, id))
                    .ifPresent(why -> {
                        refuse(0, ControlFailure.of(why));
                        end(why.message());
                    });
        }
    }

    void end(String why) {
        outbox.end();
        gone(why);
    }

    @Override
    public void onError(Throwable broken) {
        gone(String.valueOf(broken.getMessage()));
    }

    @Override
    public void onCompleted() {
        end("the client ended its stream");
    }

    private void gone(String why) {
        ended = true;
        if (session != NONE) {
            leadership.clients().remove(session, this, why);
        }
    }
}
