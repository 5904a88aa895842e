package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.tls.Identity;
import io.coppice.wire.AccessKeyCodec;
import io.coppice.wire.pb.Barrier;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.GoneReplica;
import io.coppice.wire.pb.GroupPosition;
import io.coppice.wire.pb.HeartbeatReply;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeHeartbeat;
import io.coppice.wire.pb.NodeMessage;
import io.coppice.wire.pb.NodeWelcome;
import io.coppice.wire.pb.PurgeDone;
import io.coppice.wire.pb.RegisterNode;
import io.coppice.wire.pb.StoreId;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One storage node's stream. Its messages are handled one after the other; those that come while
/// the registration is under way wait for it.
final class NodeSession implements StreamObserver<NodeMessage> {
    private static final Logger log = LoggerFactory.getLogger(NodeSession.class);
    private static final int UNKNOWN = 0;

    /// More than any node says before it is welcomed.
    private static final int EARLY_MESSAGES_MAX = 10_000;

    private final Leadership leadership;
    private final Outbox<NodeDirective> outbox;

    /// Whom the node's certificate names; null: the cluster has none.
    private final @Nullable Identity peer;

    private final Consumer<Barrier> barrierSender = this::sendBarrier;
    private volatile long lastHeardNanos;
    private volatile int node = UNKNOWN;
    private volatile long incarnation;
    private volatile String name = "";
    private volatile boolean ended;
    private final Object welcoming = new Object();

    /// Barriers raised before the welcome left; null: it has. Under `welcoming`.
    private @Nullable List<Barrier> early = new ArrayList<>();

    /// Messages that wait for the registration; null: it is not under way. Under `welcoming`.
    private @Nullable ArrayDeque<NodeMessage> waiting;

    NodeSession(Leadership leadership, StreamObserver<NodeDirective> out, @Nullable Identity peer) {
        this.leadership = leadership;
        this.peer = peer;
        this.outbox = new Outbox<>(out);
        this.lastHeardNanos = leadership.time().nanos();
    }

    @Nullable Identity peer() {
        return peer;
    }

    long lastHeardNanos() {
        return lastHeardNanos;
    }

    long incarnation() {
        return incarnation;
    }

    int node() {
        return node;
    }

    String name() {
        return name;
    }

    void send(NodeDirective directive) {
        outbox.send(directive);
    }

    // ------------------------------------------------------------ from the node

    @Override
    public void onNext(NodeMessage message) {
        long now = leadership.time().nanos();
        lastHeardNanos = now;
        if (ended) {
            return;
        }
        synchronized (welcoming) {
            if (waiting != null) {
                if (waiting.size() < EARLY_MESSAGES_MAX) {
                    waiting.add(message);
                } else {
                    refuse(ControlFailure.badRequest("a node waits for its welcome"));
                }
                return;
            }
            if (node == UNKNOWN && message.hasRegister()) {
                waiting = new ArrayDeque<>();
            }
        }
        handle(message, now);
    }

    private void handle(NodeMessage message, long now) {
        try {
            if (message.hasRegister()) {
                register(message.getRegister(), now);
            } else if (node == UNKNOWN) {
                throw ControlFailure.badRequest(
                        "the first message of a node session is its registration");
            } else {
                registered(message, now);
            }
        } catch (ControlFailure refused) {
            refuse(refused);
        } catch (RuntimeException bug) {
            refuse(Leadership.failure(bug));
        }
    }

    /// Handles what came meanwhile, in its order; then messages are handled as they come.
    private void handleWaiting() {
        while (true) {
            NodeMessage next;
            synchronized (welcoming) {
                next = waiting == null ? null : waiting.poll();
                if (next == null) {
                    waiting = null;
                    return;
                }
            }
            handle(next, leadership.time().nanos());
        }
    }

