package io.coppice.chaos.nemesis;

import io.coppice.chaos.cluster.Host.Role;
import io.coppice.chaos.cluster.Server;
import io.coppice.chaos.disk.DiskFaults;
import io.coppice.chaos.nemesis.Nemesis.Blow;
import io.coppice.chaos.nemesis.Nemesis.Load;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Faults of disks and of power.
final class DiskNemeses {
    private static final Duration MOMENT = Duration.ofSeconds(2);
    private static final Duration LASTS = Duration.ofSeconds(8);
    private static final long SLOW_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int BITS = 40;
    private static final Duration CLEAN_PATIENCE = Duration.ofSeconds(60);

    /// What fills faster is beyond what stores are made for.
    private static final long FILLS_NANOS = TimeUnit.SECONDS.toNanos(3);

    private DiskNemeses() {}

    static List<Nemesis> all() {
        return List.of(
                heavy(
                        "power",
                        "a node loses its power, and what was not synced",
                        MOMENT,
                        DiskNemeses::power),
                heavy(
                        "power-metadata",
                        "all metadata servers lose their power",
                        MOMENT,
                        (arena, random) -> blackout(arena, arena.metadata(), "metadata")),
                heavy(
                        "power-all",
                        "everybody loses power: what was not flushed may be gone",
                        MOMENT,
                        (arena, random) -> blackout(arena, arena.cluster().servers(), "everybody")),
                heavy("disk-lost", "a node gets an empty disk", MOMENT, DiskNemeses::lost),
                faulty(
                        "disk-full",
                        "others fill a disk within three seconds",
                        faults -> faults.fill(FILLS_NANOS)),
                new Nemesis(
                        "disk-slow",
                        "a disk's requests take up to 100 ms longer",
                        Load.LIGHT,
                        LASTS,
                        DiskNemeses::slow),
                faulty("disk-hang", "a disk answers nothing", DiskFaults::hang),
                faulty("read-errors", "reads of a node's disk fail", DiskFaults::failReads),
                faulty("write-errors", "writes to a node's disk fail", DiskFaults::failWrites),
                faulty(
                        "sync-errors",
                        "syncs fail, and forget what they should keep",
                        DiskFaults::failSyncs),
                heavy(
                        "flip-bits",
                        "bits of a node's segments turn round",
                        MOMENT,
                        DiskNemeses::flip),
                heavy(
                        "flip-raft",
                        "bits of a metadata server's files turn round while it is down",
                        MOMENT,
                        DiskNemeses::flipRaft));
    }

    private static Nemesis heavy(String name, String about, Duration lasts, Nemesis.Strike strike) {
        return new Nemesis(name, about, Load.HEAVY, lasts, strike);
    }

    private static Blow slow(Arena arena, SplittableRandom random) {
        Server server = Arena.one(arena.cluster().servers(Role.NODE, Role.METADATA), random);
        long nanos = random.nextLong(SLOW_NANOS_MAX);
        server.disk().faults().slow(nanos);
        return new Blow(
                "disk-slow " + server.name() + " by " + nanos / 1_000_000 + " ms",
                () -> server.disk().faults().slow(0));
    }

    /// A node whose disk fails may give its store up; then it gets an empty disk. A metadata server
    /// ends, and comes back with what it has, or with an empty disk where that cannot be trusted.
    private static Nemesis faulty(String name, String about, Consumer<DiskFaults> fault) {
        return heavy(
                name,
                about,
                LASTS,
                (arena, random) -> {
                    Server server =
                            Arena.one(arena.cluster().servers(Role.NODE, Role.METADATA), random);
                    boolean isNode = server.host().role() == Role.NODE;
                    fault.accept(server.disk().faults());
                    return new Blow(
                            name + " " + server.name(),
                            () -> {
                                server.disk().faults().heal();
                                if (isNode ? hasGivenUp(server) : name.equals("sync-errors")) {
                                    server.loseDisk();
                                } else if (!isNode) {
                                    server.kill(); // it may be about to end
                                }
                                server.start();
                            });
                });
    }

    private static boolean hasGivenUp(Server node) {
        return node.disk().holds(path -> path.endsWith("/FAILED"));
    }

    private static Blow power(Arena arena, SplittableRandom random) throws IOException {
        Server server = Arena.one(arena.nodes(), random);
        server.losePower();
        return new Blow("no power " + server.name(), server::start);
    }

    private static Blow blackout(Arena arena, List<Server> servers, String who) throws IOException {
        for (Server server : servers) {
            server.kill();
        }
        arena.blackout(servers);
        for (Server server : servers) {
            if (server.hasDisk()) {
                server.losePower();
            }
        }
        return new Blow(
                "no power: " + who,
                () -> {
                    for (Server server : servers) {
                        server.start();
                    }
                });
    }

    private static Blow lost(Arena arena, SplittableRandom random) throws IOException {
        Server server = Arena.one(arena.nodes(), random);
        server.loseDisk();
        return new Blow("disk lost " + server.name(), server::start);
    }

    /// What is read is mended from other replicas, so all of it is read before the next fault.
    private static Blow flip(Arena arena, SplittableRandom random) throws IOException {
        Server server = Arena.one(arena.nodes(), random);
        int bits = server.disk().flipBits(path -> path.contains("/seg-"), BITS);
        if (bits == 0) {
            throw new IOException(server.name() + " has no segments");
        }
        return new Blow(
                bits + " bits " + server.name(), () -> arena.cluster().awaitClean(CLEAN_PATIENCE));
    }

    /// A server that finds its log damaged refuses to start; with an empty disk it joins again.
    private static Blow flipRaft(Arena arena, SplittableRandom random) throws IOException {
        Server server = Arena.one(arena.metadata(), random);
        server.kill();
        int bits = server.disk().flipBits(path -> path.contains("/current/log_"), 1);
        return new Blow(
                bits + " bits " + server.name(),
                () -> {
                    server.start();
                    while (!arena.cluster().isReady(server)) {
                        if (server.endsWithin(1)) {
                            server.loseDisk();
                            server.start();
                            return;
                        }
                    }
                });
    }
}
