package io.coppice.cli;

import io.coppice.cli.exit.ExitCode;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.QueryRequest;
import java.time.Duration;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/// `status`: health in one screen.
@Command(name = "status", description = "Show the health of the cluster.")
final class StatusCommand extends Verb {
    @Override
    ExitCode run() throws Exception {
        ClusterStatus status =
                query(QueryRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()))
                        .getStatus();
        output().print(Views.status(status), () -> text(status));
        return ExitCode.DONE;
    }

    static String text(ClusterStatus status) {
        return new Details()
                .line("health", status.getHealth())
                .line(
                        "cluster",
                        status.getCluster().isEmpty() ? "not initialised" : status.getCluster())
                .line("quorum", quorum(status))
                .line("nodes", status.getNodesUp() + " of " + status.getNodes() + " up")
                .line("groups", groups(status))
                .line(
                        "capacity",
                        Sizes.show(status.getUsedBytes())
                                + " of "
                                + Sizes.show(status.getCapacityBytes())
                                + " used")
                .line("volumes", status.getVolumes() + ", " + status.getSnapshots() + " snapshots")
                .line("repair", repair(status))
                .toString();
    }

    private static String quorum(ClusterStatus status) {
        String servers = String.join(", ", status.getServersList());
        return status.getLeader().isEmpty()
                ? "no leader; servers " + servers
                : "leader " + status.getLeader() + "; servers " + servers;
    }

    private static String groups(ClusterStatus status) {
        return status.getGroupsCount() == 0
                ? "none"
                : new TreeMap<>(status.getGroupsMap())
                        .entrySet().stream()
                                .map(state -> state.getValue() + " " + state.getKey())
                                .collect(Collectors.joining(", "));
    }

    private static String repair(ClusterStatus status) {
        return status.getRepairBytesLeft() == 0
                ? "nothing to do"
                : Sizes.show(status.getRepairBytesLeft())
                        + " left, done in about "
                        + Durations.show(Duration.ofSeconds(status.getRepairEtaSeconds()));
    }
}
