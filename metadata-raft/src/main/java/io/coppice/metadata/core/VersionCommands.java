package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.noSnapshot;
import static io.coppice.metadata.core.Refusals.noVolume;
import static io.coppice.metadata.core.Refusals.refuse;

import io.coppice.port.Marks;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Cuts, and volumes that become what they or their relatives were. Each method is one command: it
/// checks everything, then changes.
final class VersionCommands {
    static final int CUTS_MAX = 1_000;
    private static final int PRUNED_MAX = 1_000;

    private final Tables tables;
    private final ChunkMaps maps;
    private final Lineages lineages;
    private final Quotas quotas;

    VersionCommands(Tables tables, ChunkMaps maps) {
        this.tables = tables;
        this.maps = maps;
        this.lineages = new Lineages(tables);
        this.quotas = new Quotas(tables);
    }

    // ------------------------------------------------------------ seals and generations

    static Outcome.@Nullable Refused refuseUnsealed(Volume volume, Command.@Nullable Seal seal) {
        if (seal == null) {
            return volume.attachedInGeneration()
                    ? refuse(
                            Refusal.STALE,
                            "volume " + volume.name() + " was attached meanwhile: seal it first")
                    : null;
        }
        return seal.volume() == volume.id() && seal.generation() == volume.generation()
                ? null
                : refuse(
                        Refusal.STALE,
                        "volume " + volume.name() + " is in another generation than was sealed");
    }

    Volume raise(Volume volume) {
        Volume raised = volume.nextGeneration(tables.attachments.contains(volume.id()));
        tables.replaceVolume(raised);
        return raised;
    }

    Outcome raiseGeneration(Command.RaiseGeneration command) {
        Volume volume = tables.volumes.get(command.volume());
        if (volume == null) {
            return refuse(Refusal.NOT_FOUND, "no volume with id " + command.volume());
        }
        if (volume.generation() < command.generation()) {
            return refuse(
                    Refusal.BAD_REQUEST,
                    "volume " + volume.name() + " has not reached that generation");
        }
        return new Outcome.Volumes(
                volume.generation() == command.generation()
                        ? List.of(raise(volume))
                        : List.of(volume));
    }

    // ------------------------------------------------------------ snapshots

    Outcome snapshot(Command.CreateSnapshots command, long now) {
        Command.Scheduled scheduled = command.scheduled();
        if (scheduled != null && isDone(scheduled, now)) {
            return new Outcome.Snapshots(List.of(), List.of());
        }
        Outcome.Refused refused = refusal(command, now);
        if (refused != null) {
            return refused;
        }
        var snapshots = new ArrayList<Snapshot>();
        Map<Long, Volume> cutVolumes = new HashMap<>();
        var volumes = new ArrayList<Volume>();
        for (Command.SnapshotCut cut : command.cuts()) {
            Volume volume = tables.activeVolume(cut.volume());
            if (volume == null) {
                continue;
            }
            if (cutVolumes.putIfAbsent(volume.id(), volume) == null) {
                volumes.add(raise(volume));
            }
            Volume before = cutVolumes.getOrDefault(volume.id(), volume);
            snapshots.add(freeze(before, cut.snapshot(), command, now));
        }
        if (scheduled != null) {
            tables.runs.put(
                    new Tables.RunKey(scheduled.policy(), scheduled.rule()),
                    new Run(scheduled.moment(), scheduled.upTo()));
            prune(scheduled, volumes, now);
        }
        return new Outcome.Snapshots(snapshots, volumes);
    }

    private boolean isDone(Command.Scheduled scheduled, long now) {
        Policy.Rule rule = rule(scheduled);
        Run run = rule == null ? null : Lifecycle.run(tables, scheduled.policy(), rule, now);
        return run != null
                && (run.moment() > scheduled.moment()
                        || (run.moment() == scheduled.moment() && run.upTo() >= scheduled.upTo()));
    }

