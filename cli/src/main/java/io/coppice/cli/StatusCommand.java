package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.directory.ControlException;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.QueryRequest;
import java.time.Duration;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `status`: health in one screen.
@Command(name = "status", description = "Show the health of the cluster.")
final class StatusCommand extends Verb {
    private static final long LOOK_MILLIS = 250;

    @Option(
            names = "--wait",
            description = "Return when its health is ok; exit 3 when --timeout is over before.")
    boolean wait;

    @Override
    ExitCode run() throws Exception {
        ClusterStatus status = wait ? awaitHealth() : status();
        output().print(Views.status(status), () -> text(status));
        return ExitCode.DONE;
    }

    private ClusterStatus status() throws ControlException {
        return query(QueryRequest.newBuilder().setGetStatus(GetStatus.getDefaultInstance()))
                .getStatus();
    }

    private ClusterStatus awaitHealth() throws ControlException, InterruptedException {
        long end = System.nanoTime() + main().deadline().toNanos();
        ClusterStatus status = status();
        while (!status.getHealth().equals("ok")) {
            if (System.nanoTime() > end) {
                throw new CliException(
                        ExitCode.UNAVAILABLE,
                        "the cluster is still "
                                + status.getHealth()
                                + ": see 'coppice status', or wait longer with --timeout");
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            status = status();
        }
        return status;
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
