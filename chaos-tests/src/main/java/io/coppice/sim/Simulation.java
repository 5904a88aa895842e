package io.coppice.sim;

import io.coppice.check.Violation;
import io.coppice.client.CoppiceClient;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Replica;
import io.coppice.model.ChunkId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One run: a cluster from nothing, a while of work under faults, the end of faults, and the
/// judgement. Everything follows from the seed.
public final class Simulation {
    private static final Logger LOG = LoggerFactory.getLogger(Simulation.class);
    private static final long START_NANOS = 30 * Scheduler.SECOND;
    static final int REPLICAS = 3;
    private static final long RECOVERY_NANOS = 120 * Scheduler.SECOND;

    /// What became of a run.
    ///
    /// @param violation empty: none
    public record Result(
            long seed,
            String violation,
            long traceHash,
            long events,
            double simulatedSeconds,
            long operations) {}

    private final long seed;
    private final Chance chance;
    private final Swarm swarm;
    private final Hazards hazards;
    private final Focus focus;
    private final Scheduler scheduler = new Scheduler();
    private final Wires wires;
    private final SimNetwork network;
    private final SimLog log;
    private final Model model = new Model();
    private final Shaken shaken = new Shaken();
    private final Host forever;
    private final Map<String, Host> hosts = new HashMap<>();
    private final List<SimMetadata> metadata = new ArrayList<>();
    private final List<SimNode> nodes = new ArrayList<>();
    private final List<Workload> clients = new ArrayList<>();
    private final List<Workload> dead = new ArrayList<>();
    private final Admin admin;
    private final DiskNemesis disks;
    private final Upkeep upkeep;
    private final Reshape reshape;

    /// Blocks may be damaged without anybody knowing.
    private final boolean latent;

    private final Ambush ambush;
    private int hostNumbers;

    private Simulation(Plan plan) {
        this.seed = plan.seed();
        chance = new Chance(seed);
        Hazards all = Hazards.draw(seed);
        hazards = plan.applyTo(all);
        Swarm drawn = all.confine(Swarm.draw(chance));
        boolean fragile = drawn.rotPercent() > 0 || all.isLatent();
        focus = plan.applyTo(Focus.draw(new Chance(~seed), fragile));
        swarm = plan.applyTo(focus.calm(drawn));
        wires = new Wires(scheduler, chance.fork(), swarm);
        wires.lingers(hazards.lingerPercent());
        network = new SimNetwork(wires);
        log = new SimLog(scheduler, wires, chance.fork());
        log.watchedBy((entry, outcome, view) -> {
            if (shaken.givesUp(entry, outcome, view)) {
                LOG.info("what was not flushed is given up: {}", outcome);
                model.blackout(scheduler.now());
            }
            if (outcome instanceof Outcome.GroupsChanged) {
                hearOfGroups(view);
            }
        });
        forever = new Host(scheduler, "world", 0, 1.0, chance.fork());
        ambush = new Ambush(this, scheduler, wires, focus, chance.fork(), forever);
        for (int i = 1; i <= 3; i++) {
            metadata.add(new SimMetadata("m" + i, log.join("m" + i), network));
        }
        for (int i = 1; i <= swarm.nodes(); i++) {
            nodes.add(new SimNode(i, swarm, hazards, chance.fork()));
        }
        admin =
                new Admin(
                        model, scheduler, wires, swarm, chance.fork(), newHost("admin"), metadata);
        latent = swarm.rotPercent() > 0 || hazards.isLatent();
        var more = new Chance(~seed);
        disks = new DiskNemesis(this, scheduler, hazards, latent, more.fork(), forever, model);
        upkeep = new Upkeep(this, scheduler, hazards, more.fork(), forever, admin, this::view);
        reshape = new Reshape(scheduler, hazards, more.fork(), forever, admin, model, clients);
    }

    /// What to run: a seed, and what is left out of it.
    ///
    /// @param without kinds of faults, of [Swarm#FAULTS]
    /// @param seconds of chaos, simulated; 0: what the seed draws
    public record Plan(long seed, List<String> without, double seconds) {
        public Plan {
            without = List.copyOf(without);
        }

        public static Plan of(long seed) {
            return new Plan(seed, List.of(), 0);
        }

        Swarm applyTo(Swarm drawn) {
            Swarm left = drawn;
            for (String fault : without) {
                left = left.without(fault);
            }
            return seconds == 0 ? left : left.lasting((long) (seconds * Scheduler.SECOND));
        }

