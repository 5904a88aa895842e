package io.coppice.metadata.core;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What happens to volumes and snapshots by themselves. The leader asks for it when something is
/// due; what that is, the state says, so it happens once, whoever asks how often.
final class Lifecycle {
    private static final int REVIEWED_PER_STEP = 2_048;

    private final Tables tables;
    private final VolumeCommands volumes;
    private final VersionCommands versions;

    Lifecycle(Tables tables, VolumeCommands volumes, VersionCommands versions) {
        this.tables = tables;
        this.volumes = volumes;
        this.versions = versions;
    }

    Outcome run(Command.RunDue command, long now) {
        // What is due does not wait for the review, nor the review for it.
        review();
        int done = 0;
        var ended = new ArrayList<Attachment>();
        Tables.DueKey first = tables.due.firstKey();
        while (first != null && first.millis() <= now && done < command.limit()) {
            done += one(first.id(), now, ended);
            first = tables.due.firstKey();
        }
        boolean more = tables.review != 0 || (first != null && first.millis() <= now);
        return new Outcome.DueDone(done, ended, more);
    }

    /// As leaders of format 0 have it done: what is over is deleted for good.
    Outcome purge(Command.PurgeTrash command, long now) {
        int done = 0;
        var ended = new ArrayList<Attachment>();
        Tables.DueKey first = tables.due.firstKey();
        while (first != null && first.millis() <= now && done < command.limit()) {
            Volume volume = tables.volumes.get(first.id());
            if (volume != null) {
                Attachment held = tables.attachments.get(volume.id());
                if (held != null) {
                    ended.add(held);
                }
                volumes.deleteForGood(volumes.endAttachment(volume, now), now);
            } else {
                tables.unschedule(first.id());
            }
            done++;
            first = tables.due.firstKey();
        }
        return new Outcome.DueDone(done, ended, first != null && first.millis() <= now);
    }

    /// After a policy has changed, all volumes are looked at again, some shards of them at a time.
    private void review() {
        int looked = 0;
        while (tables.review != 0 && looked < REVIEWED_PER_STEP) {
            for (Volume volume : tables.volumes.valuesOf(tables.review - 1)) {
                tables.schedule(volume);
                looked++;
            }
            tables.review = tables.review == tables.volumes.shardCount() ? 0 : tables.review + 1;
        }
    }

    /// @return how much it was: 1 for each volume or snapshot that it took
    private int one(long id, long now, List<Attachment> ended) {
        Volume volume = tables.volumes.get(id);
        Snapshot snapshot = tables.snapshots.get(id);
        if (volume != null) {
            Due due = Due.of(tables, volume);
            if (due == null || due.millis() > now) {
                tables.schedule(volume); // its policy changed meanwhile
                return 1;
            }
            return act(volume, due, now, ended);
        }
        if (snapshot != null) {
            note(now, Due.Act.EXPIRE, fullName(snapshot), "");
            versions.dropSnapshot(snapshot, now);
        } else {
            tables.unschedule(id);
        }
        return 1;
    }

    private int act(Volume volume, Due due, long now, List<Attachment> ended) {
        boolean ends = due.act() == Due.Act.EXPIRE || due.act() == Due.Act.REMOVE;
        if (ends && tables.hasGuardedSnapshot(volume.id())) {
            // Looked at again when something changes: then perhaps nothing protects it any more.
            tables.hold(volume);
            tables.audit.tell(
                    now, "", "", "keep", volume.name(), "it has a protected snapshot", "");
            return 1;
        }
        note(now, due.act(), volume.name(), why(volume, due.act()));
        switch (due.act()) {
            case PURGE -> {
                return volumes.deleteForGood(volume, now);
            }
            case EXPIRE, REMOVE -> {
                Attachment held = tables.attachments.get(volume.id());
                if (held != null) {
                    ended.add(held);
                }
                tables.putVolume(volumes.endAttachment(volume, now).trashed(now));
            }
            case WARN -> tables.putVolume(volume.withTerms(volume.terms().warned(now)));
            case ARCHIVE ->
                    tables.putVolume(
                            volume.withTerms(
                                    volume.terms().archived(now, volume.terms().usedMillis())));
        }
        return 1;
    }

    private void note(long now, Due.Act act, String target, String detail) {
        tables.audit.tell(now, "", "", act.text, target, detail, "");
    }

