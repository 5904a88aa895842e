package io.coppice.metadata.raft;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.coppice.metadata.core.MetadataCapture;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Stamped;
import io.coppice.tls.Credentials;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.AlreadyClosedException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// This server's part in the metadata quorum, on Apache Ratis. Thread-safe.
public final class RaftQuorum implements Quorum, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RaftQuorum.class);

    /// Told on threads of the quorum; must not block.
    public interface Listener {
        /// This server leads, and has applied everything that earlier leaders committed.
        void leading();

        /// This server does not lead (any more).
        void following();

        /// This server cannot go on and must be restarted.
        void failed(String why);
    }

    /// How a server takes part at first.
    public enum Entry {
        /// It votes: it was a member all the time, or the quorum is new.
        MEMBER,
        /// It gives no vote until a leader has fed it and made it a member.
        GUEST
    }

    private final LogStateMachine machine;
    private final RaftServer server;
    private final RaftGroupId group;
    private final RaftMembership membership;
    private final ClientId client = ClientId.randomId();
    private final AtomicLong calls = new AtomicLong();
    private final Batcher batcher;
    private final @Nullable RaftDoor door;

    private RaftQuorum(
            QuorumConfig config,
            LogStateMachine machine,
            RaftServer server,
            @Nullable RaftDoor door,
            RaftGroupId group,
            QuorumMetrics metrics) {
        this.machine = machine;
        this.server = server;
        this.door = door;
        this.group = group;
        this.membership = new RaftMembership(server, group);
        this.batcher = new Batcher(config.server(), config.batch(), this::propose, metrics);
    }

    /// As below, with entries in the clear.
    public static RaftQuorum start(
            QuorumConfig config, Entry entry, MetricRegistry registry, Listener listener)
            throws StartupException {
        return start(config, entry, null, registry, listener);
    }

    /// Recovers what the directory holds and joins the quorum. Does not wait for a leader.
    ///
    /// @param credentials of a server; only servers of the cluster are spoken to. Null: entries
    ///   travel in the clear, to and from anybody
    public static RaftQuorum start(
            QuorumConfig config,
            Entry entry,
            @Nullable Credentials credentials,
            MetricRegistry registry,
            Listener listener)
            throws StartupException {
        InetSocketAddress listen = Addresses.parse("raft.listen", config.listen());
        requireFree(listen);
        var metrics = QuorumMetrics.in(registry);
        var machine = new LogStateMachine(config.server(), listener, metrics);
        var group =
                RaftGroup.valueOf(
                        groupId(config.cluster()),
                        entry == Entry.GUEST ? List.of() : peers(config));
        @Nullable RaftDoor door = credentials == null ? null : new RaftDoor(credentials);
        @Nullable RaftServer server = null;
        try {
            server =
                    RaftServer.newBuilder()
                            .setServerId(RaftPeerId.valueOf(config.server()))
                            .setGroup(group)
                            .setStateMachineRegistry(id -> machine)
                            .setProperties(
                                    RaftTuning.properties(
                                            config, listen.getHostString(), listen.getPort()))
                            .setParameters(RaftTls.parameters(credentials, door))
                            .setOption(RaftStorage.StartupOption.RECOVER)
                            .build();
            server.start();
            var quorum = new RaftQuorum(config, machine, server, door, group.getGroupId(), metrics);
            quorum.batcher.start();
            registry.gauge("metadata.log.index", () -> (Gauge<Long>) quorum::logIndex);
            registry.gauge(
                    "metadata.log.flip_entries", () -> (Gauge<Long>) quorum::entriesWithFlips);
            registry.gauge("metadata.leads", () -> (Gauge<Integer>) () -> quorum.leads() ? 1 : 0);
            return quorum;
        } catch (IOException | RuntimeException failed) {
            closeQuietly(server, door);
            throw new StartupException(DamagedLog.told(config, failed));
        }
    }

    // ------------------------------------------------------------ commands and reads

    @Override
    public CompletableFuture<Outcome> submit(Stamped command) {
        return batcher.submit(command);
    }

    @Override
    public CompletableFuture<Void> barrier() {
        return batcher.barrier();
    }

    @Override
    public CompletableFuture<Void> confirm() {
        return batcher.confirm();
    }

    @Override
    public <T> T read(Function<MetadataView, T> reader) {
        return machine.read(reader);
    }

    @Override
    public MetadataCapture capture() {
        return machine.capture();
    }

    @Override
    public Optional<Outcome> remembered(long session, long sequence) {
        return Optional.ofNullable(machine.remembered(session, sequence));
    }

    // ------------------------------------------------------------ about the quorum

    /// Who votes, and how to change that.
    @Override
    public RaftMembership membership() {
        return membership;
    }

    /// False once this part has ended, by [#close] or because Ratis gave it up.
    public boolean isAlive() {
        try {
            return server.getDivision(group).getInfo().isAlive();
        } catch (IOException closed) {
            return false;
        }
    }

    /// Whether this server has any entry or snapshot.
    public boolean holdsEntries() {
        try {
            return logIndex() >= 0 || server.getDivision(group).getRaftLog().getNextIndex() > 0;
        } catch (IOException closed) {
            return true;
        }
    }

    @Override
    public Optional<String> leader() {
        try {
            RaftPeerId id = server.getDivision(group).getInfo().getLeaderId();
            return Optional.ofNullable(id).map(RaftPeerId::toString);
        } catch (IOException closed) {
            return Optional.empty();
        }
    }

    /// Whether this server believes that it leads and has caught up.
    public boolean leads() {
        try {
            return server.getDivision(group).getInfo().isLeaderReady();
        } catch (IOException closed) {
            return false;
        }
    }

    @Override
    public long logIndex() {
        return machine.getLastAppliedTermIndex().getIndex();
    }

    @Override
    public long entriesWithFlips() {
        return machine.entriesWithFlips();
    }

    private CompletableFuture<Void> propose(Batch batch) {
        var request =
                RaftClientRequest.newBuilder()
                        .setClientId(client)
                        .setServerId(server.getId())
                        .setGroupId(group)
                        .setCallId(calls.incrementAndGet())
                        .setMessage(batch)
                        .setType(RaftClientRequest.writeRequestType())
                        .build();
        try {
            return server.submitClientRequestAsync(request)
                    .handle(RaftQuorum::ended)
                    .thenCompose(done -> done);
        } catch (IOException | RuntimeException failed) {
            return CompletableFuture.failedFuture(refusal(failed));
        }
    }

    private static CompletableFuture<Void> ended(RaftClientReply reply, Throwable failed) {
        if (failed != null) {
            return CompletableFuture.failedFuture(refusal(failed));
        }
        return reply.isSuccess()
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(refusal(reply.getException()));
    }

    private static QuorumException refusal(Throwable failed) {
        String why = rootCause(failed);
        return switch (failed) {
            case AlreadyClosedException closed ->
                    new QuorumException(QuorumException.Reason.STOPPED, why);
            case org.apache.ratis.protocol.exceptions.ResourceUnavailableException full ->
                    new QuorumException(QuorumException.Reason.OVERLOADED, why);
            default -> new QuorumException(QuorumException.Reason.NOT_LEADER, why);
        };
    }

    // ------------------------------------------------------------ small print

    private static List<RaftPeer> peers(QuorumConfig config) {
        return config.peers().entrySet().stream()
                .map(e ->
                        RaftMembership.peer(
                                new RaftMembership.Member(
                                        e.getKey(),
                                        e.getValue(),
                                        config.controls().getOrDefault(e.getKey(), ""))))
                .toList();
    }

    /// Servers of different clusters that meet by mistake refuse each other by this.
    private static RaftGroupId groupId(String cluster) {
        return RaftGroupId.valueOf(
                UUID.nameUUIDFromBytes(
                        ("coppice metadata " + cluster).getBytes(StandardCharsets.UTF_8)));
    }

    /// @throws StartupException somebody else listens there
    public static void requireFree(InetSocketAddress address) throws StartupException {
        try (var probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(address);
        } catch (IOException | IllegalArgumentException taken) {
            throw new StartupException(
                    "cannot listen on "
                            + address.getHostString()
                            + ":"
                            + address.getPort()
                            + " (raft.listen): "
                            + taken.getMessage()
                            + "; stop what uses the port or choose another");
        }
    }

    static String rootCause(Throwable failed) {
        // An end of a file has no words of its own; what wraps it does.
        String told = failed.getClass().getSimpleName();
        for (Throwable next = failed; next != null; next = next.getCause()) {
            String message = next.getMessage();
            if (message != null && !message.isBlank()) {
                told = message.lines().findFirst().orElse(told);
                if (next instanceof FileSystemException) {
                    told = next.getClass().getSimpleName() + " " + told;
                }
            }
        }
        return told;
    }

    private static void closeQuietly(@Nullable RaftServer server, @Nullable RaftDoor door) {
        if (server != null) {
            try {
                server.close();
            } catch (IOException | RuntimeException alsoFailed) {
                log.warn("the Raft server did not close cleanly: {}", alsoFailed.toString());
            }
        }
        if (door != null) {
            door.close();
        }
    }

    @Override
    public void close() {
        batcher.close();
        closeQuietly(server, door);
    }
}
