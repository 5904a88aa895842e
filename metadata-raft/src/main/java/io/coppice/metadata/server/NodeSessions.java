package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Store;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.StoreReport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    private final Set<Integer> declaring = new HashSet<>();
    private final Map<String, StoreReport> reports = new HashMap<>();
    private boolean closed;

    /// Views leave in the order in which they were read.
    private final ReentrantLock pushing = new ReentrantLock();

    NodeSessions(Leadership leadership) {
        this.leadership = leadership;
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
        removed.forEach((node, session) -> {
            session.end(why);
            leadership.barriers().lost(node);
        });
    }

    // ------------------------------------------------------------ views

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

    /// Declares lost who was silent for too long.
    void tick() {
        long now = leadership.time().nanos();
        for (Node node : leadership.read(MetadataView::nodes)) {
            if (node.up()) {
                watch(node, now);
            }
        }
    }

    private void watch(Node node, long now) {
        long timeoutNanos = leadership.config().timeouts().node().toNanos();
        NodeSession session = session(node.id()).orElse(null);
        if (session != null) {
            if (now - session.lastHeardNanos() > timeoutNanos) {
                declareLost(
                        node,
                        session,
                        "no heartbeat for "
                                + leadership.config().timeouts().node().toMillis()
                                + " ms");
            }
        } else if (awayNanos(node.id(), now) > timeoutNanos) {
            declareLost(node, null, "away for too long");
        } else if (leadership.config().timeouts().crashDetection()) {
            probe(node);
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
                    if (session(node.id()).isEmpty() && Probe.refusesConnections(node.address())) {
                        declareLost(node, null, "its address refuses connections");
                    }
                });
    }

    private void declareLost(Node node, @Nullable NodeSession silent, String why) {
        lock.lock();
        try {
            if (closed || live.get(node.id()) != silent || !declaring.add(node.id())) {
                return;
            }
        } finally {
            lock.unlock();
        }
        leadership
                .threads()
                .execute(() -> {
                    try {
                        commitLost(node, why);
                    } finally {
                        lock.lock();
                        try {
                            declaring.remove(node.id());
                        } finally {
                            lock.unlock();
                        }
                    }
                });
    }

    private void commitLost(Node node, String why) {
        try {
            Outcome outcome =
                    leadership.commit(new Command.NodeLost(node.id(), node.incarnation()));
            log.warn("node {} up→down: {}", node.name(), why);
            leadership.metrics().nodesLost().inc();
            // Whoever holds a stream of that incarnation must register again, to be taken back.
            session(node.id())
                    .filter(session -> session.incarnation() == node.incarnation())
                    .ifPresent(session -> session.end("declared lost: " + why));
            if (session(node.id()).isEmpty()) {
                leadership.barriers().lost(node.id());
            }
            if (outcome instanceof Outcome.GroupsChanged changed) {
                leadership.groupsChanged(changed.groups());
            }
        } catch (ControlFailure later) {
            log.info("node {} could not be declared lost yet: {}", node.name(), later.message());
        }
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