        Hazards applyTo(Hazards drawn) {
            Hazards left = drawn;
            for (String fault : without) {
                left = left.without(fault);
            }
            return left;
        }

        Focus applyTo(Focus drawn) {
            Focus left = drawn;
            for (String fault : without) {
                left = left.without(fault);
            }
            return left;
        }

        /// What replays it.
        @Override
        public String toString() {
            return "./coppice sim --seed "
                    + seed
                    + (without.isEmpty() ? "" : " --without " + String.join(",", without))
                    + (seconds == 0 ? "" : " --seconds " + seconds);
        }
    }

    /// Runs the seed to its end. The same seed gives the same result.
    public static Result run(long seed) {
        return run(Plan.of(seed), false);
    }

    /// @param told log lines carry the virtual time and the host (`%X{at}`)
    public static Result run(Plan plan, boolean told) {
        var simulation = new Simulation(plan);
        if (told) {
            simulation.scheduler.tell(host ->
                    org.slf4j.MDC.put(
                            "at",
                            String.format(
                                    java.util.Locale.ROOT,
                                    "%10.6f %s",
                                    simulation.scheduler.now() / 1e9,
                                    host.name())));
        }
        String violation = "";
        try {
            simulation.run();
        } catch (Violation broken) {
            violation = String.valueOf(broken.getMessage());
        } catch (RuntimeException | AssertionError bug) {
            violation = "unexpected: " + bug + where(bug);
        }
        return new Result(
                plan.seed(),
                violation,
                simulation.scheduler.traceHash(),
                simulation.scheduler.events(),
                simulation.scheduler.now() / 1e9,
                simulation.operations());
    }

    private static String where(Throwable bug) {
        return Arrays.stream(bug.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("io.coppice."))
                .limit(3)
                .map(frame -> " at " + frame)
                .collect(Collectors.joining());
    }

    private long operations() {
        return clients.stream().mapToLong(Workload::done).sum()
                + dead.stream().mapToLong(Workload::done).sum();
    }

    // ------------------------------------------------------------ phases

    private void run() {
        log.watch(forever);
        metadata.forEach(server -> server.start(newHost(server.id())));
        nodes.forEach(this::start);
        // Nodes register on their own time; until enough have, the command is refused, and tried
        // again.
        boolean[] ready = {false};
        admin.initialize(() -> admin.createVolume(() -> admin.createVolume(() -> ready[0] = true)));
        until("the cluster starts", START_NANOS, () -> ready[0]);
        for (int i = 0; i < swarm.clients(); i++) {
            startClient(false);
        }
        for (int i = 0; i < focus.onlookers(); i++) {
            startClient(true);
        }
        var nemesis = new Nemesis(this, scheduler, wires, swarm, chance.fork(), forever, ambush);
        nemesis.run();
        var twins = new Twins(scheduler, forever, nodes, this::view);
        if (!latent) {
            twins.run();
        }
        if (!hazards.isNone()) {
            disks.run();
            upkeep.run();
            reshape.run();
        }
        goOn(swarm.chaosNanos());
        nemesis.stop();
        upkeep.stop();
        reshape.stop();
        mend();
        disks.stop(); // a disk may have shown itself broken only now
        until("all replicas serve and every call is answered", RECOVERY_NANOS, this::isWell);
        goOn(Scheduler.SECOND);
        readEverything();
        clients.forEach(Workload::stop);
        until("clients close", RECOVERY_NANOS, () -> clients.stream().allMatch(Workload::isIdle));
        clients.forEach(client -> end(client.host()));
        until("what is deleted is purged", RECOVERY_NANOS, this::isPurged);
        goOn(Scheduler.SECOND);
        twins.stop();
        new Inspection(log, nodes, !latent).inspect();
        model.judge();
    }

    private void goOn(long nanos) {
        long end = scheduler.now() + nanos;
        while (scheduler.step(end)) {
            // On and on.
        }
    }

    private void until(String what, long nanos, BooleanSupplier holds) {
        long end = scheduler.now() + nanos;
        while (!holds.getAsBoolean()) {
            long slice = scheduler.now() + 50 * Scheduler.MILLI;
            if (slice > end) {
                throw new Violation("no progress: it never came true that " + what + describe());
            }
            goOn(50 * Scheduler.MILLI);
        }
    }

