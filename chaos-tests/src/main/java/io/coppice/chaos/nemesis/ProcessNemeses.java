package io.coppice.chaos.nemesis;

import io.coppice.chaos.cluster.Host.Role;
import io.coppice.chaos.cluster.Server;
import io.coppice.chaos.nemesis.Nemesis.Blow;
import io.coppice.chaos.nemesis.Nemesis.Load;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/// Faults of processes.
final class ProcessNemeses {
    private static final Duration SHORT = Duration.ofSeconds(5);
    private static final Duration LONG = Duration.ofSeconds(12);
    private static final Duration ROLLING_PATIENCE = Duration.ofSeconds(60);

    private ProcessNemeses() {}

    static List<Nemesis> all() {
        return List.of(
                new Nemesis(
                        "kill",
                        "kill -9 of a storage node, started again seconds later",
                        Load.HEAVY,
                        SHORT,
                        (arena, random) -> kill(Arena.one(arena.nodes(), random))),
                new Nemesis(
                        "kill-metadata",
                        "kill -9 of a metadata server",
                        Load.HEAVY,
                        SHORT,
                        (arena, random) -> kill(Arena.one(arena.metadata(), random))),
                new Nemesis(
                        "kill-leader",
                        "kill -9 of the metadata leader",
                        Load.HEAVY,
                        SHORT,
                        ProcessNemeses::killLeader),
                new Nemesis(
                        "kill-gateway",
                        "kill -9 of the NBD gateway",
                        Load.LIGHT,
                        Duration.ofSeconds(2),
                        (arena, random) -> kill(arena.cluster().servers(Role.GATEWAY).getFirst())),
                new Nemesis(
                        "pause",
                        "SIGSTOP of a storage node past every lease, then SIGCONT",
                        Load.HEAVY,
                        LONG,
                        (arena, random) -> pause(Arena.one(arena.nodes(), random))),
                new Nemesis(
                        "pause-metadata",
                        "SIGSTOP of a metadata server",
                        Load.HEAVY,
                        LONG,
                        (arena, random) -> pause(Arena.one(arena.metadata(), random))),
                new Nemesis(
                        "restart",
                        "a server is stopped as its system stops it, and started again",
                        Load.HEAVY,
                        Duration.ofSeconds(1),
                        ProcessNemeses::restart),
                new Nemesis(
                        "rolling",
                        "all servers one after the other, as in an upgrade",
                        Load.HEAVY,
                        Duration.ofSeconds(1),
                        ProcessNemeses::rolling),
                new Nemesis(
                        "kill-client",
                        "kill -9 of a client, which comes back and takes its volume over",
                        Load.LIGHT,
                        SHORT,
                        ProcessNemeses::killClient),
                new Nemesis(
                        "pause-client",
                        "SIGSTOP of a client past its leases",
                        Load.LIGHT,
                        LONG,
                        ProcessNemeses::pauseClient));
    }

    private static Blow kill(Server server) {
        server.kill();
        return new Blow("kill -9 " + server.name(), server::start);
    }

    private static Blow killLeader(Arena arena, SplittableRandom random) throws IOException {
        String leader = arena.cluster().status().map(seen -> seen.getLeader()).orElse("");
        return kill(
                arena.metadata().stream()
                        .filter(server -> server.name().equals(leader))
                        .findFirst()
                        .orElse(Arena.one(arena.metadata(), random)));
    }

    private static Blow pause(Server server) {
        server.pause();
        return new Blow("SIGSTOP " + server.name(), server::resume);
    }

    private static Blow restart(Arena arena, SplittableRandom random) {
        Server server = Arena.one(arena.cluster().servers(), random);
        server.stop();
        return new Blow("stop " + server.name(), server::start);
    }

    /// Each is healthy again before the next one goes.
    private static Blow rolling(Arena arena, SplittableRandom random) throws IOException {
        for (Server server : arena.cluster().servers()) {
            server.stop();
            server.start();
            arena.cluster().awaitHealthy(ROLLING_PATIENCE);
        }
        return new Blow("restart of all, one by one", () -> {});
    }

    private static Blow killClient(Arena arena, SplittableRandom random) {
        Arena.Prey client = Arena.one(arena.clients(), random);
        client.kill();
        return new Blow("kill -9 " + client.host().name(), client::start);
    }

    private static Blow pauseClient(Arena arena, SplittableRandom random) {
        Arena.Prey client = Arena.one(arena.clients(), random);
        client.pause();
        return new Blow("SIGSTOP " + client.host().name(), client::resume);
    }
}
