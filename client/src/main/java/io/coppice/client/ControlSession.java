package io.coppice.client;

import io.coppice.directory.ControlPlane;
import io.coppice.directory.LeaderSession;
import io.coppice.directory.StreamListener;
import io.coppice.directory.StreamSender;
import io.coppice.port.Time;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientHeartbeat;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Failure;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.OpenSession;
import io.coppice.wire.pb.SessionOpened;
import io.coppice.wire.pb.VolumeChanged;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The client's session with the metadata quorum. It outlives streams and leaders: a request stays
/// with us until it is answered, and is sent again, with its sequence number, on every new stream.
/// On the event loop, except for the [StreamListener] methods, which hop over.
final class ControlSession implements StreamListener<ClientMessage, ClientDirective> {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSession.class);
    private static final long SILENCE_NANOS_MAX = TimeUnit.SECONDS.toNanos(6);
    private static final long RETRY_MILLIS_MIN = 10;
    private static final long RETRY_MILLIS_MAX = 500;

    /// The quorum remembers the answers to the last 512 sequence numbers of a session: a command
    /// further from the oldest unanswered one waits, so that every retry is recognised.
    private static final long COMMANDS_SPAN_MAX = 400;

    /// Hears the answer to one request: it may carry a failure.
    interface Answer {
        void answered(ClientDirective directive);
    }

    /// What the session tells its client.
    interface Owner {
        /// A session stands; `resumed`: the same as before.
        void sessionOpened(SessionOpened opened, boolean resumed);

        /// Who runs this client has no right to a session; it is asked for again.
        void sessionRefused(String why);

        /// What belonged to the session is gone: attachments, leases.
        void sessionLost(String why);

        void viewsChanged(GroupViews views);

        void volumeChanged(VolumeChanged changed);

        /// All certificates that count no more.
        void certificatesRevoked(List<String> serials);
    }

    private static final class Pending {
        final ClientMessage message;
        final Answer answer;

        /// 0: not a command.
        final long sequence;

        boolean held;
        long retryMillis = RETRY_MILLIS_MIN;

        Pending(ClientMessage message, long sequence, Answer answer) {
            this.message = message;
            this.sequence = sequence;
            this.answer = answer;
        }
    }

    private final EventLoop loop;
    private final Time time;
    private final String clientName;
    private final Owner owner;
    private final LinkedHashMap<Long, Pending> pending = new LinkedHashMap<>();
    private final SessionLease lease = new SessionLease();
    private @Nullable LeaderSession stream;
    private @Nullable ScheduledFuture<?> heartbeat;
    private @Nullable StreamSender<ClientMessage> sender;
    private boolean ready;
    private boolean beatsAnswered;
    private volatile boolean closed;
    private long heardNanos;
    private long session;
    private long lastId;
    private long openId;
    private long openBeat;
    private long lastSequence;
    private final TreeSet<Long> unanswered = new TreeSet<>();

    /// The answers to all commands up to this one are here.
    private long answeredUpTo;

    private volatile String trouble = "no answer";

    ControlSession(EventLoop loop, Time time, String clientName, Owner owner) {
        this.time = time;
        this.loop = loop;
        this.clientName = clientName;
        this.owner = owner;
    }

    void start(ControlPlane control) {
        stream = control.clientSession(this);
        loop.execute(this::scheduleBeat);
    }

    private void scheduleBeat() {
        if (!closed) {
            heartbeat = loop.schedule(this::beat, lease.beatMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /// Whether what was learned of attached volumes on the present stream, or before, and never
    /// contradicted, still holds for them.
    boolean holdsLease() {
        return lease.holds(time.nanos());
    }

    /// 0: none yet.
    long session() {
        return session;
    }

    /// What was last wrong with the connection, for error messages.
    String trouble() {
        return trouble;
    }

    /// For the next command of the session.
    long nextSequence() {
        return ++lastSequence;
    }

    /// Sends a query as soon as a session stands, and again until it is answered.
    void call(ClientMessage.Builder request, Answer answer) {
        call(request, 0, answer);
    }

    /// As above, for a command: `sequence` is in it, and is from [#nextSequence].
    void call(ClientMessage.Builder request, long sequence, Answer answer) {
        request.setId(++lastId).setAcknowledged(answeredUpTo);
        var entry = new Pending(request.build(), sequence, answer);
        pending.put(lastId, entry);
        if (sequence != 0) {
            unanswered.add(sequence);
        }
        entry.held = sequence > answeredUpTo + COMMANDS_SPAN_MAX;
        if (ready && !entry.held) {
            transmit(entry.message);
        }
    }

    void close() {
        closed = true;
        if (heartbeat != null) {
            heartbeat.cancel(false);
        }
        if (stream != null) {
            stream.close();
        }
        failPending("the client was closed");
    }

    // ------------------------------------------------------------ from the stream, on its threads

    @Override
    public void opened(StreamSender<ClientMessage> opened, String endpoint) {
        hop(() -> {
            sender = opened;
            ready = false;
            beatsAnswered = false;
            sendOpen();
        });
    }

    @Override
    public void received(ClientDirective directive) {
        hop(() -> handle(directive));
    }

    @Override
    public void closed(String why) {
        trouble = why;
        hop(() -> {
            sender = null;
            ready = false;
        });
    }

    /// Streams tell of their end also after ours, when the loop may be gone.
    private void hop(Runnable task) {
        if (closed || loop.isShuttingDown()) {
            return;
        }
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("a message of the quorum came after the event loop's end", e);
        }
    }

    // ------------------------------------------------------------ on the loop

    private void sendOpen() {
        openId = ++lastId;
        openBeat = lease.beat(time.nanos());
        transmit(
                ClientMessage.newBuilder()
                        .setId(openId)
                        .setOpen(OpenSession.newBuilder().setClient(clientName).setSession(session))
                        .build());
    }

    private void handle(ClientDirective directive) {
        if (closed) {
            return;
        }
        heardNanos = time.nanos();
        if (directive.getId() != 0) {
            if (directive.getId() == openId) {
                openAnswered(directive);
            } else {
                answered(directive);
            }
            return;
        }
        switch (directive.getDirectiveCase()) {
            case VIEWS -> owner.viewsChanged(directive.getViews());
            case REVOKED -> owner.certificatesRevoked(directive.getRevoked().getSerialsList());
            case CHANGED -> owner.volumeChanged(directive.getChanged());
            case HEARTBEAT -> {
                beatsAnswered = true;
                ClientHeartbeat beat = directive.getHeartbeat();
                lease.answered(beat.getSequence(), beat.getLeaseMillis());
            }
            case OPENED, ATTACHED, DETACHED, LEASED, FLIPPED, MAP_PAGES, DIRECTIVE_NOT_SET ->
                    LOG.warn(
                            "ignored a message of the quorum: {} without a request",
                            directive.getDirectiveCase());
        }
    }

    private void openAnswered(ClientDirective directive) {
        if (directive.hasFailure()) {
            Failure failure = directive.getFailure();
            trouble = failure.getMessage();
            if (session != 0 && failure.getCode() != Code.CODE_UNAVAILABLE) {
                loseSession("the session with the cluster ended: " + failure.getMessage());
                sendOpen();
                return;
            }
            if (failure.getCode() == Code.CODE_NOT_ALLOWED) {
                owner.sessionRefused(failure.getMessage());
            }
            StreamSender<ClientMessage> asked = sender;
            loop.schedule(
                    () -> {
                        if (asked == sender && !ready) {
                            sendOpen();
                        }
                    },
                    RETRY_MILLIS_MAX,
                    TimeUnit.MILLISECONDS);
            return;
        }
        SessionOpened opened = directive.getOpened();
        boolean resumed = session == opened.getSession();
        if (session != 0 && !resumed) {
            loseSession("the session with the cluster ended while there was no connection");
        }
        session = opened.getSession();
        ready = true;
        owner.sessionOpened(opened, resumed);
        lease.answered(openBeat, opened.getLeaseMillis()); // for what it has confirmed from here on
        for (Pending entry : new ArrayList<>(pending.values())) {
            if (!entry.held) {
                transmit(entry.message);
            }
        }
    }

    private void loseSession(String why) {
        session = 0;
        lease.end();
        failPending(why);
        owner.sessionLost(why);
    }

    private void failPending(String why) {
        var failed = new ArrayList<Pending>();
        pending.values()
                .removeIf(entry -> {
                    // A page request holds in any session.
                    boolean ends = closed || !entry.message.hasMapPages();
                    return ends && failed.add(entry);
                });
        unanswered.clear();
        answeredUpTo = lastSequence;
        for (Pending entry : failed) {
            entry.answer.answered(
                    ClientDirective.newBuilder()
                            .setFailure(
                                    Failure.newBuilder()
                                            .setCode(Code.CODE_CONFLICT)
                                            .setMessage(why))
                            .build());
        }
    }

    private void answered(ClientDirective directive) {
        Pending entry = pending.get(directive.getId());
        if (entry == null) {
            return; // answered before, on an earlier stream
        }
        Code code = directive.getFailure().getCode();
        if (directive.hasFailure()
                && (code == Code.CODE_UNAVAILABLE || code == Code.CODE_NOT_LEADER)) {
            trouble = directive.getFailure().getMessage();
            loop.schedule(() -> retry(entry), entry.retryMillis, TimeUnit.MILLISECONDS);
            entry.retryMillis = Math.min(entry.retryMillis * 2, RETRY_MILLIS_MAX);
            return;
        }
        pending.remove(directive.getId());
        if (entry.sequence != 0) {
            commandAnswered(entry.sequence);
        }
        entry.answer.answered(directive);
    }

    private void commandAnswered(long sequence) {
        boolean full = lastSequence > answeredUpTo + COMMANDS_SPAN_MAX;
        unanswered.remove(sequence);
        answeredUpTo = unanswered.isEmpty() ? sequence : unanswered.first() - 1;
        if (!full) {
            return;
        }
        for (Pending entry : pending.values()) {
            if (entry.held && entry.sequence <= answeredUpTo + COMMANDS_SPAN_MAX) {
                entry.held = false;
                if (ready) {
                    transmit(entry.message);
                }
            }
        }
    }

    private void retry(Pending entry) {
        if (ready && !entry.held && pending.get(entry.message.getId()) == entry) {
            transmit(entry.message);
        }
    }

    private void transmit(ClientMessage message) {
        StreamSender<ClientMessage> to = sender;
        if (to != null) {
            to.send(message);
        }
    }

    private void beat() {
        scheduleBeat();
        StreamSender<ClientMessage> to = sender;
        if (to == null || !ready) {
            return;
        }
        if (beatsAnswered && time.nanos() - heardNanos > SILENCE_NANOS_MAX) {
            trouble = "the metadata server went silent";
            to.hangUp(trouble);
            return;
        }
        to.send(
                ClientMessage.newBuilder()
                        .setHeartbeat(
                                ClientHeartbeat.newBuilder().setSequence(lease.beat(time.nanos())))
                        .build());
    }
}
