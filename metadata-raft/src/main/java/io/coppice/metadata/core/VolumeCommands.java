package io.coppice.metadata.core;

import io.coppice.model.Blocks;
import io.coppice.model.Names;
import io.coppice.port.Marks;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Volumes, snapshots and clones. Each method is one command: it checks everything, then changes.
final class VolumeCommands {
    static final int CLONES_MAX = 10_000;
    static final int CUTS_MAX = 1_000;
    static final int LABELS_MAX = 64;
    static final int LABEL_CHARS_MAX = 1024;

    private final Tables tables;
    private final ChunkMaps maps;

    VolumeCommands(Tables tables, ChunkMaps maps) {
        this.tables = tables;
        this.maps = maps;
    }

    // ------------------------------------------------------------ volumes

    Outcome create(Command.CreateVolume command, long now) {
        if (tables.config == null) {
            return notInitialized();
        }
        Outcome.Refused refused = refuseNewName(command.name());
        refused = refused != null ? refused : refuseSize(command.size());
        refused = refused != null ? refused : refuseLabels(command.labels());
        if (refused != null) {
            return refused;
        }
        Volume volume =
                new Volume(
                        tables.nextId++,
                        command.name(),
                        command.size(),
                        1,
                        MapRoot.EMPTY,
                        0,
                        false,
                        false,
                        "",
                        now,
                        0,
                        0,
                        command.labels());
        tables.putVolume(volume);
        putLineage(volume.id(), 0, volume.name(), false, now);
        return new Outcome.Volumes(List.of(volume));
    }

    Outcome delete(Command.DeleteVolume command, long now) {
        Volume volume = tables.activeVolume(command.name());
        if (volume == null && command.now()) {
            volume = youngestInTrash(command.name());
        }
        if (volume == null) {
            return noVolume(command.name());
        }
        Volume detached = endAttachment(volume);
        if (command.now()) {
            deleteForGood(detached, now);
            return new Outcome.Volumes(List.of(detached.trashed(now)));
        }
        Volume trashed = detached.trashed(now);
        tables.putVolume(trashed);
        return new Outcome.Volumes(List.of(trashed));
    }

    /// Removes a volume and its snapshots; their maps are reaped later. Lineage stays.
    void deleteForGood(Volume volume, long now) {
        for (Snapshot snapshot : new TablesView(tables).snapshots(volume.id())) {
            dropSnapshot(snapshot, now);
        }
        tables.removeVolume(volume);
        maps.release(volume.root());
        markDeleted(volume.id(), now);
    }

    /// The volume without its attachment, already stored if it had one.
    Volume endAttachment(Volume volume) {
        Attachment attachment = tables.attachments.remove(volume.id());
        if (attachment == null) {
            return volume;
        }
        SessionEntry session = tables.sessions.get(attachment.session());
        if (session != null) {
            tables.sessions.put(session.id(), session.withoutVolume(volume.id()));
        }
        Volume broken = volume.broken();
        tables.replaceVolume(broken);
        return broken;
    }

    Outcome restore(Command.RestoreVolume command) {
        Volume volume = youngestInTrash(command.name());
        if (volume == null) {
            return refuse(
                    Refusal.NOT_FOUND, "no volume " + shown(command.name()) + " in the trash");
        }
        String name = command.as().isEmpty() ? volume.name() : command.as();
        Outcome.Refused refused = refuseNewName(name);
        if (refused != null) {
            return refused;
        }
        Volume restored = volume.restored(name);
        tables.putVolume(restored);
        rename(restored.id(), name);
        return new Outcome.Volumes(List.of(restored));
    }

    private @Nullable Volume youngestInTrash(String name) {
        var first = new Tables.TrashKey(name, Long.MIN_VALUE);
        Volume youngest = null;
        for (var key : tables.trash.shardOf(first).tailMap(first).keySet()) {
            if (!key.name().equals(name)) {
                break;
            }
            Volume volume = tables.volumes.get(key.id());
            if (volume != null
                    && (youngest == null || volume.deletedMillis() >= youngest.deletedMillis())) {
                youngest = volume;
            }
        }
        return youngest;
    }

