package io.coppice.metadata.server;

import io.coppice.metadata.core.Command;
import io.coppice.metadata.core.DueCut;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Outcome;
import io.coppice.metadata.core.Planned;
import io.coppice.metadata.core.Policy;
import io.coppice.metadata.core.Snapshot;
import io.coppice.metadata.core.Volume;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has the snapshots made that policies ask for, one cut at a time, in turn. What was made is in
/// the state, so nothing is made twice, whoever leads. [#tick] runs on one thread.
final class Schedules {
    private static final Logger log = LoggerFactory.getLogger(Schedules.class);
    private static final int CUT_VOLUMES = 64;
    private static final int PLAN_MAX = 100;
    private static final long LOOK_NANOS = 1_000_000_000L;

    /// Until what failed is tried again; others have their turn meanwhile.
    private static final long AGAIN_NANOS = 10_000_000_000L;

    private static final DateTimeFormatter MOMENT =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private final Leadership leadership;
    private final Cuts cuts;
    private final AtomicBoolean cutting = new AtomicBoolean();

    /// When each schedule was tried last; who waits longest is next.
    private final Map<String, Long> tried = new ConcurrentHashMap<>();

    private final Map<String, Long> failed = new ConcurrentHashMap<>();
    private volatile long notBefore;
    private boolean wasWhole = true;

    Schedules(Leadership leadership, Cuts cuts) {
        this.leadership = leadership;
        this.cuts = cuts;
        notBefore = leadership.time().nanos();
    }

    void tick() {
        long now = leadership.time().nanos();
        if (now - notBefore < 0 || cutting.get()) {
            return;
        }
        notBefore = now + LOOK_NANOS;
        // A cut in a cluster that is not whole would hold up writers until it is.
        boolean whole = leadership.isWhole();
        if (!whole && wasWhole) {
            log.warn("no schedule is followed until enough replicas of every group serve");
        }
        wasWhole = whole;
        if (whole) {
            next(now)
                    .ifPresent(due -> {
                        cutting.set(true);
                        tried.put(key(due), now);
                        cut(due);
                    });
        }
    }

    private Optional<DueCut> next(long now) {
        List<DueCut> due = leadership.read(view -> view.dueCuts(leadership.time().wallMillis()));
        var keys = due.stream().map(Schedules::key).toList();
        tried.keySet().retainAll(keys);
        failed.keySet().retainAll(keys);
        return due.stream()
                .filter(each ->
                        now - failed.getOrDefault(key(each), now - AGAIN_NANOS) >= AGAIN_NANOS)
                .min(
                        Comparator.comparingLong(
                                each -> tried.getOrDefault(key(each), Long.MIN_VALUE)));
    }

    private static String key(DueCut due) {
        return due.policy() + " " + due.rule();
    }

    private void cut(DueCut due) {
        CompletableFuture<Outcome> made;
        try {
            made = scheduled(due);
        } catch (RuntimeException bug) {
            made = CompletableFuture.failedFuture(bug);
        }
        made.whenComplete((outcome, why) -> {
            if (why != null) {
                failed.put(key(due), leadership.time().nanos());
                log.warn(
                        "schedule {} of policy {} could not be followed yet: {}",
                        due.rule(),
                        due.policy(),
                        Leadership.failure(why).message());
            } else if (outcome instanceof Outcome.Snapshots done) {
                leadership.metrics().scheduled().inc(done.snapshots().size());
            }
            notBefore = leadership.time().nanos(); // there may be more
            cutting.set(false);
        });
    }

    private CompletableFuture<Outcome> scheduled(DueCut due) {
        String name = name(due.rule(), due.moment());
        // One look: what is cut is what counts as cut.
        return leadership
                .read(view -> {
                    List<Volume> volumes = view.followers(due, CUT_VOLUMES);
                    var unsealed =
                            volumes.stream()
                                    .filter(volume -> !has(view, volume, name))
                                    .map(volume ->
                                            new Command.SnapshotCut(volume.name(), name, null))
                                    .toList();
                    long upTo =
                            volumes.size() < CUT_VOLUMES ? Long.MAX_VALUE : volumes.getLast().id();
                    return new Asked(
                            unsealed,
                            new Command.Scheduled(due.policy(), due.rule(), due.moment(), upTo));
                })
                .by(cuts);
    }

    private record Asked(List<Command.SnapshotCut> unsealed, Command.Scheduled scheduled) {
        CompletableFuture<Outcome> by(Cuts cuts) {
            return cuts.scheduled(unsealed, scheduled);
        }
    }

    /// The cuts that policies ask for between two moments, at most [#PLAN_MAX] of each rule, and
    /// the snapshots that go for them, of the first [#CUT_VOLUMES] volumes.
    static List<Planned> planned(MetadataView view, long from, long until, int limit) {
        var planned = new ArrayList<Planned>();
        for (Policy policy : view.policies()) {
            List<Volume> followers =
                    view.followers(new DueCut(policy.name(), "", 0, 0), CUT_VOLUMES);
            int volumes = followers.size();
            for (Policy.Rule rule : policy.rules()) {
                long moment = rule.nextDue(from);
                for (int i = 0;
                        volumes > 0 && i < PLAN_MAX && moment <= until && planned.size() < limit;
                        i++) {
                    String what =
                            volumes < CUT_VOLUMES ? volumes + " volumes" : volumes + " or more";
                    planned.add(
                            new Planned(
                                    moment,
                                    "create snapshot",
                                    what + " by policy " + policy.name() + "/" + rule.name(),
                                    0));
                    moment = rule.nextDue(moment);
                }
                for (Volume volume : followers) {
                    prunes(view, volume, policy, rule, from, until)
                            .limit(Math.max(0, limit - planned.size()))
                            .forEach(planned::add);
                }
            }
        }
        return planned;
    }

    /// Which snapshots of a volume go for those that its rule will make, in their order.
    private static Stream<Planned> prunes(
            MetadataView view, Volume volume, Policy policy, Policy.Rule rule, long from, long to) {
        String made = policy.name() + "/" + rule.name();
        var names = new ArrayDeque<String>();
        view.snapshots(volume.id()).stream()
                .filter(snapshot -> snapshot.rule().equals(made) && !snapshot.guarded())
                .sorted(Comparator.comparingLong(Snapshot::id))
                .forEach(snapshot -> names.add(snapshot.name()));
        var planned = new ArrayList<Planned>();
        long moment = rule.nextDue(from);
        for (int i = 0; i < PLAN_MAX && moment <= to; i++) {
            names.add(name(rule.name(), moment));
            while (names.size() > rule.keep()) {
                planned.add(
                        new Planned(
                                moment,
                                "prune snapshots",
                                volume.name() + "@" + names.remove(),
                                volume.id()));
            }
            moment = rule.nextDue(moment);
        }
        return planned.stream();
    }

    private static String name(String rule, long moment) {
        return rule + "-" + MOMENT.format(Instant.ofEpochMilli(moment));
    }

    /// Somebody made one of that name.
    private static boolean has(MetadataView view, Volume volume, String snapshot) {
        return view.snapshot(volume.name(), snapshot).isPresent();
    }
}
