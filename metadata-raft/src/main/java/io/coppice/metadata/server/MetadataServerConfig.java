package io.coppice.metadata.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import io.coppice.metadata.raft.QuorumConfig;
import io.coppice.metadata.raft.QuorumConfig.BatchLimits;
import io.coppice.metadata.raft.StartupException;
import io.coppice.tls.Exposure;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Everything that one metadata server is told when it starts. Cluster-wide values (replicas, chunk
/// size, trash retention) are not here: they live in the replicated state.
///
/// @param id this server, one of the keys of both peer maps
/// @param cluster id of the cluster, or empty: the server then serves whatever its directory holds
/// @param dir data directory, used by this server alone
/// @param raftAddress `host:port` for the other metadata servers
/// @param controlAddress `host:port` for nodes, clients and the command line; port 0: any
/// @param httpAddress `host:port` for metrics and health; port 0: any
/// @param raftPeers every server's `host:port` for Raft, this one's included
/// @param controlPeers every server's `host:port` for the control plane, which followers name as
///   the leader's
/// @param tls the server's credentials directory; empty: everything travels in the clear
public record MetadataServerConfig(
        String id,
        String cluster,
        Path dir,
        String raftAddress,
        String controlAddress,
        String httpAddress,
        Map<String, String> raftPeers,
        Map<String, String> controlPeers,
        Optional<Path> tls,
        RaftLimits raft,
        BatchLimits batch,
        Timeouts timeouts,
        SessionLimits sessions,
        RepairLimits repair) {

    public MetadataServerConfig {
        raftPeers = Map.copyOf(raftPeers);
        controlPeers = Map.copyOf(controlPeers);
        require(raftPeers.containsKey(id), "raft.peers does not list this server, '" + id + "'");
        require(
                controlPeers.keySet().equals(raftPeers.keySet()),
                "control.peers and raft.peers list different servers");
        require(raftPeers.size() % 2 == 1, "a quorum has an odd number of metadata servers");
    }

    /// In the clear.
    public MetadataServerConfig(
            String id,
            String cluster,
            Path dir,
            String raftAddress,
            String controlAddress,
            String httpAddress,
            Map<String, String> raftPeers,
            Map<String, String> controlPeers,
            RaftLimits raft,
            BatchLimits batch,
            Timeouts timeouts,
            SessionLimits sessions,
            RepairLimits repair) {
        this(
                id,
                cluster,
                dir,
                raftAddress,
                controlAddress,
                httpAddress,
                raftPeers,
                controlPeers,
                Optional.empty(),
                raft,
                batch,
                timeouts,
                sessions,
                repair);
    }

    /// With everything else at its default.
    public MetadataServerConfig(
            String id,
            Path dir,
            String raftAddress,
            String controlAddress,
            String httpAddress,
            Map<String, String> raftPeers,
            Map<String, String> controlPeers) {
        this(
                id,
                "",
                dir,
                raftAddress,
                controlAddress,
                httpAddress,
                raftPeers,
                controlPeers,
                RaftLimits.defaults(),
                BatchLimits.defaults(),
                Timeouts.defaults(),
                SessionLimits.defaults(),
                RepairLimits.defaults());
    }

    /// The same server with other timeouts, for tests and one-machine clusters.
    public MetadataServerConfig with(RaftLimits otherRaft, Timeouts otherTimeouts) {
        return new MetadataServerConfig(
                id,
                cluster,
                dir,
                raftAddress,
                controlAddress,
                httpAddress,
                raftPeers,
                controlPeers,
                tls,
                otherRaft,
                batch,
                otherTimeouts,
                sessions,
                repair);
    }

    /// The same server with another rhythm of repair.
    public MetadataServerConfig with(RepairLimits otherRepair) {
        return new MetadataServerConfig(
                id,
                cluster,
                dir,
                raftAddress,
                controlAddress,
                httpAddress,
                raftPeers,
                controlPeers,
                tls,
                raft,
                batch,
                timeouts,
                sessions,
                otherRepair);
    }

    /// The same server with a credentials directory.
    public MetadataServerConfig withTls(Path dir) {
        return new MetadataServerConfig(
                id,
                cluster,
                this.dir,
                raftAddress,
                controlAddress,
                httpAddress,
                raftPeers,
                controlPeers,
                Optional.of(dir),
                raft,
                batch,
                timeouts,
                sessions,
                repair);
    }

    /// @param electionTimeoutMin a follower that hears nothing for this long stands for election
    /// @param electionTimeoutMax above the minimum, below twice the minimum
    /// @param snapshotEntries log entries between two snapshots
    /// @param keptEntries log entries kept behind a snapshot for servers that were away briefly
    public record RaftLimits(
            Duration electionTimeoutMin,
            Duration electionTimeoutMax,
            long snapshotEntries,
            long keptEntries) {
        public static RaftLimits defaults() {
            return new RaftLimits(
                    QuorumConfig.ELECTION_TIMEOUT_MIN,
                    QuorumConfig.ELECTION_TIMEOUT_MAX,
                    20_000,
                    5_000);
        }
    }

    /// @param node lease of a storage node: it serves for this long after a beat that was answered,
    ///   and is lost once it was silent for a little longer
    /// @param sessionGrace a client whose stream broke may resume its session for this long
    /// @param barrier a seal or fence that takes longer fails its command
    /// @param elect how long a group whose serving replicas all went down waits for the rest of
    ///   them
    /// @param crashDetection a node whose stream broke and whose address refuses connections is
    ///   lost at once
    public record Timeouts(
            Duration node,
            Duration sessionGrace,
            Duration barrier,
            Duration elect,
            boolean crashDetection) {
        public Timeouts {
            require(node.toMillis() >= 100, "timeouts.node is below 100 ms");
            require(!sessionGrace.isNegative(), "timeouts.session-grace is negative");
            require(barrier.toMillis() >= 100, "timeouts.barrier is below 100 ms");
            require(!elect.isNegative(), "timeouts.elect is negative");
        }

        public static Timeouts defaults() {
            return new Timeouts(
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(5),
                    true);
        }
    }

    /// @param messagesInFlight unanswered messages of one client session; beyond it its stream is
    ///   not read
    /// @param sessionsMax open client sessions
    /// @param principalMax those of one principal
    /// @param streamRows rows in one message of a streamed answer
    public record SessionLimits(
            int messagesInFlight, int sessionsMax, int principalMax, int streamRows) {
        public SessionLimits {
            require(
                    messagesInFlight > 0 && sessionsMax > 0 && principalMax > 0 && streamRows > 0,
                    "sessions.* must be positive");
        }

        public static SessionLimits defaults() {
            return new SessionLimits(1024, 100_000, 1000, 8192);
        }
    }

    /// @param after a store that is down for longer is not waited for any more: its replicas are
    ///   made anew elsewhere. Short: a reboot costs a rebuild; long: fewer replicas meanwhile
    /// @param interval how often the plan is looked at
    /// @param settle how long a store must have been serving before it leads more groups. Short: a
    ///   store that comes and goes takes the lead each time; long: the others lead more meanwhile
    /// @param syncsPerStore replicas that a store copies, as a source or a target, at a time
    /// @param movesMax groups in which a replica moves for balance at a time
    /// @param fullPercent stores that are fuller get no new replicas
    public record RepairLimits(
            Duration after,
            Duration interval,
            Duration settle,
            int syncsPerStore,
            int movesMax,
            int fullPercent) {
        public RepairLimits {
            require(!after.isNegative(), "repair.after is negative");
            require(interval.toMillis() >= 10, "repair.interval is below 10 ms");
            require(!settle.isNegative(), "repair.settle is negative");
            require(
                    syncsPerStore > 0 && movesMax >= 0,
                    "repair.syncs-per-store must be positive, repair.moves-max not negative");
            require(
                    fullPercent > 0 && fullPercent <= 100,
                    "repair.full-percent goes from 1 to 100");
        }

        public static RepairLimits defaults() {
            return new RepairLimits(
                    Duration.ofMinutes(5),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(30),
                    2,
                    4,
                    85);
        }

        /// With another patience.
        public RepairLimits withAfter(Duration other) {
            return new RepairLimits(other, interval, settle, syncsPerStore, movesMax, fullPercent);
        }

        /// With another time until primaries move back.
        public RepairLimits withSettle(Duration other) {
            return new RepairLimits(after, interval, other, syncsPerStore, movesMax, fullPercent);
        }
    }

    QuorumConfig quorum() {
        return new QuorumConfig(
                id,
                cluster,
                dir,
                raftAddress,
                raftPeers,
                controlPeers,
                raft.electionTimeoutMin(),
                raft.electionTimeoutMax(),
                raft.snapshotEntries(),
                raft.keptEntries(),
                batch);
    }

    /// Reads the section of a metadata server. A missing or wrong value is told in one line.
    public static MetadataServerConfig fromHocon(Config config) throws StartupException {
        try {
            return parse(config.withFallback(DEFAULTS).resolve());
        } catch (Exposure.Refused refused) {
            throw refused;
        } catch (ConfigException | IllegalArgumentException wrong) {
            throw new StartupException(
                    "bad configuration of the metadata server: " + firstLine(wrong));
        }
    }

    private static final Config DEFAULTS =
            ConfigFactory.parseString(
                    """
                    cluster = ""
                    insecure = false
                    raft {
                      election-timeout-min = 500ms
                      election-timeout-max = 900ms
                      snapshot-entries = 20000
                      kept-entries = 5000
                    }
                    batch {
                      commands-max = 1024
                      bytes-max = 512KiB
                      entries-in-flight = 2
                      waiting-max = 16384
                    }
                    timeouts {
                      node = 2s
                      session-grace = 10s
                      barrier = 10s
                      elect = 5s
                      crash-detection = true
                    }
                    sessions {
                      messages-in-flight = 1024
                      sessions-max = 100000
                      principal-max = 1000
                      stream-rows = 8192
                    }
                    repair {
                      after = 5m
                      interval = 500ms
                      settle = 30s
                      syncs-per-store = 2
                      moves-max = 4
                      full-percent = 85
                    }
                    """);

    private static MetadataServerConfig parse(Config c) {
        return new MetadataServerConfig(
                c.getString("id"),
                c.getString("cluster"),
                Path.of(c.getString("dir")),
                c.getString("raft.listen"),
                c.getString("control.listen"),
                c.getString("http.listen"),
                addresses(c.getConfig("raft.peers")),
                addresses(c.getConfig("control.peers")),
                Exposure.credentials(
                        text(c, "tls.dir"),
                        c.getBoolean("insecure"),
                        List.of(c.getString("raft.listen"), c.getString("control.listen"))),
                new RaftLimits(
                        c.getDuration("raft.election-timeout-min"),
                        c.getDuration("raft.election-timeout-max"),
                        c.getLong("raft.snapshot-entries"),
                        c.getLong("raft.kept-entries")),
                new BatchLimits(
                        c.getInt("batch.commands-max"),
                        Math.toIntExact(c.getBytes("batch.bytes-max")),
                        c.getInt("batch.entries-in-flight"),
                        c.getInt("batch.waiting-max")),
                new Timeouts(
                        c.getDuration("timeouts.node"),
                        c.getDuration("timeouts.session-grace"),
                        c.getDuration("timeouts.barrier"),
                        c.getDuration("timeouts.elect"),
                        c.getBoolean("timeouts.crash-detection")),
                new SessionLimits(
                        c.getInt("sessions.messages-in-flight"),
                        c.getInt("sessions.sessions-max"),
                        c.getInt("sessions.principal-max"),
                        c.getInt("sessions.stream-rows")),
                new RepairLimits(
                        c.getDuration("repair.after"),
                        c.getDuration("repair.interval"),
                        c.getDuration("repair.settle"),
                        c.getInt("repair.syncs-per-store"),
                        c.getInt("repair.moves-max"),
                        c.getInt("repair.full-percent")));
    }

    private static String text(Config c, String key) {
        return c.hasPath(key) ? c.getString(key) : "";
    }

    private static Map<String, String> addresses(Config peers) {
        var all = new TreeMap<String, String>();
        peers.root().forEach((name, address) -> all.put(name, String.valueOf(address.unwrapped())));
        return all;
    }

    private static String firstLine(Exception wrong) {
        return String.valueOf(wrong.getMessage()).lines().findFirst().orElse("unreadable");
    }

    private static void require(boolean holds, String why) {
        if (!holds) {
            throw new IllegalArgumentException(why);
        }
    }
}