    private String describe() {
        var text = new StringBuilder();
        view().groups().forEach(group -> text.append("; ").append(group));
        for (Workload client : clients) {
            if (!client.isIdle()) {
                text.append("; ").append(client.host()).append(" waits");
            }
        }
        if (admin.isBusy()) {
            text.append("; the administrator waits");
        }
        return text.toString();
    }

    private void mend() {
        hosts.values().forEach(Host::resume);
        for (SimMetadata server : metadata) {
            if (!server.host().isAlive()) {
                server.start(newHost(server.id()));
            }
        }
        nodes.forEach(this::restart);
    }

    private boolean isWell() {
        return log.leader() != null
                && !admin.isBusy()
                && upkeep.isAtRest()
                && reshape.isAtRest()
                && isRedundant()
                && clients.stream().allMatch(Workload::pausesWhenIdle);
    }

    /// Every group has its replicas, and none is on the way to somewhere else.
    private boolean isRedundant() {
        MetadataView view = view();
        var rules =
                new MetadataView.RepairRules(
                        forever.wallMillis(), Long.MAX_VALUE, 0, REPLICAS, REPLICAS, Set.of());
        return view.groups().stream()
                        .allMatch(group ->
                                group.serving() == REPLICAS && group.replicas().size() == REPLICAS)
                && view.repairs(rules).isEmpty();
    }

    private boolean isPurged() {
        MetadataView view = view();
        return isRedundant()
                && view.sessions().isEmpty()
                && !view.reapPending()
                && view.groupsToPurge().isEmpty();
    }

    private void readEverything() {
        Workload reader = startClientQuietly(false);
        var names = new ArrayList<>(model.volumeNames());
        names.addAll(model.snapshotNames());
        int[] left = {names.size()};
        readNext(reader, names, 0, left);
        until("everything is read", RECOVERY_NANOS, () -> left[0] == 0);
    }

    private void readNext(Workload reader, List<String> names, int next, int[] left) {
        if (next < names.size()) {
            reader.peek(
                    names.get(next),
                    () -> {
                        left[0]--;
                        readNext(reader, names, next + 1, left);
                    });
        }
    }

    // ------------------------------------------------------------ hosts

    private Host newHost(String name) {
        double rate = 1 + swarm.drift() * (chance.below(201) - 100) / 100.0;
        var host = new Host(scheduler, name, ++hostNumbers, rate, chance.fork());
        hosts.put(name, host);
        return host;
    }