    /// Null: it is done.
    Outcome.@Nullable Refused refusal(Command.CreateSnapshots command, long now) {
        boolean none = command.cuts().isEmpty() && command.scheduled() == null;
        if (none || command.cuts().size() > CUTS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "a cut is of 1 to " + CUTS_MAX + " volumes");
        }
        Command.Scheduled scheduled = command.scheduled();
        if (scheduled != null && rule(scheduled) == null) {
            return Refusals.noPolicy(scheduled.policy());
        }
        Outcome.Refused refused = Refusals.refuseLabels(command.labels());
        refused =
                refused != null
                        ? refused
                        : Refusals.refuseExpiry(command.expiresMillis(), tables.used(now));
        if (refused != null) {
            return refused;
        }
        Set<Tables.SnapshotKey> names = new HashSet<>();
        for (Command.SnapshotCut cut : command.cuts()) {
            refused = refuseCut(cut.volume(), cut.snapshot(), names);
            if (refused != null) {
                return refused;
            }
        }
        // After the names of all: a seal that is missing would hide the name that is wrong.
        for (Command.SnapshotCut cut : command.cuts()) {
            Volume volume = tables.activeVolume(cut.volume());
            refused = volume == null ? noVolume(cut.volume()) : refuseUnsealed(volume, cut.seal());
            if (refused != null) {
                return refused;
            }
        }
        return null;
    }

    private Policy.@Nullable Rule rule(Command.Scheduled scheduled) {
        Policy policy = tables.policies.get(scheduled.policy());
        return policy == null
                ? null
                : policy.rules().stream()
                        .filter(rule -> rule.name().equals(scheduled.rule()))
                        .findFirst()
                        .orElse(null);
    }

    private Outcome.@Nullable Refused refuseCut(
            String name, String snapshot, Set<Tables.SnapshotKey> names) {
        Volume volume = tables.activeVolume(name);
        if (volume == null) {
            return noVolume(name);
        }
        Outcome.Refused refused = Refusals.refuseName("snapshot", snapshot);
        if (refused != null) {
            return refused;
        }
        return tables.snapshotOf(volume.id(), snapshot) != null
                        || !names.add(new Tables.SnapshotKey(volume.id(), snapshot))
                ? refuse(
                        Refusal.EXISTS,
                        "snapshot " + volume.name() + "@" + snapshot + " already exists")
                : null;
    }

    /// `volume` as it was before the cut.
    private Snapshot freeze(Volume volume, String name, Command.CreateSnapshots command, long now) {
        Command.Scheduled scheduled = command.scheduled();
        var snapshot =
                new Snapshot(
                        tables.nextId++,
                        volume.id(),
                        name,
                        volume.size(),
                        volume.generation(),
                        volume.root(),
                        now,
                        command.labels(),
                        command.expiresMillis(),
                        false,
                        scheduled == null ? "" : scheduled.policy() + "/" + scheduled.rule());
        maps.share(volume.root(), 1);
        tables.putSnapshot(snapshot);
        lineages.put(snapshot.id(), volume.id(), snapshot.name(), true, now);
        return snapshot;
    }

    /// The rule's oldest snapshots of these volumes go, but for as many as it keeps; when very many
    /// are too many, the rest goes next time.
    private void prune(Command.Scheduled scheduled, List<Volume> volumes, long now) {
        Policy.Rule rule = rule(scheduled);
        String made = scheduled.policy() + "/" + scheduled.rule();
        String last = "";
        int dropped = 0;
        for (Volume volume : volumes) {
            var mine = new ArrayList<Snapshot>();
            for (Snapshot snapshot : new TablesView(tables).snapshots(volume.id())) {
                if (snapshot.rule().equals(made) && !snapshot.guarded()) {
                    mine.add(snapshot);
                }
            }
            mine.sort(java.util.Comparator.comparingLong(Snapshot::id));
            int over = rule == null ? 0 : mine.size() - rule.keep();
            for (int i = 0; i < over && dropped < PRUNED_MAX; i++) {
                last = volume.name() + "@" + mine.get(i).name();
                dropSnapshot(mine.get(i), now);
                dropped++;
            }
        }
        if (dropped > 0) {
            String detail = dropped + " in all, by policy " + made;
            tables.audit.tell(now, "", "", "prune snapshots", last, detail, "");
        }
    }

    Outcome deleteSnapshot(Command.DeleteSnapshot command, long now) {
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return noVolume(command.volume());
        }
        Snapshot snapshot = tables.snapshotOf(volume.id(), command.snapshot());
        if (snapshot == null) {
            return noSnapshot(command.volume(), command.snapshot());
        }
        if (snapshot.guarded()) {
            return guarded(volume, snapshot);
        }
        dropSnapshot(snapshot, now);
        return new Outcome.Snapshots(List.of(snapshot), List.of());
    }

    static Outcome.Refused guarded(Volume volume, Snapshot snapshot) {
        return refuse(
                Refusal.CONFLICT,
                "snapshot "
                        + volume.name()
                        + "@"
                        + snapshot.name()
                        + " is protected: use 'snapshot set --unprotect' first");
    }

    void dropSnapshot(Snapshot snapshot, long now) {
        tables.removeSnapshot(snapshot);
        maps.release(snapshot.root());
        if (snapshot.rule().isEmpty()) {
            lineages.deleted(snapshot.id(), now);
        } else {
            // Or the history of what is made every hour would grow for ever.
            lineages.forget(snapshot.id(), now);
        }
    }

    Outcome change(Command.ChangeSnapshot command, long now) {
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return noVolume(command.volume());
        }
        Snapshot snapshot = tables.snapshotOf(volume.id(), command.snapshot());
        if (snapshot == null) {
            return noSnapshot(command.volume(), command.snapshot());
        }
        Long expires = command.expiresMillis();
        Boolean guard = command.guarded();
        Outcome.Refused refused = expires == null ? null : Refusals.refuseExpiry(expires, now);
        if (refused != null) {
            return refused;
        }
        Snapshot changed =
                snapshot.kept(
                        expires == null ? snapshot.expiresMillis() : expires,
                        guard == null ? snapshot.guarded() : guard);
        tables.putSnapshot(changed);
        tables.schedule(volume);
        return new Outcome.Snapshots(List.of(changed), List.of());
    }

    // ------------------------------------------------------------ what was, is again

    Outcome rollback(Command.RollbackVolume command) {
        Outcome.Refused refused = refusal(command);
        Volume volume = tables.activeVolume(command.volume());
        if (refused != null || volume == null) {
            return refused != null ? refused : noVolume(command.volume());
        }
        Snapshot snapshot = tables.snapshotOf(volume.id(), command.snapshot());
        if (snapshot == null) {
            return noSnapshot(command.volume(), command.snapshot());
        }
        Marks.hit("a volume was rolled back");
        return new Outcome.Volumes(List.of(become(volume, snapshot.size(), snapshot.root())));
    }

    /// Null: it is done.
    Outcome.@Nullable Refused refusal(Command.RollbackVolume command) {
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return noVolume(command.volume());
        }
        Snapshot snapshot = tables.snapshotOf(volume.id(), command.snapshot());
        if (snapshot == null) {
            return noSnapshot(command.volume(), command.snapshot());
        }
        Outcome.Refused refused = refuseLoss(volume);
        refused = refused != null ? refused : refuseGrowth(volume, snapshot.size());
        return refused != null ? refused : refuseUnsealed(volume, command.seal());
    }

    private Outcome.@Nullable Refused refuseGrowth(Volume volume, long size) {
        return quotas.refuse(volume.terms().project(), size - volume.size());
    }

    /// What is protected is not thrown away by becoming something else either.
    private static Outcome.@Nullable Refused refuseLoss(Volume volume) {
        return volume.terms().guarded()
                ? refuse(
                        Refusal.CONFLICT,
                        "volume "
                                + volume.name()
                                + " is protected: use 'volume set --unprotect' first, or keep what"
                                + " it is as a snapshot")
                : null;
    }

    /// One more map with this root, in place of the volume's own.
    private Volume become(Volume volume, long size, MapRoot root) {
        maps.share(root, 1);
        maps.release(volume.root());
        Volume changed = raise(volume).withSize(size, root);
        tables.replaceVolume(changed);
        return changed;
    }

    Outcome reset(Command.ResetVolume command, long now) {
        Outcome.Refused refused = refusal(command);
        Volume volume = tables.activeVolume(command.volume());
        Volume from = tables.volumes.get(command.from());
        if (refused != null || volume == null || from == null) {
            return refused != null ? refused : noVolume(command.volume());
        }
        Marks.hit("a volume was reset");
        boolean live = command.snapshot().isEmpty();
        Snapshot snapshot = live ? null : tables.snapshotOf(from.id(), command.snapshot());
        if (!command.keep().isEmpty()) {
            var kept = new Command.CreateSnapshots(List.of(), Map.of());
            freeze(volume, command.keep(), kept, now);
        }
        long size = snapshot == null ? from.size() : snapshot.size();
        MapRoot root = snapshot == null ? from.root() : snapshot.root();
        var changed = new ArrayList<Volume>();
        changed.add(become(volume, size, root));
        if (live) {
            changed.add(raise(from));
        }
        return new Outcome.Volumes(changed);
    }

    /// Null: it is done.
    Outcome.@Nullable Refused refusal(Command.ResetVolume command) {
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return noVolume(command.volume());
        }
        Volume from = tables.volumes.get(command.from());
        if (from == null || from.inTrash()) {
            return refuse(
                    Refusal.NOT_FOUND,
                    volume.isClone()
                            ? "what volume "
                                    + volume.name()
                                    + " was cloned from is gone: name another source"
                            : "volume " + volume.name() + " is no clone: name a source");
        }
        boolean live = command.snapshot().isEmpty();
        Snapshot snapshot = live ? null : tables.snapshotOf(from.id(), command.snapshot());
        if (!live && snapshot == null) {
            return noSnapshot(from.name(), command.snapshot());
        }
        if (live && from.id() == volume.id()) {
            return refuse(Refusal.BAD_REQUEST, "volume " + volume.name() + " is itself already");
        }
        if (lineages.oldest(volume.id()) != lineages.oldest(from.id())) {
            return refuse(
                    Refusal.BAD_REQUEST,
                    "volume "
                            + volume.name()
                            + " has nothing in common with "
                            + from.name()
                            + ": clone that instead");
        }
        Outcome.Refused refused = refuseAcross(volume, from);
        refused = refused != null ? refused : KeyCommands.refuseOther(volume, from);
        if (refused == null) {
            refused =
                    command.keep().isEmpty()
                            ? refuseLoss(volume)
                            : refuseCut(volume.name(), command.keep(), new HashSet<>());
        }
        long size = snapshot == null ? from.size() : snapshot.size();
        refused = refused != null ? refused : refuseGrowth(volume, size);
        refused = refused != null ? refused : refuseUnsealed(volume, command.seal());
        return refused == null && live ? refuseUnsealed(from, command.fromSeal()) : refused;
    }

    /// What is confined stays in its project, whichever way it would leave.
    private static Outcome.@Nullable Refused refuseAcross(Volume one, Volume other) {
        boolean confined = one.terms().confined() || other.terms().confined();
        return confined && !one.terms().project().equals(other.terms().project())
                ? refuse(
                        Refusal.NOT_ALLOWED,
                        "volumes "
                                + one.name()
                                + " and "
                                + other.name()
                                + " are in different projects, and one of them is confined to its"
                                + " own")
                : null;
    }

    Outcome swap(Command.SwapVolumes command) {
        Outcome.Refused refused = refusal(command);
        Volume one = tables.activeVolume(command.one());
        Volume other = tables.activeVolume(command.other());
        if (refused != null || one == null || other == null) {
            return refused != null ? refused : noVolume(command.one());
        }
        Marks.hit("two volumes were exchanged");
        Volume changed = raise(one).withSize(other.size(), other.root());
        Volume exchanged = raise(other).withSize(one.size(), one.root());
        tables.replaceVolume(changed);
        tables.replaceVolume(exchanged);
        return new Outcome.Volumes(List.of(changed, exchanged));
    }

    /// Null: it is done.
    Outcome.@Nullable Refused refusal(Command.SwapVolumes command) {
        Volume one = tables.activeVolume(command.one());
        Volume other = tables.activeVolume(command.other());
        if (one == null || other == null) {
            return noVolume(one == null ? command.one() : command.other());
        }
        if (one.id() == other.id()) {
            return refuse(Refusal.BAD_REQUEST, "a volume cannot be swapped with itself");
        }
        Outcome.Refused refused = refuseAcross(one, other);
        refused = refused != null ? refused : KeyCommands.refuseOther(one, other);
        if (!one.terms().project().equals(other.terms().project())) {
            refused = refused != null ? refused : refuseGrowth(one, other.size());
            refused = refused != null ? refused : refuseGrowth(other, one.size());
        }
        refused = refused != null ? refused : refuseUnsealed(one, command.oneSeal());
        return refused != null ? refused : refuseUnsealed(other, command.otherSeal());
    }
}
