package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Outcome;
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
import io.coppice.wire.pb.LeaseChunkIds;
import io.coppice.wire.pb.MapPages;
import io.coppice.wire.pb.OpenSession;
import io.coppice.wire.pb.SessionOpened;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client's stream. Flips, leases and the like are pipelined: they enter the log in the order
/// in which they arrived, and are answered by id; what waits for nodes (attach) holds nothing up.
///
/// Back pressure: [Demand] says how much may be unanswered, or answered and not taken; then the
/// stream is not read.
final class ClientSession implements StreamObserver<ClientMessage> {
    private static final Logger log = LoggerFactory.getLogger(ClientSession.class);
    private static final long NONE = 0;

    /// It is in the log and in the audit log for good, so nobody says more.
    private static final int USER_CHARS_MAX = 200;

    private final Leadership leadership;
    private final Entropy entropy;
    private final ServerCallStreamObserver<ClientDirective> call;
    private final Outbox<ClientDirective> outbox;
    private final Demand demand;

    /// Whom the client's certificate names; null: the cluster has none.
    private final @Nullable Identity peer;

    private volatile long lastHeardNanos;
    private volatile long session = NONE;
    private final Permissions permissions;
    private volatile Caller caller;
    private volatile boolean ended;

    /// By the one thread that handles messages.
    private boolean isOpening;

    /// The stream counts among those of its caller.
    private final AtomicBoolean counts = new AtomicBoolean();

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
        this.demand =
                new Demand(
                        call,
                        leadership.config().sessions().messagesInFlight(),
                        leadership.time(),
                        leadership.threads());
        // What is still to be sent is kept until then, whoever ended the stream.
        call.setOnCancelHandler(this::released);
        call.setOnCloseHandler(this::released);
    }

    @Nullable Identity peer() {
        return peer;
    }

    long lastHeardNanos() {
        return lastHeardNanos;
    }

    /// For how long its client has taken nothing of what is here for it.
    long unreadNanos() {
        return demand.unreadNanos();
    }

    void send(ClientDirective directive) {
        outbox.send(directive);
    }

    // ------------------------------------------------------------ from the client

    @Override
    public void onNext(ClientMessage message) {
        lastHeardNanos = leadership.time().nanos();
        if (ended) {
            return; // and nothing more is called for
        }
        demand.arrived(message.getSerializedSize());
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
            case LEASE -> lease(message, message.getLease());
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
                answered(message); // of several beats only the newest is answered
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
        if (isOpening) {
            throw ControlFailure.badRequest("a client opens one session per stream");
        }
        isOpening = true;
        admit(request);
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

    /// Before the cluster remembers anything of it.
    private void admit(OpenSession request) throws ControlFailure {
        String full = leadership.clients().enter(caller, request.getSession() == NONE);
        if (!full.isEmpty()) {
            leadership.note(caller, "open session", "", full);
            throw ControlFailure.unavailable(full);
        }
        counts.set(true);
        if (call.isCancelled()) {
            released(); // before it counted
        }
    }

    private void released() {
        if (counts.compareAndSet(true, false)) {
            leadership.clients().leave(caller);
        }
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
                .inside(
                        caller,
                        new Command.Attach(request.getVolume(), NONE),
                        request.getVolume(),
                        () -> attached(request))
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

    // ------------------------------------------------------------ chunk ids, flips, pages

    /// What is leased and not used is to be purged, so nobody leases who cannot write.
    private void lease(ClientMessage message, LeaseChunkIds lease) throws ControlFailure {
        if (!leadership.read(view -> view.holdsVolume(session))) {
            String why = "only a session that has a volume attached leases chunk ids";
            leadership.note(caller, "lease chunk ids", "", why);
            throw ControlFailure.conflict(why);
        }
        leadership
                .submit(
                        session,
                        lease.getSequence(),
                        message.getAcknowledged(),
                        caller,
                        new Command.LeaseChunkIds(lease.getGroupsList(), lease.getCount()))
                .whenComplete((outcome, failed) ->
                        demand.inTurn(() ->
                                answer(
                                        message,
                                        outcome,
                                        failed,
                                        answer ->
                                                answer.setLeased(
                                                        Vouchers.of(leadership)
                                                                .leased(session, outcome)))));
    }

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
                    demand.inTurn(() -> answerPages(message, request));
                });
    }

    private void answerPages(ClientMessage message, GetMapPages request) {
        try {
            permissions.require(caller, request);
            MapPages pages = Pages.vouched(leadership, session, holder(), request);
            answer(message, answer -> answer.setMapPages(pages));
        } catch (ControlFailure refused) {
            answer(message, refused);
        } catch (RuntimeException bug) {
            answer(message, Leadership.failure(bug));
        }
    }

    /// Whose certificate must come with the capability; empty: the cluster has none.
    private String holder() {
        return peer == null ? "" : peer.name();
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

    private void submit(
            ClientMessage message, long sequence, Command command, OutcomeFiller filler) {
        CompletableFuture<Outcome> future =
                leadership.submit(session, sequence, message.getAcknowledged(), caller, command);
        future.whenComplete((outcome, failed) ->
                answer(message, outcome, failed, answer -> filler.fill(answer, outcome)));
    }

    private void answer(
            ClientMessage message,
            @Nullable Outcome outcome,
            @Nullable Throwable failed,
            Filler filler) {
        if (failed != null) {
            answer(message, Leadership.failure(failed));
        } else if (outcome instanceof Outcome.Refused refused) {
            answer(message, ControlFailure.of(refused));
        } else {
            answer(message, filler);
        }
    }

    private void answer(ClientMessage message, Filler filler) {
        var answer = ClientDirective.newBuilder().setId(message.getId());
        filler.fill(answer);
        send(answer.build());
        answered(message);
    }

    private void answer(ClientMessage message, ControlFailure failure) {
        refuse(message.getId(), failure);
        answered(message);
    }

    private void answered(ClientMessage message) {
        demand.answered(message.getSerializedSize());
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
