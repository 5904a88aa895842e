package io.coppice.metadata.server;

import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Session;
import io.coppice.port.Marks;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.RevokedSerials;
import io.coppice.wire.pb.VolumeBarrier;
import io.coppice.wire.pb.VolumeChanged;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The clients' live streams, and the sessions whose grace runs. Thread-safe.
///
/// A client with a lease answers some reads without asking anybody: where its map says that nothing
/// is, and of sealed chunks (R9). It counts the lease from when it sent a beat that this leader
/// answered, so what it may still believe ends one lease after its stream did, or after it was told
/// on its stream that its attachment is lost. Nobody else gets the volume before.
final class ClientSessions implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ClientSessions.class);

    private final Leadership leadership;
    private final ReentrantLock lock = new ReentrantLock();
    // Under the lock.
    private final Map<Long, ClientSession> live = new HashMap<>();
    private final Map<Long, Long> goneSinceNanos = new HashMap<>();
    private final Set<Long> closing = new HashSet<>();

    /// By volume: when an attachment was ended against its holder's will, not long ago.
    private final Map<Long, Long> lostSinceNanos = new HashMap<>();

    /// Streams that are not closed, by the name of the authenticated caller who has them.
    private final Map<String, Integer> streams = new HashMap<>();

    private boolean closed;
    private final ReentrantLock pushing = new ReentrantLock();

    ClientSessions(Leadership leadership) {
        this.leadership = leadership;
    }

    // ------------------------------------------------------------ sessions

    /// Counts a stream for its caller, until [#leave].
    ///
    /// @param isNew it is for a new session
    /// @return why it may not go on; empty: it may
    String enter(Caller caller, boolean isNew) {
        if (!caller.proven()) {
            return "";
        }
        int most = leadership.config().sessions().principalMax();
        int known = isNew ? leadership.read(view -> view.sessionsOf(caller)) : 0;
        lock.lock();
        try {
            int open = streams.getOrDefault(caller.name(), 0);
            if (open >= most || known >= most) {
                return caller.name()
                        + " has "
                        + most
                        + " client sessions, the most that one principal may have: close some, or"
                        + " raise sessions.principal-max";
            }
            streams.put(caller.name(), open + 1);
            return "";
        } finally {
            lock.unlock();
        }
    }

    void leave(Caller caller) {
        lock.lock();
        try {
            streams.computeIfPresent(
                    caller.name(), (name, open) -> open == 1 ? null : Integer.valueOf(open - 1));
        } finally {
            lock.unlock();
        }
    }

    /// The session's stream stands; an older one of the same session ends. False: this leader's
    /// time is over.
    boolean add(long id, ClientSession session) throws ControlFailure {
        ClientSession older;
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            if (live.size() >= leadership.config().sessions().sessionsMax()
                    && !live.containsKey(id)) {
                throw ControlFailure.unavailable("too many client sessions are open; retry later");
            }
            if (closing.contains(id)) {
                // With a stream it could attach volumes that its fence does not know.
                throw ControlFailure.unavailable("the session is being closed; retry");
            }
            older = live.put(id, session);
            goneSinceNanos.remove(id);
        } finally {
            lock.unlock();
        }
        leadership.metrics().clientSessions().inc();
        if (older != null) {
            leadership.metrics().clientSessions().dec();
            older.end("the session was resumed elsewhere");
        }
        return true;
    }

    void remove(long id, ClientSession session, String why) {
        lock.lock();
        try {
            if (!live.remove(id, session)) {
                return;
            }
            goneSinceNanos.put(id, leadership.time().nanos());
        } finally {
            lock.unlock();
        }
        leadership.metrics().clientSessions().dec();
        log.info("client session {} connected→away: {}", Long.toHexString(id), why);
    }

    boolean connected(long id) {
        return session(id).isPresent();
    }

    /// Whether the session is surely without a stream, and its client without a lease: its stream
    /// broke in this leader's time, or nobody came for it in the time that a new leader gives.
    boolean away(long id) {
        return awayNanos(id, leadership.time().nanos()) > patienceNanos();
    }

    /// A beat that is answered now grants this.
    int leaseMillis() {
        return Math.toIntExact(leadership.config().timeouts().node().toMillis());
    }

    /// After so long a client that hears nothing answers nothing by itself.
    long patienceNanos() {
        return NodeLeases.patienceNanos(leadership.config().timeouts().node().toNanos());
    }

    boolean holds(long id, ClientSession session) {
        return session(id).filter(live -> live == session).isPresent();
    }

    /// The attachment is over, whatever its holder wants, who is told.
    void lost(Attachment held, String why) {
        push(held.session(), Answers.lost(held.volume(), held.fence() + 1, why));
        lock.lock();
        try {
            lostSinceNanos.put(held.volume(), leadership.time().nanos());
        } finally {
            lock.unlock();
        }
    }

    /// Whether a holder who lost the volume against its will has surely heard of it.
    boolean isForgotten(long volume) {
        lock.lock();
        try {
            Long since = lostSinceNanos.get(volume);
            long ago =
                    since == null ? leadership.leadingNanos() : leadership.time().nanos() - since;
            return ago > patienceNanos();
        } finally {
            lock.unlock();
        }
    }

    private Optional<ClientSession> session(long id) {
        lock.lock();
        try {
            return Optional.ofNullable(live.get(id));
        } finally {
            lock.unlock();
        }
    }

    private List<ClientSession> all() {
        lock.lock();
        try {
            return List.copyOf(live.values());
        } finally {
            lock.unlock();
        }
    }

    // ------------------------------------------------------------ pushes

    void pushViews(List<Integer> ids) {
        pushing.lock();
        try {
            var sessions = all();
            if (sessions.isEmpty()) {
                return;
            }
            GroupViews views =
                    leadership.read(view -> {
                        List<Group> groups =
                                ids.stream().flatMap(id -> view.group(id).stream()).toList();
                        return Answers.groups(view, groups, false);
                    });
            var directive = ClientDirective.newBuilder().setViews(views).build();
            sessions.forEach(session -> session.send(directive));
        } finally {
            pushing.unlock();
        }
    }

    /// To everybody but those concerned, whose streams end.
    void pushRevoked(RevokedSerials serials) {
        var directive = ClientDirective.newBuilder().setRevoked(serials).build();
        for (ClientSession session : all()) {
            if (leadership.isRevoked(session.peer())) {
                session.end("its certificate was revoked");
            } else {
                session.send(directive);
            }
        }
    }

    void push(long id, VolumeChanged changed) {
        session(id)
                .ifPresent(session ->
                        session.send(ClientDirective.newBuilder().setChanged(changed).build()));
    }

    // ------------------------------------------------------------ the end of sessions

    /// Closes sessions whose grace is over, and streams that fell silent or listen to nothing.
    void tick() {
        long now = leadership.time().nanos();
        long graceNanos = leadership.config().timeouts().sessionGrace().toNanos();
        for (ClientSession session : all()) {
            if (now - session.lastHeardNanos() > Math.max(graceNanos, 1_000_000_000L)) {
                session.end("silent for too long");
            } else if (session.unreadNanos() > Math.max(graceNanos, 1_000_000_000L)) {
                session.end("it does not read what it is answered");
            }
        }
        lock.lock();
        try {
            lostSinceNanos.values().removeIf(since -> now - since > patienceNanos());
        } finally {
            lock.unlock();
        }
        for (Session session : leadership.read(view -> view.sessions())) {
            if (awayNanos(session.id(), now) > Math.max(graceNanos, patienceNanos())) {
                closeSession(session);
            }
        }
    }

    private long awayNanos(long id, long now) {
        lock.lock();
        try {
            if (live.containsKey(id)) {
                return Long.MIN_VALUE;
            }
            Long since = goneSinceNanos.get(id);
            return since == null ? leadership.leadingNanos() : now - since;
        } finally {
            lock.unlock();
        }
    }

    /// Streams of those whom the cluster does not know any more, or knows under another name.
    void endStrangers() {
        for (ClientSession session : all()) {
            session.endIfStrange();
        }
    }

    private void closeSession(Session session) {
        lock.lock();
        try {
            if (live.containsKey(session.id()) || !closing.add(session.id())) {
                return;
            }
        } finally {
            lock.unlock();
        }
        leadership
                .quorum()
                .barrier() // what it had asked for before its stream broke is decided
                .thenComposeAsync(confirmed -> fence(session), leadership.threads())
                .thenCompose(fenced -> leadership.submit(new Command.CloseSession(session.id())))
                .whenComplete((outcome, failed) -> {
                    if (outcome instanceof Outcome.Done) {
                        Marks.hit("a session ended while its client was away");
                        log.info(
                                "client session {} ({}) away→closed",
                                Long.toHexString(session.id()),
                                session.client());
                    }
                    lock.lock();
                    try {
                        closing.remove(session.id());
                        if (outcome instanceof Outcome.Done) {
                            goneSinceNanos.remove(session.id());
                        }
                    } finally {
                        lock.unlock();
                    }
                });
    }

    /// What the client sent before it fell silent may still be on its way. Closing the session
    /// gives its unused chunk ids to the purge lists, so nothing of it may be accepted from then
    /// on: a chunk that is made after its purge would never be reclaimed.
    private CompletableFuture<Void> fence(Session session) {
        List<VolumeBarrier> barriers =
                leadership.read(view ->
                        view.attachments().stream()
                                .filter(held -> held.session() == session.id())
                                .flatMap(held -> view.volume(held.volume()).stream())
                                .map(Answers::fenceOfNext)
                                .toList());
        return leadership.raise(barriers);
    }

    @Override
    public void close() {
        List<ClientSession> sessions;
        lock.lock();
        try {
            closed = true;
            sessions = List.copyOf(live.values());
        } finally {
            lock.unlock();
        }
        sessions.forEach(session -> session.refuse(0, ControlFailure.notLeader()));
    }
}