    Outcome resize(Command.ResizeVolume command) {
        ClusterConfig config = tables.config;
        Volume volume = tables.activeVolume(command.name());
        if (volume == null || config == null) {
            return noVolume(command.name());
        }
        Outcome.Refused refused = refuseSize(command.size());
        if (refused != null) {
            return refused;
        }
        MapRoot root = volume.root();
        if (command.size() < volume.size()) {
            refused = refuseCut(volume, command, config);
            if (refused != null) {
                return refused;
            }
            Marks.hit("a volume lost what was beyond its new end");
            root = maps.truncate(root, slots(command.size(), config));
        }
        Volume resized = volume.withSize(command.size(), root);
        tables.replaceVolume(resized);
        return new Outcome.Volumes(List.of(resized));
    }

    /// What is cut off the last chunk that is kept must be zeros already, or it would be there
    /// again when the volume grows; the quorum cannot see data, so it takes the word of a client
    /// whose attachment has kept others from writing there since.
    private Outcome.@Nullable Refused refuseCut(
            Volume volume, Command.ResizeVolume command, ClusterConfig config) {
        Attachment holder = tables.attachments.get(volume.id());
        if (holder != null && holder.fence() != command.fence()) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume '"
                            + command.name()
                            + "' is attached and cannot shrink: close it first");
        }
        long last = slots(command.size(), config) - 1;
        if (holder == null
                && command.size() % config.chunkBytes() != 0
                && MapWalks.chunkAt(tables.nodes, volume.root(), last) != 0) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume '"
                            + command.name()
                            + "' would end within a chunk that has data, which an attached client must"
                            + " make zeros first: use 'coppice volume resize'");
        }
        return null;
    }

    static long slots(long size, ClusterConfig config) {
        return (size - 1) / config.chunkBytes() + 1;
    }

    Outcome rename(Command.RenameVolume command) {
        Volume volume = tables.activeVolume(command.name());
        if (volume == null) {
            return noVolume(command.name());
        }
        Outcome.Refused refused = refuseNewName(command.newName());
        if (refused != null) {
            return refused;
        }
        Volume renamed = volume.withName(command.newName());
        tables.putVolume(renamed);
        rename(renamed.id(), renamed.name());
        return new Outcome.Volumes(List.of(renamed));
    }

    // ------------------------------------------------------------ cuts

    Outcome snapshot(Command.CreateSnapshots command, long now) {
        if (command.cuts().isEmpty() || command.cuts().size() > CUTS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "a cut is of 1 to " + CUTS_MAX + " volumes");
        }
        Outcome.Refused refused = refuseLabels(command.labels());
        if (refused != null) {
            return refused;
        }
        Set<Tables.SnapshotKey> names = new HashSet<>();
        for (Command.SnapshotCut cut : command.cuts()) {
            refused = refuseCut(cut, names);
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
            snapshots.add(freeze(cutVolumes.getOrDefault(volume.id(), volume), cut, command, now));
        }
        return new Outcome.Snapshots(snapshots, volumes);
    }

    /// `volume` as it was before the cut.
    private Snapshot freeze(
            Volume volume, Command.SnapshotCut cut, Command.CreateSnapshots command, long now) {
        Snapshot snapshot =
                new Snapshot(
                        tables.nextId++,
                        volume.id(),
                        cut.snapshot(),
                        volume.size(),
                        volume.generation(),
                        volume.root(),
                        now,
                        command.labels());
        maps.share(volume.root(), 1);
        tables.putSnapshot(snapshot);
        putLineage(snapshot.id(), volume.id(), snapshot.name(), true, now);
        return snapshot;
    }

    private Outcome.@Nullable Refused refuseCut(
            Command.SnapshotCut cut, Set<Tables.SnapshotKey> names) {
        Volume volume = tables.activeVolume(cut.volume());
        if (volume == null) {
            return noVolume(cut.volume());
        }
        if (!Names.isValid(cut.snapshot())) {
            return refuse(Refusal.BAD_REQUEST, Names.rule("snapshot", cut.snapshot()));
        }
        if (tables.snapshotOf(volume.id(), cut.snapshot()) != null
                || !names.add(new Tables.SnapshotKey(volume.id(), cut.snapshot()))) {
            return refuse(
                    Refusal.EXISTS,
                    "snapshot " + volume.name() + "@" + cut.snapshot() + " already exists");
        }
        return null;
    }

    private static Outcome.@Nullable Refused refuseUnsealed(
            Volume volume, Command.@Nullable Seal seal) {
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

    private Volume raise(Volume volume) {
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

    Outcome deleteSnapshot(Command.DeleteSnapshot command, long now) {
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return noVolume(command.volume());
        }
        Snapshot snapshot = tables.snapshotOf(volume.id(), command.snapshot());
        if (snapshot == null) {
            return noSnapshot(command.volume(), command.snapshot());
        }
        dropSnapshot(snapshot, now);
        return new Outcome.Snapshots(List.of(snapshot), List.of());
    }

    private void dropSnapshot(Snapshot snapshot, long now) {
        tables.removeSnapshot(snapshot);
        maps.release(snapshot.root());
        markDeleted(snapshot.id(), now);
    }

    Outcome rollback(Command.RollbackVolume command) {
        Volume volume = tables.activeVolume(command.volume());
        if (volume == null) {
            return noVolume(command.volume());
        }
        Snapshot snapshot = tables.snapshotOf(volume.id(), command.snapshot());
        if (snapshot == null) {
            return noSnapshot(command.volume(), command.snapshot());
        }
        Outcome.Refused refused = refuseUnsealed(volume, command.seal());
        if (refused != null) {
            return refused;
        }
        Marks.hit("a volume was rolled back");
        maps.share(snapshot.root(), 1);
        maps.release(volume.root());
        Volume rolledBack = raise(volume).withSize(snapshot.size(), snapshot.root());
        tables.replaceVolume(rolledBack);
        return new Outcome.Volumes(List.of(rolledBack));
    }

    // ------------------------------------------------------------ clones

    Outcome cloneVolume(Command.CreateClones command, long now) {
        Volume source = tables.activeVolume(command.volume());
        if (source == null) {
            return noVolume(command.volume());
        }
        boolean live = command.snapshot().isEmpty();
        Snapshot snapshot = live ? null : tables.snapshotOf(source.id(), command.snapshot());
        if (!live && snapshot == null) {
            return noSnapshot(command.volume(), command.snapshot());
        }
        Outcome.Refused refused = refuseClones(command);
        if (refused == null && live) {
            refused = refuseUnsealed(source, command.seal());
        }
        if (refused != null) {
            return refused;
        }
        String origin = live ? source.name() : source.name() + "@" + command.snapshot();
        long parent = snapshot == null ? source.id() : snapshot.id();
        long size = snapshot == null ? source.size() : snapshot.size();
        MapRoot root = snapshot == null ? source.root() : snapshot.root();
        maps.share(root, command.names().size());
        var clones = new ArrayList<Volume>(command.names().size());
        for (String name : command.names()) {
            Volume made =
                    new Volume(
                            tables.nextId++,
                            name,
                            size,
                            1,
                            root,
                            0,
                            false,
                            false,
                            origin,
                            now,
                            command.expiresMillis(),
                            0,
                            command.labels());
            tables.putVolume(made);
            putLineage(made.id(), parent, name, false, now);
            clones.add(made);
        }
        return new Outcome.Clones(clones, live ? List.of(raise(source)) : List.of());
    }

    private Outcome.@Nullable Refused refuseClones(Command.CreateClones command) {
        if (command.names().isEmpty() || command.names().size() > CLONES_MAX) {
            return refuse(Refusal.BAD_REQUEST, "a command makes 1 to " + CLONES_MAX + " clones");
        }
        if (command.expiresMillis() < 0) {
            return refuse(Refusal.BAD_REQUEST, "the expiry lies before 1970");
        }
        Set<String> names = new HashSet<>();
        for (String name : command.names()) {
            Outcome.Refused refused = refuseNewName(name);
            if (refused != null) {
                return refused;
            }
            if (!names.add(name)) {
                return refuse(Refusal.BAD_REQUEST, "the name " + name + " is given twice");
            }
        }
        return refuseLabels(command.labels());
    }

    // ------------------------------------------------------------ housekeeping

    Outcome purgeTrash(Command.PurgeTrash command, long now) {
        int deleted = 0;
        var ended = new ArrayList<Attachment>();
        Tables.DueKey first = tables.due.firstKey();
        while (first != null && first.millis() <= now && deleted < command.limit()) {
            Volume volume = tables.volumes.get(first.volume());
            if (volume != null) {
                Attachment held = tables.attachments.get(volume.id());
                if (held != null) {
                    ended.add(held);
                }
                deleteForGood(endAttachment(volume), now);
            }
            deleted++;
            first = tables.due.firstKey();
        }
        return new Outcome.TrashPurged(deleted, ended, first != null && first.millis() <= now);
    }

    // ------------------------------------------------------------ lineage

    private void putLineage(long id, long parent, String name, boolean snapshot, long now) {
        tables.lineage.put(id, new Lineage(id, parent, name, snapshot, now, 0));
    }

    private void rename(long id, String name) {
        Lineage record = tables.lineage.get(id);
        if (record != null) {
            tables.lineage.put(id, record.named(name));
        }
    }

    private void markDeleted(long id, long now) {
        Lineage record = tables.lineage.get(id);
        if (record != null) {
            tables.lineage.put(id, record.deleted(now));
        }
    }

    // ------------------------------------------------------------ refusals

    static Outcome.Refused refuse(Refusal code, String message) {
        return new Outcome.Refused(code, message);
    }

    static Outcome.Refused notInitialized() {
        return refuse(
                Refusal.UNAVAILABLE, "the cluster is not initialised yet: it waits for its nodes");
    }

    private Outcome.@Nullable Refused refuseNewName(String name) {
        if (!Names.isValid(name)) {
            return refuse(Refusal.BAD_REQUEST, Names.rule("volume", name));
        }
        return tables.volumeNames.contains(name)
                ? refuse(Refusal.EXISTS, "volume " + name + " already exists")
                : null;
    }

    private static Outcome.@Nullable Refused refuseSize(long size) {
        if (size <= 0 || size > Blocks.VOLUME_BYTES_MAX || !Blocks.isAligned(size)) {
            return refuse(
                    Refusal.BAD_REQUEST,
                    "a volume of "
                            + Long.toUnsignedString(size)
                            + " bytes is not possible: use a multiple of "
                            + Blocks.BLOCK_BYTES
                            + " below 8 EiB");
        }
        return null;
    }

    private static Outcome.@Nullable Refused refuseLabels(Map<String, String> labels) {
        if (labels.size() > LABELS_MAX) {
            return refuse(Refusal.BAD_REQUEST, "more than " + LABELS_MAX + " labels");
        }
        for (var label : labels.entrySet()) {
            if (label.getKey().isEmpty()
                    || label.getKey().length() > Names.LENGTH_MAX
                    || label.getValue().length() > LABEL_CHARS_MAX) {
                return refuse(
                        Refusal.BAD_REQUEST,
                        "a label's key has 1 to "
                                + Names.LENGTH_MAX
                                + " characters, its value at most "
                                + LABEL_CHARS_MAX);
            }
        }
        return null;
    }

    static Outcome.Refused noVolume(String name) {
        return refuse(Refusal.NOT_FOUND, "no volume " + shown(name));
    }

    private static Outcome.Refused noSnapshot(String volume, String snapshot) {
        return refuse(Refusal.NOT_FOUND, "no snapshot " + volume + "@" + shown(snapshot));
    }

    /// A name as a user may see it: what is no name could hold anything.
    private static String shown(String name) {
        return Names.isValid(name) ? name : "of that name";
    }
}
