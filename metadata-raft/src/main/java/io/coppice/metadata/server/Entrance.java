package io.coppice.metadata.server;

import com.codahale.metrics.MetricRegistry;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.directory.ControlTls;
import io.coppice.metadata.core.ClusterConfig;
import io.coppice.metadata.raft.Addresses;
import io.coppice.metadata.raft.RaftFiles;
import io.coppice.metadata.raft.RaftQuorum;
import io.coppice.metadata.raft.StartupException;
import io.coppice.tls.Credentials;
import io.coppice.wire.pb.AddMetadataServer;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.Introduction;
import io.coppice.wire.pb.ListMetadataServers;
import io.coppice.wire.pb.MetadataQuorum;
import io.coppice.wire.pb.QueryRequest;
import io.coppice.wire.pb.RemoveMetadataServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How a server comes to take part in the quorum. One that has its log takes part at once. One that
/// has none asks the others first ([Arrival]); where a quorum knows it as a member it lost its
/// directory, so it has itself removed, starts as a guest without a vote, and has itself added
/// again.
final class Entrance implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Entrance.class);
    private static final long PAUSE_MILLIS = 200;
    private static final Duration LEADER_PATIENCE = Duration.ofSeconds(5);
    private static final Duration CHANGE_PATIENCE = Duration.ofSeconds(30);

    /// Present from before a server leaves the quorum until it is a member again: what is in its
    /// directory meanwhile is no member's log.
    private static final String MARK = "coppice-metadata-joins";

    private final MetadataServerConfig config;
    private final @Nullable Credentials credentials;
    private final MetricRegistry registry;
    private final RaftQuorum.Listener listener;
    private final Consumer<RaftQuorum> entered;
    private final CountDownLatch closed = new CountDownLatch(1);

    /// Whether the mark is there: then a quorum exists, whatever the others say.
    private volatile boolean joins;

    // Under the lock.
    private @Nullable RaftQuorum quorum;

    private Entrance(
            MetadataServerConfig config,
            @Nullable Credentials credentials,
            MetricRegistry registry,
            RaftQuorum.Listener listener,
            Consumer<RaftQuorum> entered) {
        this.config = config;
        this.credentials = credentials;
        this.registry = registry;
        this.listener = listener;
        this.entered = entered;
    }

    /// @param entered told once, here or later on another thread
    /// @throws StartupException one line for a person
    static Entrance open(
            MetadataServerConfig config,
            @Nullable Credentials credentials,
            MetricRegistry registry,
            RaftQuorum.Listener listener,
            Consumer<RaftQuorum> entered)
            throws StartupException {
        var entrance = new Entrance(config, credentials, registry, listener, entered);
        try {
            entrance.joins = Files.exists(entrance.mark());
            boolean member =
                    config.raftPeers().size() == 1
                            || (RaftFiles.holdLog(config.dir()) && !entrance.joins);
            if (member) {
                entrance.enter(RaftQuorum.Entry.MEMBER);
                return entrance;
            }
        } catch (IOException unreadable) {
            throw new StartupException(
                    "cannot look into data directory " + config.dir() + ": " + unreadable);
        }
        RaftQuorum.requireFree(Addresses.parse("raft.listen", config.raftAddress()));
        Thread.ofVirtual().name("metadata-entrance-" + config.id()).start(entrance::arrive);
        return entrance;
    }

    private Path mark() {
        return config.dir().resolve(MARK);
    }

    private synchronized void enter(RaftQuorum.Entry entry) throws StartupException {
        if (closed.getCount() > 0 && quorum == null) {
            quorum = RaftQuorum.start(config.quorum(), entry, credentials, registry, listener);
            entered.accept(quorum);
        }
    }

    // ------------------------------------------------------------ with an empty directory

    private void arrive() {
        String last = "";
        try (var others = Neighbours.of(config, ControlTls.calling(credentials))) {
            while (pause()) {
                var next = Arrival.decide(config.raftPeers().size(), joins, others.introduced());
                switch (next) {
                    case Arrival.Found found -> {
                        enter(RaftQuorum.Entry.MEMBER);
                        return;
                    }
                    case Arrival.Ask(String leader) -> {
                        if (settled(leader)) {
                            return;
                        }
                    }
                    case Arrival.Wait(String why) -> {
                        if (!why.equals(last)) {
                            log.warn(
                                    "metadata server {} has no log and waits: {}",
                                    config.id(),
                                    why);
                            last = why;
                        }
                    }
                }
            }
        } catch (StartupException refused) {
            listener.failed(String.valueOf(refused.getMessage()));
        } catch (IOException | RuntimeException failed) {
            listener.failed("it could not enter the quorum: " + failed);
        }
    }

    /// False once this is closed.
    private boolean pause() {
        try {
            return !closed.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// False: to be tried again.
    private boolean settled(String leader) throws StartupException, IOException {
        try (var control = new ControlClient(List.of(leader), LEADER_PATIENCE, credentials);
                var changes = new ControlClient(List.of(leader), CHANGE_PATIENCE, credentials)) {
            var members = members(control);
            if (!members.getInitialized() && lists(members)) {
                // Nothing was ever acknowledged: the others were only faster.
                enter(RaftQuorum.Entry.MEMBER);
                return true;
            }
            if (!lists(members) && !joins) {
                enter(RaftQuorum.Entry.GUEST);
                log.warn(
                        "metadata server {} is no member of the quorum and waits to be added:"
                                + " coppice metadata add {} {} {}",
                        config.id(),
                        config.id(),
                        own(config.raftPeers()),
                        own(config.controlPeers()));
                return true;
            }
            return rejoin(control, changes);
        } catch (ControlException failed) {
            log.info(
                    "metadata server {} could not settle with the leader yet: {}",
                    config.id(),
                    failed.getMessage());
            return false;
        }
    }

    private boolean rejoin(ControlClient control, ControlClient changes)
            throws ControlException, StartupException, IOException {
        log.warn(
                "metadata server {} lost its log, although the quorum knows it: it leaves and joins"
                        + " again",
                config.id());
        mark(true);
        RaftFiles.remove(config.dir());
        try {
            changes.execute(
                    ExecuteRequest.newBuilder()
                            .setRemoveMetadataServer(
                                    RemoveMetadataServer.newBuilder().setId(config.id())));
        } catch (ControlException failed) {
            if (failed.code() != Code.CODE_NOT_FOUND) {
                throw failed;
            }
        }
        enter(RaftQuorum.Entry.GUEST);
        while (pause()) {
            try {
                changes.execute(
                        ExecuteRequest.newBuilder()
                                .setAddMetadataServer(
                                        AddMetadataServer.newBuilder()
                                                .setId(config.id())
                                                .setRaftAddress(own(config.raftPeers()))
                                                .setControlAddress(own(config.controlPeers()))));
                if (lists(members(control))) {
                    mark(false);
                    log.info("metadata server {} is a member of the quorum again", config.id());
                    return true;
                }
            } catch (ControlException failed) {
                log.warn(
                        "metadata server {} could not join again yet: {}",
                        config.id(),
                        failed.getMessage());
            }
        }
        return true;
    }

    private void mark(boolean present) throws IOException {
        joins = present;
        if (present) {
            Files.writeString(mark(), "");
        } else {
            Files.deleteIfExists(mark());
        }
        DataDirectory.sync(config.dir());
    }

    private String own(java.util.Map<String, String> addresses) {
        return Objects.requireNonNull(addresses.get(config.id()));
    }

    private static MetadataQuorum members(ControlClient control) throws ControlException {
        return control.query(
                        QueryRequest.newBuilder()
                                .setListMetadataServers(ListMetadataServers.getDefaultInstance())
                                .build())
                .getMetadataQuorum();
    }

    private boolean lists(MetadataQuorum members) {
        return members.getServersList().stream()
                .anyMatch(server -> server.getId().equals(config.id()));
    }

    /// What this server says of itself to others.
    Introduction introduction(String leader, long wallMillis) {
        RaftQuorum part;
        synchronized (this) {
            part = quorum;
        }
        return Introduction.newBuilder()
                .setId(config.id())
                .setCluster(config.cluster())
                .setHoldsLog(joins || (part != null && part.holdsEntries()))
                .setLeader(leader)
                .setFormat(ClusterConfig.NEWEST_FORMAT)
                .setWallMillis(wallMillis)
                .build();
    }

    /// Ends this server's part in the quorum. Waits for the quorum's threads.
    @Override
    public void close() {
        closed.countDown();
        RaftQuorum part;
        synchronized (this) {
            part = quorum;
        }
        if (part != null) {
            part.close();
        }
    }
}
