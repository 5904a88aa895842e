package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.directory.ControlClient;
import io.coppice.directory.ControlException;
import io.coppice.tls.Credentials;
import io.coppice.wire.pb.ClusterConfig;
import io.coppice.wire.pb.ClusterStatus;
import io.coppice.wire.pb.Code;
import io.coppice.wire.pb.ExecuteRequest;
import io.coppice.wire.pb.GetStatus;
import io.coppice.wire.pb.InitializeCluster;
import io.coppice.wire.pb.QueryRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Waits, step by step, until a cluster serves: a leader, the nodes, an initialised cluster,
/// healthy groups, the gateway. Gives up when time is over or when a server that was started here
/// is gone.
final class Readiness {
    private static final Duration CALL_DEADLINE = Duration.ofSeconds(1);
    private static final long POLL_MILLIS = 50;

    /// Groups that still catch up do not keep a cluster from serving; this long they are waited
    /// for.
    private static final Duration HEALTH_PATIENCE = Duration.ofSeconds(20);

    private final ClusterPlan plan;
    private final Servers servers;
    private final UpOptions options;
    private final @Nullable Credentials credentials;
    private final long endNanos;

    Readiness(
            ClusterPlan plan,
            Servers servers,
            UpOptions options,
            @Nullable Credentials credentials) {
        this.credentials = credentials;
        this.plan = plan;
        this.servers = servers;
        this.options = options;
        this.endNanos = System.nanoTime() + options.patience().toNanos();
    }

    /// Until the cluster is initialised: from then on it answers gateways.
    void awaitInitialized() {
        try (ControlClient control = control()) {
            ClusterStatus status = awaitStatus(control);
            if (!status.getInitialized()) {
                awaitNodes(control);
                initialize(control);
            }
        }
    }

    /// Until volumes can be read and written. Returns the last status seen.
    ClusterStatus awaitServing() {
        try (ControlClient control = control()) {
            return awaitHealth(control);
        }
    }

    private ControlClient control() {
        return new ControlClient(plan.endpoints(), CALL_DEADLINE, credentials);
    }

    private ClusterStatus awaitStatus(ControlClient control) {
        while (true) {
            Optional<ClusterStatus> status = status(control);
            if (status.isPresent()) {
                return status.get();
            }
            pause("the metadata servers have elected no leader");
        }
    }

    private void awaitNodes(ControlClient control) {
        int expected = plan.nodes().size();
        int seen = 0;
        while (seen < expected) {
            seen = status(control).map(ClusterStatus::getNodesUp).orElse(0);
            if (seen < expected) {
                pause("only " + seen + " of " + expected + " storage nodes have registered");
            }
        }
    }

    private void initialize(ControlClient control) {
        var config =
                ClusterConfig.newBuilder()
                        .setCluster(plan.cluster())
                        .setReplicas(plan.replicas())
                        .setMinWriteReplicas(Math.min(2, plan.replicas()))
                        .setChunkBytes(io.coppice.model.Blocks.CHUNK_BYTES_DEFAULT)
                        .setDurabilityAlways(options.durabilityAlways())
                        .setTrashRetentionMillis(options.trashRetention().toMillis());
        while (true) {
            try {
                control.execute(
                        ExecuteRequest.newBuilder()
                                .setInitializeCluster(
                                        InitializeCluster.newBuilder().setConfig(config)));
                return;
            } catch (ControlException failed) {
                if (failed.code() == Code.CODE_EXISTS || failed.code() == Code.CODE_CONFLICT) {
                    return;
                }
                if (failed.code() != Code.CODE_UNAVAILABLE) {
                    throw new CliException(
                            ExitCode.of(failed.code()),
                            "cannot initialise the cluster: " + failed.getMessage());
                }
                pause("the cluster cannot be initialised: " + failed.getMessage());
            }
        }
    }

    private ClusterStatus awaitHealth(ControlClient control) {
        long healthEnd = System.nanoTime() + HEALTH_PATIENCE.toNanos();
        while (true) {
            Optional<ClusterStatus> status = status(control);
            String health = status.map(ClusterStatus::getHealth).orElse("unknown");
            boolean complete =
                    status.map(seen -> seen.getNodesUp() >= plan.nodes().size()).orElse(false);
            if (health.equals("ok") && complete) {
                return status.orElseThrow();
            }
            if (health.equals("degraded") && System.nanoTime() > healthEnd) {
                return status.orElseThrow();
            }
            pause("the cluster's health is '" + health + "'");
        }
    }

    private static Optional<ClusterStatus> status(ControlClient control) {
        try {
            return Optional.of(
                    control.query(
                                    QueryRequest.newBuilder()
                                            .setGetStatus(GetStatus.getDefaultInstance())
                                            .build())
                            .getStatus());
        } catch (ControlException notYet) {
            return Optional.empty();
        }
    }

    /// Until the gateway takes connections.
    void awaitGateway() {
        while (!accepts(plan.nbd())) {
            pause("the NBD gateway does not answer on " + plan.nbd());
        }
    }

    private static boolean accepts(String address) {
        boolean unix = address.startsWith("unix:");
        int colon = address.lastIndexOf(':');
        SocketAddress target =
                unix
                        ? UnixDomainSocketAddress.of(address.substring("unix:".length()))
                        : new InetSocketAddress(
                                address.substring(0, colon),
                                Integer.parseInt(address.substring(colon + 1)));
        try (SocketChannel channel =
                unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open()) {
            return channel.connect(target);
        } catch (IOException refused) {
            return false;
        }
    }

    private void pause(String why) {
        servers.failure()
                .ifPresent(failure -> {
                    throw new CliException(ExitCode.FAILED, failure);
                });
        if (System.nanoTime() > endNanos) {
            throw new CliException(
                    ExitCode.UNAVAILABLE,
                    "the cluster does not serve after "
                            + options.patience().toSeconds()
                            + " s: "
                            + why
                            + "; its logs may tell more");
        }
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CliException(ExitCode.FAILED, "interrupted while starting", interrupted);
        }
    }
}
