package io.coppice.metadata.server;

import io.coppice.metadata.core.Attachment;
import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.metadata.core.Volume;
import io.coppice.metadata.raft.Quorum;
import io.coppice.metadata.raft.QuorumException;
import io.coppice.port.Time;
import io.coppice.port.Timer;
import io.coppice.tls.Identity;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.Introduction;
import io.coppice.wire.pb.VolumeBarrier;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One time of leading, from "this server leads" to "it does not any more": everything that only a
/// leader has - live sessions, barriers under way - is in here and is thrown away with it.
/// Thread-safe. Nothing in here waits but [#confirm]: what takes time answers with a future, which
/// goes on on [#threads].
final class Leadership implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Leadership.class);

    /// Longer than any healthy commit; an entry that takes longer has an unknown end.
    private static final long COMMIT_TIMEOUT_SECONDS = 10;

    /// The world around a leadership.
    ///
    /// @param threads one task may wait without holding another up
    /// @param refusesConnections whether an address surely has no process any more
    record Ports(
            Quorum quorum,
            Time time,
            Timer timer,
            Executor threads,
            Predicate<String> refusesConnections,
            Supplier<List<Optional<Introduction>>> others) {}

    private final Quorum quorum;
    private final MetadataServerConfig config;
    private final Time time;
    private final Timer timer;
    private final ServerMetrics metrics;
    private final Executor threads;
    private final Predicate<String> refusesConnections;
    private final Supplier<List<Optional<Introduction>>> others;
    private final long startedNanos;
    private final VolumeGates gates;
    private final Barriers barriers;
    private final Confirmations confirmations;
    private final NodeSessions nodes;
    private final ClientSessions clients;
    private final Repair repair;
    private volatile boolean ended;

    Leadership(Ports ports, MetadataServerConfig config, ServerMetrics metrics) {
        this.quorum = ports.quorum();
        this.config = config;
        this.time = ports.time();
        this.timer = ports.timer();
        this.metrics = metrics;
        this.threads = ports.threads();
        this.refusesConnections = ports.refusesConnections();
        this.others = ports.others();
        this.gates = new VolumeGates(timer);
        this.startedNanos = time.nanos();
        var up =
                quorum.read(view ->
                        view.nodes().stream()
                                .filter(Node::up)
                                .map(Node::id)
                                .collect(Collectors.toSet()));
        // Barriers of an earlier leader had lower ids: the log only grows, and a barrier is no
        // entry.
        this.barriers =
                new Barriers(up, quorum.logIndex() << 20, () -> read(Leadership::enoughServe));
        this.confirmations = new Confirmations(this);
        this.nodes = new NodeSessions(this);
        this.clients = new ClientSessions(this);
        this.repair = new Repair(this);
    }

    MetadataServerConfig config() {
        return config;
    }

    Quorum quorum() {
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

    Confirmations confirmations() {
        return confirmations;
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

    /// For work that follows from something that was waited for, or waits itself.
    Executor threads() {
        return threads;
    }

    /// True only when the machine answers that no process listens there.
    boolean refusesConnections(String address) {
        return refusesConnections.test(address);
    }

    /// Where the leader's control plane is, as far as it is known; else empty.
    String leaderAddress() {
        return quorum.leader()
                .map(id -> QuorumMembers.controlOf(quorum.membership(), config, id))
                .orElse("");
    }

    boolean ended() {
        return ended;
    }

    long leadingNanos() {
        return time.nanos() - startedNanos;
    }

    // ------------------------------------------------------------ commands and reads

    CompletableFuture<Outcome> submit(
            long session, long sequence, long acknowledged, Caller caller, Command command) {
        return submit(
                new Stamped(session, sequence, acknowledged, time.wallMillis(), caller, command));
    }

    /// What the other members of the quorum say of themselves; may wait.
    List<Optional<Introduction>> others() {
        return others.get();
    }

    /// What all members of the quorum understand; 0 before there is a cluster.
    int format() {
        return read(view -> view.config().map(ClusterConfig::format).orElse(0));
    }

    /// Whether all members of the quorum know of projects, policies and the audit log.
    boolean governs() {
        return understands(1);
    }

    /// Whether they understand what came with a format.
    boolean understands(int format) {
        return format() >= format;
    }

    /// When something ends, by the clock of the leader.
    ///
    /// @param ttlMillis so long from now; 0: `expiresMillis` says when
    long expires(long expiresMillis, long ttlMillis) {
        if (ttlMillis == 0) {
            return expiresMillis;
        }
        long end = time.wallMillis() + ttlMillis;
        return ttlMillis < 0 || end < 0 ? Long.MAX_VALUE : end;
    }

    /// Tells the audit log of what is no command. Nobody waits for it.
    ///
    /// @param refusal empty: it was done
    void note(Caller caller, String action, String target, String refusal) {
        if (governs()) {
            submit(new Command.Note(caller.name(), caller.address(), action, target, "", refusal));
        }
    }

    /// A command of the leader's own.
    CompletableFuture<Outcome> submit(Command command) {
        return submit(Stamped.byLeader(time.wallMillis(), command));
    }

    /// Not after the end of this leadership, also if this server leads again by now: what a command
    /// was to wait for, the nodes of the new leadership were not told.
    private CompletableFuture<Outcome> submit(Stamped stamped) {
        return ended
                ? CompletableFuture.failedFuture(ControlFailure.notLeader())
                : quorum.submit(stamped);
    }

    /// As [#submit]; a refusal, or no answer in time, is a [ControlFailure].
    CompletableFuture<Outcome> commit(long session, long sequence, Caller caller, Command command) {
        return done(submit(session, sequence, 0, caller, command));
    }

    CompletableFuture<Outcome> commit(Command command) {
        return done(submit(command));
    }

    private CompletableFuture<Outcome> done(CompletableFuture<Outcome> future) {
        return within(
                        future,
                        COMMIT_TIMEOUT_SECONDS * 1000,
                        () -> "the metadata quorum did not commit in time")
                .thenApply(outcome -> {
                    if (outcome instanceof Outcome.Refused refused) {
                        throw new CompletionException(ControlFailure.of(refused));
                    }
                    return outcome;
                });
    }

    /// What `future` ends with, on [#threads], or a failure when that takes too long.
    <T> CompletableFuture<T> within(
            CompletableFuture<T> future, long millis, Supplier<String> late) {
        var bounded = new CompletableFuture<T>();
        Runnable cancel =
                timer.after(
                        TimeUnit.MILLISECONDS.toNanos(millis),
                        () -> {
                            if (!bounded.isDone()) {
                                bounded.completeExceptionally(
                                        ControlFailure.unavailable(late.get()));
                            }
                        });
        future.whenCompleteAsync(
                (value, failed) -> {
                    cancel.run();
                    if (failed == null) {
                        bounded.complete(value);
                    } else {
                        bounded.completeExceptionally(failure(failed));
                    }
                },
                threads);
        return bounded;
    }

    /// Waits. After it everything that any leader acknowledged before the call is readable here.
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
                        Code.CODE_INTERNAL, "internal error, see the metadata server's log");
            }
        };
    }

    // ------------------------------------------------------------ gates and barriers

    CompletableFuture<VolumeGates.Passage> enter(List<String> volumes) {
        return gates.enter(volumes, config.timeouts().barrier().toNanos());
    }

    /// As [#inside], what makes `command` of one volume. Who has no right to it waits at nobody's
    /// gate and learns nothing of what is behind it: he is refused once the audit log tells of it.
    <T> CompletableFuture<T> inside(
            Caller caller,
            Command command,
            String volume,
            Supplier<CompletableFuture<T>> operation) {
        return this.<T>forbidden(caller, command)
                .orElseGet(() -> inside(List.of(volume), operation));
    }

    /// The refusal of what the caller has no right to, once the audit log tells of it; empty: he
    /// has.
    <T> Optional<CompletableFuture<T>> forbidden(Caller caller, Command command) {
        return read(view -> view.forbidden(caller, command))
                .map(note -> commit(note).thenCompose(told -> notAllowed(note.refusal())));
    }

    private static <T> CompletableFuture<T> notAllowed(String why) {
        return CompletableFuture.failedFuture(new ControlFailure(Code.CODE_NOT_ALLOWED, why));
    }

    /// Does something that takes time with the volumes' gates closed behind it.
    <T> CompletableFuture<T> inside(
            List<String> volumes, Supplier<CompletableFuture<T>> operation) {
        return enter(volumes)
                .thenCompose(gate -> {
                    try {
                        return operation.get().whenComplete((done, failed) -> gate.close());
                    } catch (RuntimeException bug) {
                        gate.close();
                        throw bug;
                    }
                });
    }

    /// Ends when every node refuses what `barrier` says and has finished what it had accepted.
    CompletableFuture<Void> fence(Volume volume) {
        return raised(List.of(Answers.barrier(volume)));
    }

    /// As [#raise], but no longer than a barrier may take.
    CompletableFuture<Void> raised(List<VolumeBarrier> volumes) {
        return within(raise(volumes), config.timeouts().barrier().toMillis(), this::lateBarrier);
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
        if (names.isEmpty()) {
            return "too few replicas serve in some groups; retry when more nodes are up";
        }
        return "node " + names + " did not finish its writes in time; retry later";
    }

    // ------------------------------------------------------------ telling others

    /// False also of whoever has no certificate: then nobody has one.
    boolean isRevoked(@Nullable Identity who) {
        return who != null && read(view -> view.isRevoked(who.serial()));
    }

    /// Other certificates count no more than before.
    void revoked() {
        var serials = read(Answers::revoked);
        nodes.pushRevoked(serials);
        clients.pushRevoked(serials);
    }

    /// The views of these groups changed: their nodes and all clients are told.
    void groupsChanged(List<Integer> ids) {
        if (ids.isEmpty()) {
            return;
        }
        nodes.pushViews(ids);
        clients.pushViews(ids);
        barriers.recheck();
    }

    /// Whether writes, and so barriers, pass in every group.
    boolean isWhole() {
        return read(Leadership::enoughServe);
    }

    private static boolean enoughServe(MetadataView view) {
        int enough = view.config().map(ClusterConfig::minWriteReplicas).orElse(0);
        return view.groups().stream().allMatch(group -> group.serving() >= enough);
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

    /// Attachments went with the rights to them: nodes refuse their holders, who are told. Nobody
    /// waits for that, as when something expires that is in use.
    void endedWithRights(List<Attachment> attachments) {
        if (!attachments.isEmpty()) {
            raise(attachments.stream().map(Answers::fenceOf).toList());
            attachments.forEach(held -> clients.lost(held, "its user may not have it any more"));
        }
    }

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