    private void registered(NodeMessage message, long now) throws ControlFailure {
        switch (message.getMessageCase()) {
            case HEARTBEAT -> heartbeat(message.getHeartbeat(), now);
            case BARRIER_DONE ->
                    leadership.barriers().done(node, message.getBarrierDone().getBarrier());
            case PURGE_DONE -> purged(message.getPurgeDone());
            case REPLICA_SYNCED -> {
                var synced = message.getReplicaSynced();
                changeGroup(
                        new Command.ReplicaSynced(
                                synced.getGroup(), synced.getEpoch(), synced.getStore()));
            }
            case REPLICA_FAILED -> {
                var failed = message.getReplicaFailed();
                log.warn(
                        "group {} store {} serving→failed: {}",
                        failed.getGroup(),
                        failed.getStore(),
                        failed.getWhy());
                changeGroup(
                        new Command.ReplicaFailed(
                                failed.getGroup(),
                                failed.getEpoch(),
                                failed.getStore(),
                                failed.getWhy()));
            }
            case ACCESS_REFUSED ->
                    RefusedNotes.tell(leadership, "node " + name, message.getAccessRefused());
            case REGISTER, MESSAGE_NOT_SET ->
                    throw ControlFailure.badRequest(
                            "a node sent a message that this version does not know");
        }
    }

    private void register(RegisterNode request, long now) throws ControlFailure {
        if (node != UNKNOWN) {
            throw ControlFailure.badRequest("a node registers once per session");
        }
        requireOwnName(request.getName());
        if (leadership.nodes().mayServeBesides(request)) {
            handleWaiting();
            throw ControlFailure.unavailable(
                    "another process may still serve as node "
                            + request.getName()
                            + ", on other stores: stop it, or wait for its lease to end");
        }
        if (leadership.nodes().mayShowLosses(request)) {
            handleWaiting();
            throw ControlFailure.unavailable(
                    "clients have yet to hear that the power of node "
                            + request.getName()
                            + " failed; retry");
        }
        long ticket = leadership.nodes().ticket(request.getName());
        leadership
                .commit(Requests.register(request))
                .thenAccept(outcome -> {
                    if (!(outcome instanceof Outcome.NodeRegistered registered)) {
                        throw new IllegalStateException("a registration ended as " + outcome);
                    }
                    try {
                        accept(registered, request, ticket, now);
                    } finally {
                        // Committed, whatever becomes of this stream: a later registration finds
                        // nothing left to change, and would tell nobody.
                        leadership.groupsChanged(registered.groups());
                    }
                })
                .whenComplete((done, failed) -> {
                    if (failed != null) {
                        refuse(Leadership.failure(failed));
                    }
                    handleWaiting();
                });
    }

    /// Who has a node's certificate is that node and no other.
    private void requireOwnName(String asked) throws ControlFailure {
        if (peer != null && (peer.kind() != Identity.Kind.SERVER || !peer.name().equals(asked))) {
            String why =
                    "the certificate of "
                            + peer
                            + " does not make it node "
                            + asked
                            + ": issue one with 'coppice cert issue "
                            + asked
                            + " --server'";
            var who = new Caller(peer.name(), Callers.caller().address(), false);
            leadership.note(who, "register node", "node " + asked, why);
            throw new ControlFailure(Code.CODE_NOT_ALLOWED, why);
        }
    }

    private void accept(
            Outcome.NodeRegistered registered, RegisterNode request, long ticket, long now) {
        if (ended) {
            return; // the stream broke meanwhile
        }
        node = registered.node();
        incarnation = request.getIncarnation();
        name = request.getName();
        leadership.nodes().reported(request.getStoresList());
        if (!leadership.nodes().add(node, this)) {
            throw new CompletionException(ControlFailure.notLeader());
        }
        if (leadership.isRevoked(peer)) {
            end("its certificate was revoked");
            return;
        }
        if (ended) {
            gone("the stream broke while it registered");
            return;
        }
        if (!leadership.nodes().grant(this, ticket, now)) {
            throw new CompletionException(
                    ControlFailure.unavailable(
                            "node "
                                    + name
                                    + " is just being declared lost; it must register again"));
        }
        // From here on new barriers wait for this node. Those that come before the welcome follow
        // it.
        leadership.barriers().connected(node, barrierSender);
        welcome(registered, request);
        log.info(
                "node {} away→connected: id {}, {} stores, incarnation {}",
                name,
                node,
                request.getStoresCount(),
                incarnation);
        new SealRepair(leadership).repair(request.getBarriersList());
    }

