package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.directory.ControlException;
import io.coppice.model.Blocks;
import io.coppice.port.Entropy;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.InitializeCluster;
import io.coppice.wire.pb.QueryRequest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `init`: makes a cluster of servers that were started one by one. `up` does it by itself.
@Command(
        name = "init",
        description = {
            "Make a cluster of the servers that run: its replica groups are placed on the nodes",
            "that have registered. Once; what is said here is fixed for as long as it lives."
        })
final class InitCommand extends Verb {
    private static final long LOOK_MILLIS = 100;

    @Option(
            names = "--nodes",
            paramLabel = "N",
            description = "Wait until so many storage nodes are up (as many as replicas).")
    @Nullable Integer nodes;

    @Option(names = "--replicas", paramLabel = "N", description = "Copies of all data (3).")
    int replicas = 3;

    @Option(
            names = "--min-write-replicas",
            paramLabel = "N",
            description = "Writes wait while fewer copies serve (2, or 1 of one copy).")
    @Nullable Integer minWriteReplicas;

    @Option(
            names = "--groups",
            paramLabel = "N",
            description = "Replica groups; by default chosen from the number of stores.")
    int groups;

    @Option(
            names = "--chunk-size",
            paramLabel = "SIZE",
            description = "A power of two from 64K to 64M (4M).")
    String chunkSize = String.valueOf(Blocks.CHUNK_BYTES_DEFAULT);

    @Option(
            names = "--durability-always",
            description = "Every write is synced before it is acknowledged.")
    boolean durabilityAlways;

    @Option(
            names = "--trash-retention",
            paramLabel = "DURATION",
            description = "How long deleted volumes can be restored (24h).")
    String trashRetention = "24h";

    @Option(
            names = "--cluster",
            paramLabel = "ID",
            description = "Its id; by default one is made up.")
    @Nullable String cluster;

    @Override
    ExitCode run() throws Exception {
        var config =
                ClusterConfig.newBuilder()
                        .setCluster(
                                cluster != null
                                        ? cluster
                                        : HexFormat.of().toHexDigits(Entropy.system().nextLong()))
                        .setReplicas(replicas)
                        .setMinWriteReplicas(
                                minWriteReplicas != null ? minWriteReplicas : Math.min(2, replicas))
                        .setGroups(groups)
                        .setChunkBytes(Sizes.parse(chunkSize))
                        .setDurabilityAlways(durabilityAlways)
                        .setTrashRetentionMillis(Durations.parse(trashRetention).toMillis());
        awaitNodes(nodes != null ? nodes : replicas);
        execute(
                ExecuteRequest.newBuilder()
                        .setInitializeCluster(InitializeCluster.newBuilder().setConfig(config)));
        ClusterStatus made = status();
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("cluster", made.getCluster());
        view.put("nodes", made.getNodesUp());
        view.put("replicas", replicas);
        output().done(
                        view,
                        () ->
                                "made cluster "
                                        + made.getCluster()
                                        + " on "
                                        + made.getNodesUp()
                                        + " nodes: see 'coppice status'");
        return ExitCode.DONE;
    }

    /// The number of groups follows from the stores that are there, so a node that comes a moment
    /// later would make the cluster smaller for good.
    private void awaitNodes(int wanted) throws ControlException {
        long end = System.nanoTime() + main().deadline().toNanos();
        ClusterStatus status = status();
        while (!status.getInitialized() && status.getNodesUp() < wanted) {
            if (System.nanoTime() > end) {
                throw new CliException(
                        ExitCode.UNAVAILABLE,
                        "only "
                                + status.getNodesUp()
                                + " of "
                                + wanted
                                + " storage nodes have registered: start the others, or say"
                                + " --nodes; --timeout waits longer");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new CliException(ExitCode.FAILED, "interrupted while waiting", interrupted);
            }
            status = status();
        }
    }

    private ClusterStatus status() throws ControlException {
        return query(QueryRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()))
                .getStatus();
    }
}
