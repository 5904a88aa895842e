package io.coppice.metadata.raft;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/// How one server takes part in the metadata quorum.
///
/// @param server this server's id, one of the keys of `peers`
/// @param cluster id of the cluster, or empty: servers of different clusters then cannot be told
///   apart before they are initialised
/// @param dir where log and snapshots live; nobody else writes there
/// @param listen `host:port` to listen on
/// @param peers every server of the quorum with its `host:port`, this one included
/// @param controls where clients reach each of them, as far as known; kept with the membership
/// @param electionTimeoutMin a follower that hears nothing for this long stands for election
/// @param electionTimeoutMax must stay below twice the minimum: see [RaftTuning]
/// @param snapshotEntries log entries between two snapshots
/// @param keptEntries log entries kept behind a snapshot, so that a short outage needs no transfer
/// @param batch bounds of the batcher
public record QuorumConfig(
        String server,
        String cluster,
        Path dir,
        String listen,
        Map<String, String> peers,
        Map<String, String> controls,
        Duration electionTimeoutMin,
        Duration electionTimeoutMax,
        long snapshotEntries,
        long keptEntries,
        BatchLimits batch) {
    public static final Duration ELECTION_TIMEOUT_MIN = Duration.ofMillis(500);
    public static final Duration ELECTION_TIMEOUT_MAX = Duration.ofMillis(900);

    public QuorumConfig {
        peers = Map.copyOf(peers);
        controls = Map.copyOf(controls);
        require(!server.isEmpty(), "a metadata server needs an id");
        require(
                peers.containsKey(server),
                "raft-peers does not list this server, '" + server + "'");
        require(electionTimeoutMin.toMillis() >= 50, "raft.election-timeout-min is below 50 ms");
        require(
                electionTimeoutMax.compareTo(electionTimeoutMin) > 0
                        && electionTimeoutMax.compareTo(electionTimeoutMin.multipliedBy(2)) < 0,
                "raft.election-timeout-max must lie between raft.election-timeout-min and twice that");
        require(snapshotEntries >= 16, "raft.snapshot-entries is below 16");
        require(keptEntries >= 0, "raft.kept-entries is negative");
    }

    private static void require(boolean holds, String why) {
        if (!holds) {
            throw new IllegalArgumentException(why);
        }
    }

    /// Bounds of what rides in one log entry, and of what may wait (R12).
    ///
    /// @param commandsMax commands in one entry
    /// @param bytesMax encoded bytes in one entry; a single larger command travels alone
    /// @param entriesInFlight entries proposed and not yet applied: while so many are out, commands
    ///   gather
    /// @param waitingMax commands and reads that wait; beyond it callers are told to back off
    public record BatchLimits(int commandsMax, int bytesMax, int entriesInFlight, int waitingMax) {
        public BatchLimits {
            require(commandsMax > 0, "batch.commands-max must be positive");
            require(
                    bytesMax >= 1024 && bytesMax <= 2 << 20,
                    "batch.bytes-max must lie between 1 KiB and 2 MiB");
            require(
                    entriesInFlight > 0 && entriesInFlight <= 64,
                    "batch.entries-in-flight must be 1 to 64");
            require(waitingMax > 0, "batch.waiting-max must be positive");
        }

        public static BatchLimits defaults() {
            return new BatchLimits(1024, 512 << 10, 2, 16_384);
        }
    }
}
