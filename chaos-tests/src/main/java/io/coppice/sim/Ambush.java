package io.coppice.sim;

import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.ReplicaState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The part of the [Nemesis] that waits for the moment at which a fault hurts most, as the [Focus]
/// of the run says.
final class Ambush {
    private static final Logger LOG = LoggerFactory.getLogger(Ambush.class);
    private static final List<String> QUORUM = List.of("m1", "m2", "m3");
    private static final long DARKNESS_NANOS = 4 * Scheduler.SECOND;

    private final Simulation world;
    private final Scheduler scheduler;
    private final Wires wires;
    private final Focus focus;
    private final Chance chance;
    private final Host forever;
    private final List<List<String[]>> cuts = new ArrayList<>();

    /// Dies once it serves alone.
    private @Nullable SimNode doomed;

    /// Reaches no other node; will not hear who takes its place.
    private @Nullable String lonely;

    /// As the memberships were until now.
    private final Map<Integer, Group> before = new HashMap<>();

    private boolean over = true;
    private long darkSince;
    private long islandEnd;

    Ambush(
            Simulation world,
            Scheduler scheduler,
            Wires wires,
            Focus focus,
            Chance chance,
            Host forever) {
        this.world = world;
        this.scheduler = scheduler;
        this.wires = wires;
        this.focus = focus;
        this.chance = chance;
        this.forever = forever;
    }

    void start() {
        over = false;
    }

    void stop() {
        over = true;
        cuts.forEach(some -> some.forEach(cut -> wires.heal(cut[0], cut[1])));
        cuts.clear();
    }

    void step() {
        if (chance.percent(focus.islandPercent()) && scheduler.now() > islandEnd) {
            switch (chance.below(9)) {
                case 0 -> island();
                case 1, 2 -> deafClient();
                case 3, 4 -> takeOver();
                case 5, 6 -> lonely();
                default -> {
                    if (focus.mayKill()) {
                        kill(chance.of(world.nodes()), 100, 2_000);
                    }
                }
            }
        }
        if (chance.percent(focus.stallPercent())) {
            wires.stallOne(
                    chance.between(20, 3_000) * Scheduler.MILLI,
                    chance.percent(60) ? chance.between(1, 1_000) * Scheduler.MILLI : 0);
        }
        if (chance.percent(focus.beheadPercent())) {
            behead();
        }
        if (chance.percent(focus.blackoutPercent())) {
            blackout();
        }
    }

    /// Once it is light again for a while.
    private void blackout() {
        if (!over && scheduler.now() - darkSince > DARKNESS_NANOS) {
            darkSince = scheduler.now();
            world.blackout();
        }
    }

    // ------------------------------------------------------------ what others tell

    /// A flush was answered just now.
    void flushed() {
        if (!over && chance.percent(focus.flushedPercent())) {
            scheduler.after(chance.between(1, Scheduler.MILLI), forever, this::blackout);
        }
    }

    /// The quorum has just changed memberships; nobody else knows yet.
    void groupsChanged(MetadataView view) {
        if (over) {
            return;
        }
        List<String> usurped = usurped(view);
        List<String> elders = elders(view);
        view.groups().forEach(group -> before.put(group.id(), group));
        String deaf = lonely;
        if (deaf != null && chance.percent(70)) {
            lonely = null;
            newsForSome(List.of(deaf), 0, 50, 50);
        } else if (!elders.isEmpty() && focus.newsPercent() > 0 && chance.percent(40)) {
            newsForSome(elders, 0, 80, 50);
        } else if (!usurped.isEmpty() && focus.newsPercent() > 0 && chance.percent(70)) {
            newsForSome(usurped, 0, 10, 80);
        } else if (chance.percent(focus.newsPercent())) {
            int share = 20 + chance.below(70);
            newsForSome(List.of(), share, share, share);
        }
        SimNode last = doomed;
        if (last != null && view.groups().stream().anyMatch(group -> isAlone(view, group, last))) {
            doomed = null;
            LOG.info("{} serves alone", last.name());
            later(chance.between(0, 30), () -> kill(last, 8_000, 16_000));
        }
    }

    /// Nodes that led until now and may still think so.
    private List<String> usurped(MetadataView view) {
        var former = new ArrayList<String>();
        for (Group group : view.groups()) {
            Group old = before.get(group.id());
            String led = old == null ? "" : Simulation.primaryOf(view, old);
            if (!led.equals(Simulation.primaryOf(view, group)) && world.isUp(led)) {
                former.add(led);
            }
        }
        return former;
    }

    /// Nodes that serve a group which another one has just joined: they may go on without it for as
    /// long as they do not know.
    private List<String> elders(MetadataView view) {
        for (Group group : view.groups()) {
            Group old = before.get(group.id());
            if (old != null && old.serving() > 1 && group.serving() > old.serving()) {
                return old.replicas().stream()
                        .filter(replica -> replica.state() == ReplicaState.SERVING)
                        .map(replica -> Simulation.nodeOf(view, replica))
                        .toList();
            }
        }
        return List.of();
    }

    private static boolean isAlone(MetadataView view, Group group, SimNode node) {
        return group.serving() == 1 && Simulation.primaryOf(view, group).equals(node.name());
    }

    // ------------------------------------------------------------ faults

