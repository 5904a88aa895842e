package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.ReplicaState;
import io.coppice.metadata.core.Store;
import io.coppice.model.AccessKeys;
import io.coppice.wire.AccessKeyCodec;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.RevokedSerials;
import io.coppice.wire.pb.StoreReport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The storage nodes' live streams, and who of them is to be declared lost. Thread-safe.
final class NodeSessions implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NodeSessions.class);

    private final Leadership leadership;
    private final ReentrantLock lock = new ReentrantLock();
    // Under the lock.
    private final Map<Integer, NodeSession> live = new HashMap<>();
    private final Map<Integer, Long> goneSinceNanos = new HashMap<>();

    /// When a node wanted to come back from a loss of power, until it has.
    private final Map<Integer, Long> shakenSinceNanos = new HashMap<>();

    private final NodeLeases leases;
    private final Map<String, StoreReport> reports = new HashMap<>();
    private boolean closed;

    /// Views leave in the order in which they were read.
    private final ReentrantLock pushing = new ReentrantLock();

    NodeSessions(Leadership leadership) {
        this.leadership = leadership;
        long leaseNanos = leadership.config().timeouts().node().toNanos();
        this.leases = new NodeLeases(leaseNanos, leadership.time().nanos());
    }

    // ------------------------------------------------------------ sessions

    /// The session stands; an older one of the same node ends. False: this leader's time is over.
    boolean add(int node, NodeSession session) {
        NodeSession older;
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            older = live.put(node, session);
            goneSinceNanos.remove(node);
            shakenSinceNanos.remove(node);
        } finally {
            lock.unlock();
        }
        leadership.metrics().nodeSessions().inc();
        if (older != null) {
            leadership.metrics().nodeSessions().dec();
            older.end("the node registered again");
        }
        return true;
    }

    void remove(int node, NodeSession session, String why) {
        lock.lock();
        try {
            if (!live.remove(node, session)) {
                return;
            }
            goneSinceNanos.put(node, leadership.time().nanos());
        } finally {
            lock.unlock();
        }
        leadership.metrics().nodeSessions().dec();
        log.info("node {} connected→away: {}", node, why);
        if (!leadership.ended() && leadership.config().timeouts().crashDetection()) {
            leadership.read(view -> view.node(node)).ifPresent(this::probe);
        }
    }

    Optional<NodeSession> session(int node) {
        lock.lock();
        try {
            return Optional.ofNullable(live.get(node));
        } finally {
            lock.unlock();
        }
    }

    /// What a store last said about itself.
    Optional<StoreReport> report(String uuid) {
        lock.lock();
        try {
            return Optional.ofNullable(reports.get(uuid));
        } finally {
            lock.unlock();
        }
    }

    void reported(List<StoreReport> stores) {
        lock.lock();
        try {
            // Positions are in the log; of the rest only the last word counts.
            stores.forEach(store ->
                    reports.put(store.getUuid(), store.toBuilder().clearPositions().build()));
        } finally {
            lock.unlock();
        }
    }

    /// Every node comes back and registers again.
    void endAll(String why) {
        List<NodeSession> all;
        lock.lock();
        try {
            all = List.copyOf(live.values());
        } finally {
            lock.unlock();
        }
        all.forEach(session -> session.end(why));
    }

    /// Ends the sessions of nodes that are not in the cluster any more.
    void forgetRemoved(String why) {
        Map<Integer, NodeSession> removed;
        lock.lock();
        try {
            removed = new HashMap<>(live);
        } finally {
            lock.unlock();
        }
        removed.keySet().removeIf(node -> leadership.read(view -> view.node(node).isPresent()));
        removed.forEach((node, session) -> session.end(why));
        // Also of those whose streams are broken just now: they will not come back.
        leadership
                .barriers()
                .keepOnly(node -> leadership.read(view -> view.node(node).isPresent()));
    }

    // ------------------------------------------------------------ beats and leases

    int leaseMillis() {
        return Math.toIntExact(leadership.config().timeouts().node().toMillis());
    }

    /// A new process of a node takes over what the old one served. When it comes with a store of
    /// the old one that one has ended, for a store is locked by its process; else it may be alive
    /// for as long as its lease.
    boolean mayServeBesides(RegisterNode request) {
        Set<String> uuids = new HashSet<>();
        request.getStoresList().forEach(store -> uuids.add(store.getUuid()));
        Node former =
                leadership.read(view ->
                        view.nodes().stream()
                                .filter(node -> node.up() && node.name().equals(request.getName()))
                                .filter(node -> node.incarnation() < request.getIncarnation())
                                .filter(node -> hasNoneOf(uuids, view, node.id()))
                                .findFirst()
                                .orElse(null));
        return former != null
                && !leaseIsOver(former, leadership.time().nanos())
                && !(leadership.config().timeouts().crashDetection()
                        && leadership.refusesConnections(former.address()));
    }

    /// A group may come back with this node without what the power took. What a client still has
    /// from before it answers only in a group that serves, as far as it knows, and with a lease: so
    /// it is told that the group does not, and the group comes back one lease later.
    boolean mayShowLosses(RegisterNode request) {
        Node former =
                leadership.read(view ->
                        view.nodes().stream()
                                .filter(node -> node.name().equals(request.getName()))
                                .filter(node -> node.incarnation() < request.getIncarnation())
                                .findFirst()
                                .orElse(null));
        Set<String> shaken = new HashSet<>();
        request.getStoresList().stream()
                .filter(store -> !store.getIntact())
                .forEach(store -> shaken.add(store.getUuid()));
        if (former == null || shaken.isEmpty()) {
            return false;
        }
        long now = leadership.time().nanos();
        Set<Integer> serving;
        long since;
        lock.lock();
        try {
            Long before = shakenSinceNanos.get(former.id());
            since = former.up() || before == null ? now : before;
            shakenSinceNanos.put(former.id(), since);
            serving = new HashSet<>(live.keySet());
            serving.removeAll(shakenSinceNanos.keySet());
        } finally {
            lock.unlock();
        }
        if (leadership.read(view -> serveAll(view, serving, shaken))) {
            return false;
        }
        if (former.up()) {
            declareLost(former, session(former.id()).orElse(null), "its power failed");
        }
        return now - since <= leadership.clients().patienceNanos();
    }

    /// Whether every group of these stores has a replica that serves on one of these nodes.
    private static boolean serveAll(MetadataView view, Set<Integer> nodes, Set<String> uuids) {
        Set<Integer> serving = new HashSet<>();
        Set<Integer> shaken = new HashSet<>();
        for (Store store : view.stores()) {
            if (nodes.contains(store.node())) {
                serving.add(store.id());
            }
            if (uuids.contains(store.uuid())) {
                shaken.add(store.id());
            }
        }
        return view.groups().stream()
                .filter(group ->
                        group.replicas().stream().anyMatch(r -> shaken.contains(r.store())))
                .allMatch(group ->
                        group.replicas().stream()
                                .anyMatch(r ->
                                        r.state() == ReplicaState.SERVING
                                                && serving.contains(r.store())));
    }

    private static boolean hasNoneOf(Set<String> uuids, MetadataView view, int node) {
        return view.stores().stream()
                .filter(store -> store.node() == node && store.up())
                .noneMatch(store -> uuids.contains(store.uuid()));
    }

    /// Taken when a registration arrives, before it is committed.
    long ticket(String node) {
        lock.lock();
        try {
            return leases.ticket(node);
        } finally {
            lock.unlock();
        }
    }

    /// The registration is committed: its answer grants a lease. False: it may not be answered.
    boolean grant(NodeSession session, long ticket, long arrivedNanos) {
        lock.lock();
        try {
            return mayAnswer(session, ticket, arrivedNanos);
        } finally {
            lock.unlock();
        }
    }

    /// A beat is answered once this leader has committed an entry that was proposed after it came.
    void beat(NodeSession session, long sequence, long arrivedNanos) {
        long ticket = ticket(session.name());
        leadership
                .confirmations()
                .add(session, () -> answer(session, sequence, ticket, arrivedNanos));
    }

    private void answer(NodeSession session, long sequence, long ticket, long arrivedNanos) {
        boolean granted;
        lock.lock();
        try {
            granted = mayAnswer(session, ticket, arrivedNanos);
        } finally {
            lock.unlock();
        }
        if (granted) {
            session.answerBeat(sequence);
        }
    }

    /// Under the lock. A session that has ended, perhaps because its node is lost, gets nothing.
    private boolean mayAnswer(NodeSession session, long ticket, long arrivedNanos) {
        return live.get(session.node()) == session
                && leases.grant(session.name(), ticket, arrivedNanos);
    }

    // ------------------------------------------------------------ views

    void pushAccessKeys(AccessKeys keys) {
        var directive =
                NodeDirective.newBuilder().setAccessKeys(AccessKeyCodec.encode(keys)).build();
        List<NodeSession> all;
        lock.lock();
        try {
            all = List.copyOf(live.values());
        } finally {
            lock.unlock();
        }
        all.forEach(session -> session.send(directive));
    }

    void pushViews(List<Integer> groups) {
        pushing.lock();
        try {
            Map<Integer, List<Group>> byNode = leadership.read(view -> byNode(view, groups));
            byNode.forEach((node, concerned) ->
                    session(node)
                            .ifPresent(session -> {
                                GroupViews views =
                                        leadership.read(
                                                view -> Answers.groups(view, concerned, false));
                                session.send(NodeDirective.newBuilder().setViews(views).build());
                            }));
        } finally {
            pushing.unlock();
        }
    }

    /// Tells the node of a store that is not in the group any more. If it does not hear it, its
    /// next registration tells it.
    void pushView(int store, int group) {
        pushing.lock();
        try {
            leadership
                    .read(view -> view.store(store).map(Store::node))
                    .flatMap(this::session)
                    .ifPresent(session ->
                            leadership
                                    .read(view ->
                                            view.group(group)
                                                    .map(now ->
                                                            Answers.groups(
                                                                    view, List.of(now), false)))
                                    .ifPresent(views ->
                                            session.send(
                                                    NodeDirective.newBuilder()
                                                            .setViews(views)
                                                            .build())));
        } finally {
            pushing.unlock();
        }
    }

    /// To everybody but those concerned, whose sessions end.
    void pushRevoked(RevokedSerials serials) {
        List<NodeSession> all;
        lock.lock();
        try {
            all = List.copyOf(live.values());
        } finally {
            lock.unlock();
        }
        var directive = NodeDirective.newBuilder().setRevoked(serials).build();
        for (NodeSession session : all) {
            if (leadership.isRevoked(session.peer())) {
                session.end("its certificate was revoked");
            } else {
                session.send(directive);
            }
        }
    }

    private static Map<Integer, List<Group>> byNode(MetadataView view, List<Integer> ids) {
        var byNode = new HashMap<Integer, List<Group>>();
        for (int id : ids) {
            view.group(id)
                    .ifPresent(group ->
                            nodesOf(view, group)
                                    .forEach(node ->
                                            byNode.computeIfAbsent(node, n -> new ArrayList<>())
                                                    .add(group)));
        }
        return byNode;
    }

    static Set<Integer> nodesOf(MetadataView view, Group group) {
        var nodes = new HashSet<Integer>();
        group.replicas().forEach(r -> view.store(r.store()).map(Store::node).ifPresent(nodes::add));
        return nodes;
    }

    // ------------------------------------------------------------ losses

    /// Answers beats that had to wait for it, and declares lost who was silent for too long.
    void tick() {
        long now = leadership.time().nanos();
        lock.lock();
        try {
            leases.tick(now);
        } finally {
            lock.unlock();
        }
        for (Node node : leadership.read(MetadataView::nodes)) {
            if (node.up()) {
                watch(node, now);
            }
        }
    }

    private void watch(Node node, long now) {
        long timeoutNanos = leases.patienceNanos();
        boolean leaseIsOver = leaseIsOver(node, now);
        NodeSession session = session(node.id()).orElse(null);
        if (session != null) {
            if (leaseIsOver && now - session.lastHeardNanos() > timeoutNanos) {
                declareLost(
                        node,
                        session,
                        "no heartbeat for " + TimeUnit.NANOSECONDS.toMillis(timeoutNanos) + " ms");
            }
        } else if (leaseIsOver && awayNanos(node.id(), now) > timeoutNanos) {
            declareLost(node, null, "away for too long");
        } else if (leadership.config().timeouts().crashDetection()) {
            probe(node);
        }
    }

    private boolean leaseIsOver(Node node, long now) {
        lock.lock();
        try {
            return leases.isOver(node.name(), now);
        } finally {
            lock.unlock();
        }
    }

    private long awayNanos(int node, long now) {
        lock.lock();
        try {
            Long since = goneSinceNanos.get(node);
            // A new leader gives everybody the time to find it.
            return since == null ? leadership.leadingNanos() : now - since;
        } finally {
            lock.unlock();
        }
    }

    /// A node whose stream is gone and whose address refuses connections has no process any more.
    private void probe(Node node) {
        leadership
                .threads()
                .execute(() -> {
                    if (session(node.id()).isEmpty()
                            && leadership.refusesConnections(node.address())) {
                        declareLost(node, null, "its address refuses connections");
                    }
                });
    }

    private void declareLost(Node node, @Nullable NodeSession silent, String why) {
        lock.lock();
        try {
            if (closed || live.get(node.id()) != silent || !leases.beginLoss(node.name())) {
                return;
            }
        } finally {
            lock.unlock();
        }
        leadership
                .commit(new Command.NodeLost(node.id(), node.incarnation()))
                .whenComplete((outcome, failed) -> {
                    try {
                        lostCommitted(node, why, outcome, failed);
                    } finally {
                        endSession(node, why);
                        lock.lock();
                        try {
                            leases.endLoss(node.name());
                        } finally {
                            lock.unlock();
                        }
                    }
                });
    }

    private void lostCommitted(
            Node node, String why, @Nullable Outcome outcome, @Nullable Throwable failed) {
        if (failed != null) {
            log.info(
                    "node {} could not be declared lost yet: {}",
                    node.name(),
                    Leadership.failure(failed).message());
            return;
        }
        log.warn("node {} up→down: {}", node.name(), why);
        leadership.metrics().nodesLost().inc();
        endSession(node, why);
        if (session(node.id()).isEmpty()) {
            leadership.barriers().lost(node.id());
        }
        if (outcome instanceof Outcome.GroupsChanged changed) {
            leadership.groupsChanged(changed.groups());
        }
    }

    /// Whoever holds a stream of that incarnation must register again, to be taken back; also when
    /// the entry came to nothing as far as we know: a registration is behind it in the log.
    private void endSession(Node node, String why) {
        session(node.id())
                .filter(session -> session.incarnation() == node.incarnation())
                .ifPresent(session -> session.end("declared lost: " + why));
    }

    @Override
    public void close() {
        List<NodeSession> all;
        lock.lock();
        try {
            closed = true;
            all = List.copyOf(live.values());
        } finally {
            lock.unlock();
        }
        all.forEach(session -> session.refuse(ControlFailure.notLeader()));
    }
}