    /// For people.
    private String why(Volume volume, Due.Act act) {
        Policy policy = tables.policyOf(volume);
        return switch (act) {
            case PURGE -> "its time in the trash is over";
            case EXPIRE -> "its time is over";
            case WARN, ARCHIVE, REMOVE ->
                    "nobody uses it: policy " + (policy == null ? "" : policy.name());
        };
    }

    private String fullName(Snapshot snapshot) {
        Volume volume = tables.volumes.get(snapshot.volume());
        return (volume == null ? "" : volume.name()) + "@" + snapshot.name();
    }

    /// What [#run] would do until `until`, in its order, at most `limit` steps: of each volume and
    /// snapshot the next one.
    static List<Planned> plan(Tables tables, long until, int limit) {
        var planned = new ArrayList<Planned>();
        for (Tables.DueKey key : tables.due.keys()) {
            if (key.millis() > until || planned.size() >= limit) {
                break;
            }
            Volume volume = tables.volumes.get(key.id());
            Snapshot snapshot = tables.snapshots.get(key.id());
            Due due = volume != null ? Due.of(tables, volume) : null;
            if (volume != null && due != null) {
                planned.add(new Planned(due.millis(), due.act().text, volume.name(), volume.id()));
            } else if (snapshot != null) {
                Volume of = tables.volumes.get(snapshot.volume());
                String name = (of == null ? "" : of.name()) + "@" + snapshot.name();
                planned.add(
                        new Planned(key.millis(), Due.Act.EXPIRE.text, name, snapshot.volume()));
            }
        }
        return planned;
    }

    // ------------------------------------------------------------ schedules

    /// The cuts that policies ask for by now and that were not made yet, in the order of names.
    static List<DueCut> dueCuts(Tables tables, long now) {
        var due = new ArrayList<DueCut>();
        if (tables.review != 0 || !tables.governs()) {
            return due; // who follows what is not known yet
        }
        for (Policy policy : tables.policies.values()) {
            for (Policy.Rule rule : policy.rules()) {
                long moment = rule.lastDue(now);
                Run run = run(tables, policy.name(), rule, now);
                boolean underWay = run != null && run.upTo() != Long.MAX_VALUE;
                if (run != null && underWay && run.moment() <= moment) {
                    // To its end, or the last of many volumes would never have their turn.
                    due.add(new DueCut(policy.name(), rule.name(), run.moment(), run.upTo()));
                } else if (run == null || run.moment() < moment) {
                    due.add(new DueCut(policy.name(), rule.name(), moment, 0));
                }
            }
        }
        return due;
    }

    /// How far a rule is; null: nowhere. What a leader did whose clock was ahead counts for
    /// nothing, or nothing would be cut until then.
    static @Nullable Run run(Tables tables, String policy, Policy.Rule rule, long now) {
        Run run = tables.runs.get(new Tables.RunKey(policy, rule.name()));
        return run == null || run.moment() > now + rule.everyMillis() ? null : run;
    }

    /// Null: nobody follows the policy.
    static @Nullable Volume firstFollower(Tables tables, String policy) {
        var first = followers(tables, policy, 0, 1, _ -> true);
        return first.isEmpty() ? null : first.getFirst();
    }

    /// The volumes that follow a policy, are in use and have ids above `after`, the first `limit`
    /// of them.
    static List<Volume> followers(Tables tables, String policy, long after, int limit) {
        return followers(
                tables,
                policy,
                after,
                limit,
                volume -> !volume.inTrash() && !volume.terms().archived());
    }

    private static List<Volume> followers(
            Tables tables, String policy, long after, int limit, Predicate<Volume> which) {
        var found = new ArrayList<Volume>();
        int span = 1 << Tables.FollowKey.SPAN_SHIFT;
        long id = after + 1;
        while (id < tables.nextId && found.size() < limit) {
            long end = (id | span - 1) + 1;
            var first = new Tables.FollowKey(policy, id);
            var last = new Tables.FollowKey(policy, end);
            for (var key : tables.followers.shardOf(first).subMap(first, last).keySet()) {
                Volume volume = tables.volumes.get(key.volume());
                if (volume != null && which.test(volume)) {
                    found.add(volume);
                }
                if (found.size() == limit) {
                    break;
                }
            }
            id = end;
        }
        return found;
    }
}