    /// A node and some of the clients see each other, and nobody else sees them.
    private void island() {
        String node = chance.of(world.nodes()).name();
        var islanders = new ArrayList<String>();
        var others = new ArrayList<String>();
        for (Host host : world.hosts()) {
            boolean client = host.name().startsWith("c") && chance.percent(60);
            (host.name().equals(node) || client ? islanders : others).add(host.name());
        }
        var both = between(islanders, others);
        both.addAll(between(others, islanders));
        apart(both, chance.between(500, 12_000), () -> {});
    }

    /// A client and a primary see each other only, while another client takes the volume over. The
    /// client reads and waits for nothing, so the node has no reason to give up by itself.
    private void takeOver() {
        Workload holder = world.anyHolder();
        String node = holder == null ? "" : world.primaryOf(holder.volumeName());
        if (holder == null || node.isEmpty()) {
            return;
        }
        var islanders = List.of(node, holder.host().name());
        var others = namesBut(islanders);
        var both = between(islanders, others);
        both.addAll(between(others, islanders));
        takeOver(holder, both);
    }

    /// A client that still sees the nodes, but not the quorum, loses its volume to another one.
    private void deafClient() {
        Workload holder = world.anyHolder();
        if (holder != null) {
            var deaf = List.of(holder.host().name());
            var both = between(QUORUM, deaf);
            both.addAll(between(deaf, QUORUM));
            takeOver(holder, both);
        }
    }

    private void takeOver(Workload holder, List<String[]> pairs) {
        long millis = chance.between(7_000, 13_000);
        holder.onlyReadsUntil(scheduler.now() + millis * Scheduler.MILLI);
        String volume = holder.volumeName();
        apart(pairs, millis, () -> {});
        LOG.info("{} and {} are far off", holder.host(), volume);
        later(chance.between(500, 2_000), () -> world.sendAfter(volume, holder));
        if (chance.percent(80)) {
            later(chance.between(4_500, 7_000), () -> world.admin().snapshotOf(volume));
        }
    }

    /// A node and no other see the rest of the world, but not each other.
    private void lonely() {
        String node = world.primaryOf("");
        var nodes = new ArrayList<String>();
        for (SimNode other : world.nodes()) {
            if (!other.name().equals(node)) {
                nodes.add(other.name());
            }
        }
        var both = between(List.of(node), nodes);
        both.addAll(between(nodes, List.of(node)));
        LOG.info("{} is lonely", node);
        lonely = node;
        apart(both, chance.between(3_300, 8_000), () -> lonely = null);
    }

    private List<String> namesBut(List<String> some) {
        return world.hosts().stream().map(Host::name).filter(name -> !some.contains(name)).toList();
    }

    /// The quorum's servers answer some of the hosts only. Then the rest may die with what they did
    /// not hear.
    private void newsForSome(
            List<String> surely, int nodePercent, int clientPercent, int onlookerPercent) {
        var deaf = new ArrayList<>(surely);
        for (Host host : world.hosts()) {
            int percent =
                    switch (host.name().charAt(0)) {
                        case 'n' -> nodePercent;
                        case 'c' -> world.looksOnly(host) ? onlookerPercent : clientPercent;
                        default -> 0;
                    };
            if (chance.percent(percent)) {
                deaf.add(host.name());
            }
        }
        LOG.info("{} do not hear of the change", deaf);
        boolean fatal = surely.size() != 1 && chance.percent(50);
        cut(
                between(QUORUM, deaf),
                chance.between(20, 2_200),
                () -> {
                    for (SimNode node : world.nodes()) {
                        if (fatal && !over && deaf.contains(node.name())) {
                            kill(node, 200, 6_000);
                        }
                    }
                });
    }

    /// A node does not reach the others any more, which die soon after. It has taken writes which
    /// they never saw.
    private void behead() {
        SimNode last = chance.of(world.nodes());
        var others = namesBut(List.of(last.name()));
        others = others.stream().filter(name -> name.startsWith("n")).toList();
        cut(
                between(List.of(last.name()), others),
                chance.between(50, 900),
                () -> {
                    doomed = last;
                    for (SimNode node : world.nodes()) {
                        if (node != last) {
                            kill(node, 200, 1_500);
                        }
                    }
                });
        later(5_000, () -> doomed = doomed == last ? null : doomed);
    }

    private void kill(SimNode node, long backMinMillis, long backMaxMillis) {
        if (!over && node.isUp()) {
            world.kill(node, false);
            later(chance.between(backMinMillis, backMaxMillis), () -> world.restart(node));
        }
    }

    // ------------------------------------------------------------ tools

    private void later(long millis, Runnable task) {
        scheduler.after(millis * Scheduler.MILLI, forever, task);
    }

    private static List<String[]> between(List<String> some, List<String> others) {
        var pairs = new ArrayList<String[]>();
        for (String from : some) {
            for (String to : others) {
                pairs.add(new String[] {from, to});
            }
        }
        return pairs;
    }

    /// One island at a time.
    private void apart(List<String[]> pairs, long millis, Runnable before) {
        islandEnd = scheduler.now() + millis * Scheduler.MILLI;
        cut(pairs, millis, before);
    }

    /// @param before happens at the end, while they are still cut
    private void cut(List<String[]> pairs, long millis, Runnable before) {
        pairs.forEach(pair -> wires.cut(pair[0], pair[1]));
        cuts.add(pairs);
        later(
                millis,
                () -> {
                    before.run();
                    if (cuts.remove(pairs)) {
                        pairs.forEach(pair -> wires.heal(pair[0], pair[1]));
                    }
                });
    }
}