    private void welcome(Outcome.NodeRegistered registered, RegisterNode request) {
        var directives =
                leadership.read(view ->
                        List.of(
                                NodeDirective.newBuilder()
                                        .setWelcome(welcome(view, registered))
                                        .build(),
                                NodeDirective.newBuilder()
                                        .setViews(
                                                Answers.groups(view, groups(view), true).toBuilder()
                                                        .addAllGone(
                                                                gone(view, registered, request)))
                                        .build()));
        directives.forEach(this::send);
        if (peer != null) {
            send(
                    leadership.read(view ->
                            NodeDirective.newBuilder().setRevoked(Answers.revoked(view)).build()));
        }
        List<Barrier> held;
        synchronized (welcoming) {
            held = early == null ? List.of() : early;
            early = null;
            held.forEach(this::transmit);
        }
    }

    private NodeWelcome welcome(MetadataView view, Outcome.NodeRegistered registered) {
        var welcome =
                NodeWelcome.newBuilder()
                        .setNode(node)
                        .setLeaseMillis(leadership.nodes().leaseMillis())
                        .setCluster(view.config().map(c -> c.cluster()).orElse(""))
                        .setConfig(Answers.config(view.config()));
        registered
                .stores()
                .forEach(store ->
                        welcome.addStores(
                                StoreId.newBuilder().setUuid(store.uuid()).setId(store.id())));
        view.barrierVolumes().forEach(volume -> welcome.addBarriers(Answers.barrier(volume)));
        return welcome.setFencesGiven(view.fencesGiven())
                .setAccessKeys(AccessKeyCodec.encode(view.accessKeys()))
                .build();
    }

    private List<Group> groups(MetadataView view) {
        return view.groups().stream()
                .filter(group -> NodeSessions.nodesOf(view, group).contains(node))
                .toList();
    }

    /// What the node holds of groups that its stores have no part in any more.
    private static List<GoneReplica> gone(
            MetadataView view, Outcome.NodeRegistered registered, RegisterNode request) {
        var gone = new ArrayList<GoneReplica>();
        for (int i = 0; i < registered.stores().size(); i++) {
            int store = registered.stores().get(i).id();
            for (GroupPosition held : request.getStores(i).getPositionsList()) {
                boolean member =
                        view.group(held.getGroup())
                                .map(group -> group.replica(store).isPresent())
                                .orElse(true);
                if (!member) {
                    gone.add(
                            GoneReplica.newBuilder()
                                    .setGroup(held.getGroup())
                                    .setStore(store)
                                    .build());
                }
            }
        }
        return gone;
    }

    private void heartbeat(NodeHeartbeat beat, long now) {
        leadership.nodes().reported(beat.getStoresList());
        leadership.nodes().beat(this, beat.getSequence(), now);
    }

    void answerBeat(long sequence) {
        send(
                NodeDirective.newBuilder()
                        .setHeartbeat(
                                HeartbeatReply.newBuilder()
                                        .setSequence(sequence)
                                        .setLeaseMillis(leadership.nodes().leaseMillis()))
                        .build());
    }

    /// Not waited for: the stream goes on while the entry is under way.
    private void changeGroup(Command command) {
        leadership
                .submit(command)
                .whenComplete((outcome, failed) -> {
                    if (outcome instanceof Outcome.GroupsChanged changed) {
                        leadership
                                .threads()
                                .execute(() -> leadership.groupsChanged(changed.groups()));
                    } else if (outcome instanceof Outcome.Refused refused) {
                        log.info("node {}: {} is refused: {}", name, command, refused.message());
                    }
                });
    }

    private void purged(PurgeDone done) {
        leadership
                .submit(
                        new Command.ChunksPurged(
                                done.getGroup(), List.copyOf(done.getChunksList())))
                .whenComplete((outcome, failed) ->
                        leadership.metrics().purged().mark(done.getChunksCount()));
    }

    // ------------------------------------------------------------ barriers

    private void sendBarrier(Barrier barrier) {
        synchronized (welcoming) {
            if (early != null) {
                early.add(barrier);
                return;
            }
        }
        transmit(barrier);
    }

    private void transmit(Barrier barrier) {
        send(NodeDirective.newBuilder().setBarrier(barrier).build());
    }

    // ------------------------------------------------------------ the end

    /// Ends the stream and says why; the node comes back by itself.
    void refuse(ControlFailure why) {
        send(
                NodeDirective.newBuilder()
                        .setRefused(why.toFailure(leadership.leaderAddress()))
                        .build());
        end(why.message());
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
        end("the node ended its session");
    }

    private void gone(String why) {
        ended = true;
        if (node != UNKNOWN) {
            leadership.barriers().disconnected(node, barrierSender);
            leadership.nodes().remove(node, this, why);
        }
    }
}
