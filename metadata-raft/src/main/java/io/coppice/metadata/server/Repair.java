package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.Group;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.MetadataView.RepairRules;
import io.coppice.metadata.core.Node;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Replica;
import io.coppice.metadata.core.ReplicaState;
import io.coppice.metadata.core.Store;
import io.coppice.wire.pb.ReplicaProgress;
import io.coppice.wire.pb.StoreReport;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Redundancy and balance come back by themselves: the leader carries out the core's plan, a few
/// commands at a time, and looks again. What is under way is in the groups, so a new leader goes on
/// where the old one was. Also tells how much is left. [#tick] runs on the leader's lane and does
/// not wait; the figures may be read by any thread.
final class Repair {
    private static final Logger log = LoggerFactory.getLogger(Repair.class);

    /// Planning holds up the leader's other duties, so it gets at most this part of the time.
    private static final int PART_OF_TIME = 50;

    /// Of the measured speed, per second.
    private static final double SMOOTHING = 0.2;

    /// Longer than a new primary has for reconciling with the others: by then it leads, or the
    /// group has another view, in which not all serve, and nothing is moved for balance.
    private static final long MOVE_PAUSE_NANOS = 4_000_000_000L;

    private static final double SLOWEST_BYTES_PER_SECOND = 1 << 20;

    private final Leadership leadership;
    private final AtomicInteger underWay = new AtomicInteger();

    // On the lane.
    private long nextNanos;
    private long measuredNanos;
    private long movedBefore = -1;
    private boolean hasMoved;
    private long movedNanos;

    private volatile double bytesPerSecond;

    Repair(Leadership leadership) {
        this.leadership = leadership;
        this.nextNanos = leadership.time().nanos();
        this.measuredNanos = nextNanos;
    }

    void tick() {
        long now = leadership.time().nanos();
        if (now - measuredNanos >= 1_000_000_000L) {
            measure(now);
        }
        if (now - nextNanos < 0 || underWay.get() > 0) {
            return;
        }
        Set<Integer> full = fullStores();
        List<Command> plan = plan(rules(full));
        long took = leadership.time().nanos() - now;
        nextNanos = now + Math.max(limits().interval().toNanos(), took * PART_OF_TIME);
        List<Command> safe = plan.stream().filter(this::isSafe).toList();
        safe.forEach(this::noteMove);
        underWay.addAndGet(safe.size());
        safe.forEach(this::carryOut);
    }

    /// From a capture: in a cluster of a thousand nodes it takes half a second, and commands go on.
    private List<Command> plan(RepairRules rules) {
        try (var capture = leadership.quorum().capture()) {
            return capture.repairs(rules);
        }
    }

    /// Who served until now may have led the group a moment ago, and may believe that he still
    /// does: he is dropped only once the present primary serves in the present epoch, because then
    /// everyone who serves has answered its questions (R6) and has met its epoch (R1, R5).
    ///
    /// Primaries are spread one after the other: each move is a pause for the writers of its group,
    /// and not for those of many at once.
    private boolean isSafe(Command command) {
        return switch (command) {
            case Command.MovePrimary move ->
                    makesRoom(move)
                            || !hasMoved
                            || leadership.time().nanos() - movedNanos > MOVE_PAUSE_NANOS;
            case Command.DropReplica drop -> {
                boolean serves =
                        leadership
                                .group(drop.group())
                                .flatMap(group -> group.replica(drop.store()))
                                .map(replica -> replica.state() == ReplicaState.SERVING)
                                .orElse(false);
                yield !serves || isLed(drop.group());
            }
            default -> true;
        };
    }

    /// Not for balance: the primary is about to be dropped.
    private boolean makesRoom(Command.MovePrimary move) {
        return leadership.read(view ->
                view.group(move.group())
                        .flatMap(group ->
                                view.config().map(c -> group.replicas().size() > c.replicas()))
                        .orElse(false));
    }

    private void noteMove(Command command) {
        if (command instanceof Command.MovePrimary move && !makesRoom(move)) {
            hasMoved = true;
            movedNanos = leadership.time().nanos();
        }
    }

    /// Whether the group's primary has said that it serves in the present epoch.
    private boolean isLed(int id) {
        Group group = leadership.group(id).orElse(null);
        return group != null
                && group.primary()
                        .map(Replica::store)
                        .flatMap(store -> leadership.read(view -> view.store(store)))
                        .flatMap(this::report)
                        .map(known -> leads(known, group))
                        .orElse(false);
    }

    private static boolean leads(StoreReport report, Group group) {
        return report.getLeadingList().stream()
                .anyMatch(led -> led.getGroup() == group.id() && led.getEpoch() == group.epoch());
    }

    private MetadataServerConfig.RepairLimits limits() {
        return leadership.config().repair();
    }

