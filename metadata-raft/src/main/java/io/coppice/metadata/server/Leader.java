package io.coppice.metadata.server;

import com.codahale.metrics.MetricRegistry;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.raft.Quorum;
import io.coppice.port.Entropy;
import io.coppice.port.Time;
import io.coppice.port.Timer;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.AccessRefused;
import io.coppice.wire.pb.ClientDirective;
import io.coppice.wire.pb.ClientMessage;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.ExecuteResponse;
import io.coppice.wire.pb.GroupViews;
import io.coppice.wire.pb.Introduction;
import io.coppice.wire.pb.NodeDirective;
import io.coppice.wire.pb.NodeMessage;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One time of leading the metadata quorum: sessions of nodes and clients, administrative commands,
/// and the leader's own duties. Decides and waits for nothing by itself: time, threads, the log and
/// the streams are given, so that it runs on Ratis and gRPC, and in the simulator. Thread-safe.
public final class Leader implements AutoCloseable {
    /// The world around a leader.
    ///
    /// @param threads where work goes on that was waited for; a task there may wait itself
    /// @param refusesConnections whether an address surely has no process any more; may wait
    /// @param others what the other members of the quorum say of themselves, each; empty: it does
    ///   not answer; may wait
    public record Ports(
            Quorum quorum,
            Time time,
            Timer timer,
            Entropy entropy,
            Executor threads,
            Predicate<String> refusesConnections,
            Supplier<List<Optional<Introduction>>> others) {}

    private final Leadership leadership;
    private final AdminCommands commands;
    private final LeaderDuties duties;
    private final Companions companions;
    private final Entropy entropy;

    public Leader(Ports ports, MetadataServerConfig config, MetricRegistry registry) {
        this(ports, config, ServerMetrics.in(registry));
    }

    Leader(Ports ports, MetadataServerConfig config, ServerMetrics metrics) {
        leadership =
                new Leadership(
                        new Leadership.Ports(
                                ports.quorum(),
                                ports.time(),
                                ports.timer(),
                                ports.threads(),
                                ports.refusesConnections(),
                                ports.others()),
                        config,
                        metrics);
        companions = new Companions(leadership);
        var cuts = new Cuts(leadership);
        var keys = new KeyRotation(leadership, ports.entropy());
        commands = new AdminCommands(leadership, cuts, keys);
        duties = new LeaderDuties(leadership, companions, new Schedules(leadership, cuts), keys);
        entropy = ports.entropy();
    }

    Leadership leadership() {
        return leadership;
    }

    /// A storage node's stream; what is to go down it goes to `out`.
    public StreamObserver<NodeMessage> nodeSession(StreamObserver<NodeDirective> out) {
        return nodeSession(out, null);
    }

    /// @param peer whom the node's certificate names; null: the cluster has none
    StreamObserver<NodeMessage> nodeSession(
            StreamObserver<NodeDirective> out, @Nullable Identity peer) {
        return new NodeSession(leadership, out, peer);
    }

    /// A client's stream; what is to go down it goes to `out`.
    public StreamObserver<ClientMessage> clientSession(
            ServerCallStreamObserver<ClientDirective> out) {
        return clientSession(out, Caller.said(""), null);
    }

    /// @param caller who has the stream
    /// @param peer whom the client's certificate names; null: the cluster has none
    StreamObserver<ClientMessage> clientSession(
            ServerCallStreamObserver<ClientDirective> out, Caller caller, @Nullable Identity peer) {
        return new ClientSession(leadership, entropy, out, caller, peer);
    }

    /// Does an administrative command; what is wrong with it is in the response.
    public CompletableFuture<ExecuteResponse> execute(ExecuteRequest request, Caller caller) {
        return commands.execute(request, caller)
                .exceptionally(failed ->
                        ExecuteResponse.newBuilder()
                                .setFailure(
                                        Leadership.failure(failed)
                                                .toFailure(leadership.leaderAddress()))
                                .build());
    }

    /// The groups as they are applied here.
    public GroupViews views() {
        return leadership.read(view -> Answers.groups(view, view.groups(), true));
    }

    /// Its server turned somebody away.
    void turnedAway(AccessRefused refused) {
        String server = "metadata server " + leadership.config().id();
        RefusedNotes.tell(leadership, server, refused);
    }

    /// Time passes: to be called several times a second, by one thread at a time.
    public void tick() {
        duties.tick();
    }

    /// Whether its clock is that of most of the quorum.
    boolean clockAgrees() {
        return companions.clockAgrees();
    }

    /// Ends all sessions: their peers look for the new leader.
    @Override
    public void close() {
        leadership.close();
    }
}
