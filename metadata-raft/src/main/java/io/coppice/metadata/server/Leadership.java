package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.metadata.core.Volume;
import io.coppice.metadata.raft.QuorumException;
import io.coppice.metadata.raft.RaftQuorum;
import io.coppice.port.Time;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One time of leading, from "this server leads" to "it does not any more": everything that only a
/// leader has - live sessions, barriers under way - is in here and is thrown away with it.
/// Thread-safe; the methods that wait are for virtual threads.
final class Leadership implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Leadership.class);

    /// Longer than any healthy commit; an entry that takes longer has an unknown end.
    private static final long COMMIT_TIMEOUT_SECONDS = 10;

    private final RaftQuorum quorum;
    private final MetadataServerConfig config;
    private final Time time;
    private final ServerMetrics metrics;
    private final ExecutorService threads;
    private final long startedNanos;
    private final VolumeGates gates = new VolumeGates();
    private final Barriers barriers;
    private final NodeSessions nodes;
    private final ClientSessions clients;
    private final Repair repair;
    private volatile boolean ended;

    Leadership(
            RaftQuorum quorum,
            MetadataServerConfig config,
            Time time,
            ServerMetrics metrics,
            ExecutorService threads) {
        this.quorum = quorum;
        this.config = config;
        this.time = time;
        this.metrics = metrics;
        this.threads = threads;
        this.startedNanos = time.nanos();
        var up =
                quorum.read(view ->
                        view.nodes().stream()
                                .filter(Node::up)
                                .map(Node::id)
                                .collect(Collectors.toSet()));
        // Barriers of an earlier leader had lower ids: the log only grows, and a barrier is no
        // entry.
        this.barriers = new Barriers(up, quorum.logIndex() << 20);
        this.nodes = new NodeSessions(this);
        this.clients = new ClientSessions(this);
        this.repair = new Repair(this);
    }

    MetadataServerConfig config() {
        return config;
    }

    RaftQuorum quorum() {
        return quorum;
    }

    Time time() {
        return time;
    }

    ServerMetrics metrics() {
        return metrics;
    }

    Barriers barriers() {
        return barriers;
    }

    NodeSessions nodes() {
        return nodes;
    }

    ClientSessions clients() {
        return clients;
    }

    Repair repair() {
        return repair;
    }

    /// One virtual thread per task; for work that waits.
    ExecutorService threads() {
        return threads;
    }

    /// Where the leader's control plane is, as far as it is known; else empty.
    String leaderAddress() {
        return quorum.leader().map(config.controlPeers()::get).orElse("");
    }

    boolean ended() {
        return ended;
    }

    long leadingNanos() {
        return time.nanos() - startedNanos;
    }

    // ------------------------------------------------------------ commands and reads

    CompletableFuture<Outcome> submit(
            long session, long sequence, long acknowledged, String caller, Command command) {
        return quorum.submit(
                new Stamped(session, sequence, acknowledged, time.wallMillis(), caller, command));
    }

    /// A command of the leader's own.
    CompletableFuture<Outcome> submit(Command command) {
        return quorum.submit(Stamped.byLeader(time.wallMillis(), command));
    }

    /// Commits and waits; a refusal is thrown.
    Outcome commit(long session, long sequence, String caller, Command command)
            throws ControlFailure {
        return done(submit(session, sequence, 0, caller, command));
    }

    Outcome commit(Command command) throws ControlFailure {
        return done(submit(command));
    }

    static Outcome done(CompletableFuture<Outcome> future) throws ControlFailure {
        Outcome outcome =
                await(
                        future,
                        COMMIT_TIMEOUT_SECONDS * 1000,
                        () -> "the metadata quorum did not commit in time");
        if (outcome instanceof Outcome.Refused refused) {
            throw ControlFailure.of(refused);
        }
        return outcome;
    }

    /// After it everything that any leader acknowledged before the call is readable here.
    void confirm() throws ControlFailure {
        await(
                quorum.barrier(),
                COMMIT_TIMEOUT_SECONDS * 1000,
                () -> "the metadata quorum did not answer in time");
    }

    <T> T read(Function<MetadataView, T> reader) {
        return quorum.read(reader);
    }

    static <T> T await(CompletableFuture<T> future, long millis, Supplier<String> late)
            throws ControlFailure {
        try {
            return future.get(millis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException tooLate) {
            throw ControlFailure.unavailable(late.get());
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw ControlFailure.notLeader();
        } catch (ExecutionException failed) {
            throw failure(failed.getCause() == null ? failed : failed.getCause());
        }
    }

    static ControlFailure failure(Throwable failed) {
        return switch (failed) {
            case QuorumException known -> ControlFailure.of(known);
            case ControlFailure known -> known;
            case CompletionException wrapped when wrapped.getCause() != null ->
                    failure(wrapped.getCause());
            default -> {
                log.error("a request failed by a bug", failed);
                yield new ControlFailure(
                        io.coppice.wire.pb.Code.CODE_INTERNAL,
                        "internal error, see the metadata server's log");
            }
        };
    }

    // ------------------------------------------------------------ gates and barriers

    VolumeGates.Passage enter(List<String> volumes) throws ControlFailure {
        return gates.enter(volumes, config.timeouts().barrier().toMillis());
    }

    /// Waits until every node refuses what `barrier` says and has finished what it had accepted.
    void fence(Volume volume) throws ControlFailure {
        await(
                raise(List.of(Answers.barrier(volume))),
                config.timeouts().barrier().toMillis(),
                this::lateBarrier);
    }

    CompletableFuture<Void> raise(List<VolumeBarrier> volumes) {
        var timer = metrics.barrier().time();
        return barriers.raise(volumes).whenComplete((done, failed) -> timer.stop());
    }

    String lateBarrier() {
        var names =
                read(view ->
                        barriers.waitedFor().stream()
                                .map(node -> view.node(node).map(Node::name).orElse("node " + node))
                                .collect(Collectors.joining(", ")));
        return "node " + names + " did not finish its writes in time; retry later";
    }

    // ------------------------------------------------------------ telling others

    /// The views of these groups changed: their nodes and all clients are told.
    void groupsChanged(List<Integer> ids) {
        if (ids.isEmpty()) {
            return;
        }
        nodes.pushViews(ids);
        clients.pushViews(ids);
    }

    /// Tells the holder of a volume, if it has one with a live stream, what became of it.
    void volumeChanged(long id, boolean mapChanged, String why) {
        read(view ->
                        view.attachment(id)
                                .flatMap(held ->
                                        view.volume(id)
                                                .map(volume -> new Held(held.session(), volume))))
                .ifPresent(held ->
                        clients.push(
                                held.session(), Answers.changed(held.volume(), mapChanged, why)));
    }

    private record Held(long session, Volume volume) {}

    Optional<Group> group(int id) {
        return read(view -> view.group(id));
    }

    /// Ends all sessions: their peers look for the new leader.
    @Override
    public void close() {
        ended = true;
        nodes.close();
        clients.close();
    }
}