    private RepairRules rules(Set<Integer> full) {
        return new RepairRules(
                leadership.time().wallMillis(),
                limits().after().toMillis(),
                limits().settle().toMillis(),
                limits().syncsPerStore(),
                limits().movesMax(),
                full);
    }

    private Set<Integer> fullStores() {
        Set<Integer> full = new HashSet<>();
        for (Store store : leadership.read(MetadataView::stores)) {
            StoreReport report = report(store).orElseGet(StoreReport::getDefaultInstance);
            if (report.getUsedBytes() * 100 > report.getCapacityBytes() * limits().fullPercent()) {
                full.add(store.id());
            }
        }
        return full;
    }

    private Optional<StoreReport> report(Store store) {
        return leadership.nodes().report(store.uuid());
    }

    private void carryOut(Command command) {
        leadership
                .submit(command)
                .whenComplete((outcome, failed) -> {
                    underWay.decrementAndGet();
                    if (outcome instanceof Outcome.GroupsChanged changed) {
                        log.info("repair: {}", command);
                        leadership
                                .threads()
                                .execute(() -> {
                                    leadership.groupsChanged(changed.groups());
                                    if (command instanceof Command.DropReplica drop) {
                                        leadership.nodes().pushView(drop.store(), drop.group());
                                    }
                                });
                    } else if (outcome instanceof Outcome.Refused refused) {
                        log.info("repair: {} came too late: {}", command, refused.message());
                    }
                });
    }

    // ------------------------------------------------------------ how much is left

    /// How fast catching up brought data lately, over all nodes.
    private void measure(long now) {
        long moved = 0;
        for (Store store : leadership.read(MetadataView::stores)) {
            moved += report(store).map(StoreReport::getCaughtUpBytes).orElse(0L);
        }
        double seconds = (now - measuredNanos) / 1e9;
        if (movedBefore >= 0 && moved >= movedBefore) {
            double speed = (moved - movedBefore) / seconds;
            bytesPerSecond += SMOOTHING * (speed - bytesPerSecond);
        }
        movedBefore = moved;
        measuredNanos = now;
    }

    /// What replicas that catch up have still to fetch, as their nodes say (or else an equal share
    /// of their primary's store), and the share of each one that waits to be replaced.
    long bytesLeft(MetadataView view) {
        Map<Integer, Integer> groupsOf = new HashMap<>();
        view.groups()
                .forEach(
                        g -> g.replicas().forEach(r -> groupsOf.merge(r.store(), 1, Integer::sum)));
        Map<Integer, Map<Integer, Long>> reported = new HashMap<>();
        Set<Integer> leaving = new HashSet<>();
        for (Store store : view.stores()) {
            reported.put(store.id(), progress(store));
            boolean drained = view.node(store.node()).map(Node::draining).orElse(true);
            if (drained || store.failed() || isGone(store)) {
                leaving.add(store.id());
            }
        }
        long bytes = 0;
        for (Group group : view.groups()) {
            long share = share(view, group, groupsOf);
            boolean syncing = false;
            boolean waiting = false;
            for (Replica replica : group.replicas()) {
                boolean comes = replica.state() == ReplicaState.SYNCING;
                syncing |= comes;
                waiting |= leaving.contains(replica.store());
                if (comes) {
                    Map<Integer, Long> known = reported.getOrDefault(replica.store(), Map.of());
                    bytes += known.getOrDefault(group.id(), share);
                }
            }
            boolean planned =
                    view.config().map(c -> group.replicas().size() <= c.replicas()).orElse(false);
            bytes += waiting && !syncing && planned ? share : 0;
        }
        return bytes;
    }

    private boolean isGone(Store store) {
        return !store.up()
                && leadership.time().wallMillis() - store.downSinceMillis()
                        > limits().after().toMillis();
    }

    private Map<Integer, Long> progress(Store store) {
        Map<Integer, Long> left = new HashMap<>();
        report(store)
                .ifPresent(known -> {
                    for (ReplicaProgress replica : known.getSyncingList()) {
                        left.put(replica.getGroup(), replica.getBytesLeft());
                    }
                });
        return left;
    }

    private long share(MetadataView view, Group group, Map<Integer, Integer> groupsOf) {
        int primary = group.primary().map(Replica::store).orElse(0);
        long live =
                view.store(primary).flatMap(this::report).map(StoreReport::getLiveBytes).orElse(0L);
        return live / Math.max(1, groupsOf.getOrDefault(primary, 1));
    }

    /// 0: nothing is left.
    long etaSeconds(long bytesLeft) {
        double speed = Math.max(bytesPerSecond, SLOWEST_BYTES_PER_SECOND);
        return (long) Math.ceil(bytesLeft / speed);
    }
}
