package io.coppice.cli.local;

import io.coppice.cli.exit.CliException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// All servers in this process.
final class OneProcess implements Servers {
    private final Layout layout;
    private final List<RunningServer> running = new ArrayList<>();

    OneProcess(Layout layout) {
        this.layout = layout;
    }

    @Override
    public List<ServerSpec> missing(List<ServerSpec> all) {
        return all;
    }

    /// Those of one call start side by side: metadata servers elect a leader only together.
    @Override
    public void start(List<ServerSpec> servers) {
        try (var starters =
                Executors.newThreadPerTaskExecutor(
                        Thread.ofPlatform().name("start-", 0).factory())) {
            List<Future<RunningServer>> starting = new ArrayList<>();
            for (ServerSpec server : servers) {
                starting.add(
                        starters.submit(() ->
                                RunningServer.start(
                                        server.kind(), server.name(), layout.conf(server.name()))));
            }
            @org.jspecify.annotations.Nullable RuntimeException failure = null;
            for (Future<RunningServer> each : starting) {
                try {
                    keep(each.get());
                } catch (ExecutionException failed) {
                    failure =
                            failed.getCause() instanceof CliException known
                                    ? known
                                    : new IllegalStateException(failed.getCause());
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    failure = new IllegalStateException("interrupted while starting", interrupted);
                }
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    private synchronized void keep(RunningServer server) {
        running.add(server);
    }

    @Override
    public synchronized Optional<String> failure() {
        return running.stream().map(RunningServer::failure).flatMap(Optional::stream).findFirst();
    }

    /// Gateways, then nodes, then metadata servers; those of one kind side by side.
    @Override
    public synchronized void stop() {
        ServerKind[] kinds = ServerKind.values();
        for (int i = kinds.length - 1; i >= 0; i--) {
            ServerKind kind = kinds[i];
            try (var stoppers =
                    Executors.newThreadPerTaskExecutor(
                            Thread.ofPlatform().name("stop-", 0).factory())) {
                running.stream()
                        .filter(server -> server.kind() == kind)
                        .forEach(server -> stoppers.execute(server::close));
            }
        }
        running.clear();
    }
}