    private void start(SimNode node) {
        try {
            Host host = newHost(node.name());
            node.start(host, network, control(host));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private SimControl control(Host host) {
        return new SimControl(host, wires, () -> metadata, this::view);
    }

    private Workload startClientQuietly(boolean looksOnly) {
        Host host = newHost("c" + (hostNumbers + 1));
        var client =
                new Workload(
                        model,
                        scheduler,
                        swarm,
                        focus,
                        chance.fork(),
                        host,
                        this::view,
                        new CoppiceClient.World(
                                network.of(host),
                                host.loop(),
                                control(host),
                                host,
                                host,
                                host,
                                () -> {}),
                        looksOnly,
                        ambush::flushed);
        clients.add(client);
        return client;
    }

    private Workload startClient(boolean looksOnly) {
        Workload client = startClientQuietly(looksOnly);
        client.host().execute(client::run);
        return client;
    }

    private void end(Host host) {
        host.kill();
        hosts.remove(host.name());
        wires.died(host, false);
    }

    /// The newest state that is committed.
    private MetadataView view() {
        SimLog.Member best = log.members().getFirst();
        for (SimLog.Member member : log.members()) {
            if (member.logIndex() > best.logIndex()) {
                best = member;
            }
        }
        return best.state().view();
    }

    // ------------------------------------------------------------ for the nemesis

    private void hearOfGroups(MetadataView view) {
        ambush.groupsChanged(view);
    }

    Admin admin() {
        return admin;
    }

    List<SimNode> nodes() {
        return nodes;
    }

    List<Host> hosts() {
        var all = new ArrayList<>(hosts.values());
        all.sort((a, b) -> a.name().compareTo(b.name()));
        return all;
    }

    /// A client with a volume attached; null: none.
    @Nullable Workload anyHolder() {
        var holders = clients.stream().filter(client -> !client.volumeName().isEmpty()).toList();
        return holders.isEmpty() ? null : chance.of(holders);
    }

    /// The node that leads the first chunk of a volume, or some group; empty: none does.
    String primaryOf(String volume) {
        MetadataView view = view();
        long chunk = view.volume(volume).map(v -> view.chunkAt(v.root(), 0)).orElse(0L);
        return view.group(ChunkId.group(chunk))
                .filter(group -> chunk != 0)
                .or(() -> Optional.of(chance.of(view.groups())))
                .map(group -> primaryOf(view, group))
                .orElse("");
    }

    static String primaryOf(MetadataView view, Group group) {
        return group.primary().map(primary -> nodeOf(view, primary)).orElse("");
    }

    static String nodeOf(MetadataView view, Replica replica) {
        return view.store(replica.store())
                .flatMap(store -> view.node(store.node()))
                .map(Node::name)
                .orElse("");
    }

    boolean isUp(String node) {
        return nodes.stream().anyMatch(each -> each.name().equals(node) && each.isUp());
    }

    boolean looksOnly(Host host) {
        return clients.stream().anyMatch(each -> each.host() == host && each.looksOnly());
    }

    /// Another client than the holder wants its volume.
    void sendAfter(String volume, Workload holder) {
        var others =
                clients.stream().filter(client -> client != holder && !client.looksOnly()).toList();
        (others.isEmpty() ? startClient(false) : chance.of(others)).want(volume);
    }

    Host anyHost() {
        return chance.of(hosts());
    }

    void kill(SimNode node, boolean power) {
        Host host = node.host();
        LOG.info("{} {}", node.name(), power ? "loses its power" : "is killed");
        host.kill();
        wires.died(host, power);
        if (power) {
            shaken.losesPower(node);
            node.powerFails(chance, chance.percent(40));
        }
    }

    void restart(SimNode node) {
        if (!node.isUp()) {
            start(node);
        }
    }

    /// The node starts again with empty disks in the place of these.
    void replace(SimNode node, List<SimStore> disks) {
        LOG.info("{} gets empty disks for {}", node.name(), disks);
        if (node.isUp()) {
            kill(node, false);
        }
        disks.forEach(SimStore::replace);
        start(node);
    }

    /// Whether what this node holds is safe without it: every replica of every group serves, and
    /// not only because the quorum does not know yet what the power took from one.
    boolean othersHaveEverything(SimNode node) {
        return !shaken.isAnyBut(node)
                && nodes.stream()
                        .allMatch(other -> other == node || (other.isUp() && !other.isFailed()))
                && view().groups().stream()
                        .allMatch(group -> group.serving() == group.replicas().size());
    }

    void disturbMetadata() {
        SimMetadata server = chance.of(metadata);
        if (chance.percent(30)) {
            log.transfer();
        } else if (server.host().isAlive()
                && metadata.stream().allMatch(other -> other.host().isAlive())) {
            Host host = server.host();
            host.kill();
            wires.died(host, false);
            scheduler.after(
                    chance.between(100, 5_000) * Scheduler.MILLI,
                    forever,
                    () -> {
                        if (!server.host().isAlive()) {
                            server.start(newHost(server.id()));
                        }
                    });
        }
    }

    void killClient() {
        if (!clients.isEmpty()) {
            Workload client = chance.of(clients);
            clients.remove(client);
            dead.add(client);
            end(client.host());
            startClient(client.looksOnly());
        }
    }

    /// One bit of the one disk that rots in this run, while every other replica is whole.
    void rot() {
        SimNode node = nodes.getFirst();
        if (node.isUp() && othersHaveEverything(node)) {
            node.stores().getFirst().disk().rot("seg-", chance);
        }
    }

    /// The power fails everywhere.
    void blackout() {
        for (SimNode node : nodes) {
            if (node.isUp()) {
                kill(node, true);
            } else {
                shaken.losesPower(node);
                node.powerFails(chance, false);
            }
        }
        model.blackout(scheduler.now());
        boolean anyIsLate = chance.percent(focus.awayPercent());
        String late = anyIsLate ? primaryOf("") : "";
        for (SimNode node : nodes) {
            boolean isLate = node.name().equals(late);
            long away = isLate ? chance.between(7_000, 15_000) : chance.between(100, 3_000);
            scheduler.after(away * Scheduler.MILLI, forever, () -> restart(node));
        }
    }

    @Override
    public String toString() {
        return "seed " + seed + " " + swarm;
    }
}
