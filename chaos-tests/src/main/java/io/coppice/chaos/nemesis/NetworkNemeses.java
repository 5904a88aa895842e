package io.coppice.chaos.nemesis;

import io.coppice.chaos.cluster.Host;
import io.coppice.chaos.cluster.Host.Role;
import io.coppice.chaos.nemesis.Nemesis.Blow;
import io.coppice.chaos.nemesis.Nemesis.Load;
import io.coppice.chaos.net.Link;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/// Faults of the network.
final class NetworkNemeses {
    private static final Duration LASTS = Duration.ofSeconds(10);
    private static final Duration LONG = Duration.ofSeconds(14);
    private static final double LOSS = 0.1;
    private static final double TWICE = 0.05;
    private static final long NARROW_BYTES = 2 << 20;

    private NetworkNemeses() {}

    static List<Nemesis> all() {
        return List.of(
                heavy("isolate", "a server reaches nobody", NetworkNemeses::isolate),
                heavy(
                        "strand",
                        "the primary of the most groups reaches clients only",
                        NetworkNemeses::strand),
                heavy("halves", "two halves that do not see each other", NetworkNemeses::halves),
                heavy(
                        "ring",
                        "every server sees a majority, no two the same",
                        NetworkNemeses::ring),
                heavy("one-way", "what a server says is not heard", NetworkNemeses::deaf),
                heavy(
                        "cut-quorum",
                        "the metadata servers see nobody but one another",
                        NetworkNemeses::cutQuorum),
                light(
                        "cut-client",
                        "a client reaches nobody, or the nodes only, or the quorum only",
                        NetworkNemeses::cutClient),
                new Nemesis(
                        "cut-control",
                        "a client reaches the nodes, but not the quorum, past its leases",
                        Load.LIGHT,
                        LONG,
                        NetworkNemeses::cutControl),
                light("slow", "packets are 5 to 100 ms late, and overtake", NetworkNemeses::slow),
                light(
                        "lossy",
                        "a tenth of all packets is lost, some come twice",
                        NetworkNemeses::lossy),
                light("narrow", "a server's links carry 2 MiB/s", NetworkNemeses::narrow));
    }

    private static Nemesis heavy(String name, String about, Nemesis.Strike strike) {
        return new Nemesis(name, about, Load.HEAVY, LASTS, strike);
    }

    private static Nemesis light(String name, String about, Nemesis.Strike strike) {
        return new Nemesis(name, about, Load.LIGHT, LASTS, strike);
    }

    private static List<Host> servers(Arena arena) {
        return arena.hosts().of(Role.METADATA, Role.NODE);
    }

    private static List<Host> everybody(Arena arena) {
        return arena.hosts().of(Role.METADATA, Role.NODE, Role.GATEWAY, Role.CLIENT);
    }

    private static Blow cut(Arena arena, String what, List<Host> these, List<Host> those) {
        arena.cut(these, those, true);
        return new Blow(what, () -> arena.cut(these, those, false));
    }

    private static Blow link(
            Arena arena, String what, List<Host> these, List<Host> those, Link link) {
        arena.link(these, those, link);
        return new Blow(what, () -> arena.link(these, those, Link.GOOD));
    }

    private static Blow isolate(Arena arena, SplittableRandom random) {
        List<Host> one = List.of(Arena.one(servers(arena), random));
        return cut(arena, one.getFirst().name() + " alone", one, everybody(arena));
    }

    /// Clients go on to write to it as long as it answers.
    private static Blow strand(Arena arena, SplittableRandom random) throws IOException {
        List<Host> one = List.of(arena.cluster().busiest().host());
        return cut(arena, one.getFirst().name() + " with clients", one, servers(arena));
    }

    /// One half has most of the metadata servers, and one the most of the nodes: perhaps the same.
    private static Blow halves(Arena arena, SplittableRandom random) {
        List<Host> shuffled = Arena.shuffled(servers(arena), random);
        List<Host> left = shuffled.subList(0, shuffled.size() / 2);
        List<Host> right = shuffled.subList(shuffled.size() / 2, shuffled.size());
        return cut(arena, names(left) + " | " + names(right), left, right);
    }

    /// Each is cut from the one that is opposite on a ring.
    private static Blow ring(Arena arena, SplittableRandom random) {
        List<Host> ring = Arena.shuffled(servers(arena), random);
        int size = ring.size();
        for (int i = 0; i < size; i++) {
            Host opposite = ring.get((i + size / 2) % size);
            arena.cut(List.of(ring.get(i)), List.of(opposite), true);
        }
        return new Blow("ring " + names(ring), () -> arena.cut(ring, ring, false));
    }

    private static Blow deaf(Arena arena, SplittableRandom random) {
        Host mute = Arena.one(servers(arena), random);
        List<Host> others = everybody(arena);
        arena.silence(mute, others, true);
        return new Blow(mute.name() + " is not heard", () -> arena.silence(mute, others, false));
    }

    private static Blow cutQuorum(Arena arena, SplittableRandom random) {
        List<Host> quorum = arena.hosts().of(Role.METADATA);
        List<Host> others = arena.hosts().of(Role.NODE, Role.GATEWAY, Role.CLIENT);
        return cut(arena, "quorum alone", quorum, others);
    }

    private static Blow cutClient(Arena arena, SplittableRandom random) {
        List<Host> client = List.of(Arena.one(arena.hosts().of(Role.CLIENT, Role.GATEWAY), random));
        List<Host> from =
                switch (random.nextInt(3)) {
                    case 0 -> arena.hosts().of(Role.METADATA);
                    case 1 -> arena.hosts().of(Role.NODE);
                    default -> servers(arena);
                };
        return link(arena, names(client) + " | " + names(from), client, from, Link.CUT);
    }

    private static Blow cutControl(Arena arena, SplittableRandom random) {
        List<Host> client = List.of(Arena.one(arena.hosts().of(Role.CLIENT), random));
        List<Host> quorum = arena.hosts().of(Role.METADATA);
        return link(arena, names(client) + " | " + names(quorum), client, quorum, Link.CUT);
    }

    private static Blow slow(Arena arena, SplittableRandom random) {
        long delay = 5_000_000L << random.nextInt(4);
        List<Host> some = some(arena, random);
        String what = names(some) + " late by " + delay / 1_000_000 + " ms";
        return link(arena, what, some, everybody(arena), Link.slow(delay, delay));
    }

    private static Blow lossy(Arena arena, SplittableRandom random) {
        List<Host> some = some(arena, random);
        Link lossy = Link.lossy(LOSS, TWICE);
        return link(arena, names(some) + " lossy", some, everybody(arena), lossy);
    }

    private static Blow narrow(Arena arena, SplittableRandom random) {
        List<Host> some = some(arena, random);
        Link narrow = Link.narrow(NARROW_BYTES);
        return link(arena, names(some) + " narrow", some, everybody(arena), narrow);
    }

    private static List<Host> some(Arena arena, SplittableRandom random) {
        return Arena.shuffled(everybody(arena), random).subList(0, 1 + random.nextInt(2));
    }

    private static String names(List<Host> hosts) {
        return String.join(" ", hosts.stream().map(Host::name).toList());
    }
}
