package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import io.coppice.port.Marks;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Volumes and clones: made, changed, ended. Each method is one command: it checks everything, then
/// changes.
final class VolumeCommands {
    static final int CLONES_MAX = 10_000;

    private final Tables tables;
    private final ChunkMaps maps;
    private final VersionCommands versions;
    private final Lineages lineages;
    private final Quotas quotas;

    VolumeCommands(Tables tables, ChunkMaps maps, VersionCommands versions) {
        this.tables = tables;
        this.maps = maps;
        this.versions = versions;
        this.lineages = new Lineages(tables);
        this.quotas = new Quotas(tables);
    }

    // ------------------------------------------------------------ volumes

    Outcome create(Command.CreateVolume command, String owner, long now) {
        if (tables.config == null) {
            return Refusals.notInitialized();
        }
        Outcome.Refused refused = refuseNewName(command.name());
        refused = refused != null ? refused : Refusals.refuseSize(command.size());
        refused = refused != null ? refused : Refusals.refuseLabels(command.labels());
        refused =
                refused != null
                        ? refused
                        : Refusals.refuseExpiry(command.expiresMillis(), tables.used(now));
        refused = refused != null ? refused : refuseProject(command.project());
        refused = refused != null ? refused : KeyCommands.refuseKey(command.key(), tables);
        if (refused != null) {
            return refused;
        }
        Terms terms = Terms.of(command.project(), owner, now);
        refused = quotas.refuse(terms.project(), command.size());
        refused = refused != null ? refused : quotas.refuseOwn(terms.project());
        if (refused != null) {
            return refused;
        }
        Volume volume =
                Volume.made(
                        tables.nextId++,
                        command.name(),
                        command.size(),
                        MapRoot.EMPTY,
                        "",
                        now,
                        command.expiresMillis(),
                        command.labels(),
                        terms,
                        command.key());
        lineages.put(volume.id(), 0, volume.name(), false, now);
        tables.putVolume(volume);
        return new Outcome.Volumes(List.of(volume));
    }

    private Outcome.@Nullable Refused refuseProject(String name) {
        return name.isEmpty() || name.equals(Terms.PROJECT) || tables.projects.contains(name)
                ? null
                : Refusals.noProject(name);
    }

    Outcome delete(Command.DeleteVolume command, long now) {
        Volume volume = tables.deletable(command);
        if (volume == null) {
            return Refusals.noVolume(command.name());
        }
        Outcome.Refused refused = refuseDeletion(volume);
        if (refused != null) {
            return refused;
        }
        Volume detached = endAttachment(volume, now);
        if (command.now()) {
            deleteForGood(detached, now);
            return new Outcome.Volumes(List.of(detached.trashed(now)));
        }
        Volume trashed = detached.trashed(now);
        tables.putVolume(trashed);
        return new Outcome.Volumes(List.of(trashed));
    }

    Outcome.@Nullable Refused refuseDeletion(Volume volume) {
        if (volume.terms().guarded()) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume "
                            + volume.name()
                            + " is protected: use 'volume set --unprotect' first");
        }
        for (Snapshot snapshot : new TablesView(tables).snapshots(volume.id())) {
            if (snapshot.guarded()) {
                return VersionCommands.guarded(volume, snapshot);
            }
        }
        return null;
    }

    /// Removes a volume and its snapshots; their maps are reaped later. Lineage stays.
    ///
    /// @return how many they are
    int deleteForGood(Volume volume, long now) {
        List<Snapshot> snapshots = new TablesView(tables).snapshots(volume.id());
        for (Snapshot snapshot : snapshots) {
            versions.dropSnapshot(snapshot, now);
        }
        tables.removeVolume(volume);
        maps.release(volume.root());
        lineages.deleted(volume.id(), now);
        return 1 + snapshots.size();
    }

    /// The volume without its attachment, already stored if it had one.
    Volume endAttachment(Volume volume, long now) {
        Attachment attachment = tables.attachments.remove(volume.id());
        if (attachment == null) {
            return volume;
        }
        SessionEntry session = tables.sessions.get(attachment.session());
        if (session != null) {
            tables.sessions.put(session.id(), session.withoutVolume(volume.id()));
        }
        Volume broken = volume.broken(tables.used(now));
        tables.putVolume(broken);
        return broken;
    }

    Outcome restore(Command.RestoreVolume command, long now) {
        Volume volume = tables.youngestInTrash(command.name());
        if (volume == null) {
            return refuse(
                    Refusal.NOT_FOUND,
                    "no volume " + Refusals.shown(command.name()) + " in the trash");
        }
        String name = command.as().isEmpty() ? volume.name() : command.as();
        Outcome.Refused refused = refuseNewName(name);
        refused = refused != null ? refused : quotas.refuse(volume.terms().project(), volume);
        if (refused != null) {
            return refused;
        }
        Policy policy = tables.policyOfProject(volume.terms().project());
        long ttl = volume.isClone() && policy != null ? policy.ttlMaxMillis() : 0;
        Volume restored =
                volume.restored(name, tables.used(now)).expiring(ttl == 0 ? 0 : Due.plus(now, ttl));
        if (!tables.policies.contains(restored.terms().policy())) {
            restored = restored.withTerms(restored.terms().following(""));
        }
        tables.putVolume(restored);
        lineages.rename(restored.id(), name);
        return new Outcome.Volumes(List.of(restored));
    }

    Outcome resize(Command.ResizeVolume command) {
        ClusterConfig config = tables.config;
        Volume volume = tables.activeVolume(command.name());
        if (volume == null || config == null) {
            return Refusals.noVolume(command.name());
        }
        Outcome.Refused refused = Refusals.refuseSize(command.size());
        long more = command.size() - volume.size();
        refused = refused != null ? refused : quotas.refuse(volume.terms().project(), more);
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
                            + "' would end within a chunk that has data, which an attached"
                            + " client must make zeros first: use 'coppice volume resize'");
        }
        return null;
    }

    static long slots(long size, ClusterConfig config) {
        return (size - 1) / config.chunkBytes() + 1;
    }

    Outcome rename(Command.RenameVolume command) {
        Volume volume = tables.activeVolume(command.name());
        if (volume == null) {
            return Refusals.noVolume(command.name());
        }
        Outcome.Refused refused = refuseNewName(command.newName());
        if (refused != null) {
            return refused;
        }
        Volume renamed = volume.withName(command.newName());
        tables.putVolume(renamed);
        lineages.rename(renamed.id(), renamed.name());
        return new Outcome.Volumes(List.of(renamed));
    }

    // ------------------------------------------------------------ clones

    Outcome cloneVolume(Command.CreateClones command, String owner, long now) {
        Outcome.Refused refused = refusal(command, now);
        Volume source = tables.activeVolume(command.volume());
        if (refused != null || source == null) {
            return refused != null ? refused : Refusals.noVolume(command.volume());
        }
        boolean live = command.snapshot().isEmpty();
        Snapshot snapshot = live ? null : tables.snapshotOf(source.id(), command.snapshot());
        String origin = live ? source.name() : source.name() + "@" + command.snapshot();
        long parent = snapshot == null ? source.id() : snapshot.id();
        long size = snapshot == null ? source.size() : snapshot.size();
        MapRoot root = snapshot == null ? source.root() : snapshot.root();
        maps.share(root, command.names().size());
        var clones = new ArrayList<Volume>(command.names().size());
        for (String name : command.names()) {
            Volume made =
                    Volume.made(
                            tables.nextId++,
                            name,
                            size,
                            root,
                            origin,
                            now,
                            command.expiresMillis(),
                            command.labels(),
                            Terms.of(projectOf(command, source), owner, now)
                                    .confined(source.terms().confined()),
                            source.key());
            lineages.put(made.id(), parent, name, false, now);
            tables.putVolume(made);
            clones.add(made);
        }
        return new Outcome.Clones(clones, live ? List.of(versions.raise(source)) : List.of());
    }

    /// Null: it is done.
    Outcome.@Nullable Refused refusal(Command.CreateClones command, long now) {
        Volume source = tables.activeVolume(command.volume());
        if (source == null) {
            return Refusals.noVolume(command.volume());
        }
        boolean live = command.snapshot().isEmpty();
        if (!live && tables.snapshotOf(source.id(), command.snapshot()) == null) {
            return Refusals.noSnapshot(command.volume(), command.snapshot());
        }
        Outcome.Refused refused = refuseClones(command, source, now);
        refused = refused != null ? refused : refuseQuota(command, source);
        return refused == null && live
                ? VersionCommands.refuseUnsealed(source, command.seal())
                : refused;
    }

    private Outcome.@Nullable Refused refuseQuota(Command.CreateClones command, Volume source) {
        Snapshot snapshot =
                command.snapshot().isEmpty()
                        ? null
                        : tables.snapshotOf(source.id(), command.snapshot());
        int clones = command.names().size();
        long size = snapshot == null ? source.size() : snapshot.size();
        long bytes = size > Long.MAX_VALUE / clones ? Long.MAX_VALUE : size * clones;
        String project = projectOf(command, source);
        Outcome.Refused refused = quotas.refuse(project, bytes, clones, source.id());
        return refused != null ? refused : quotas.refuseOwn(project);
    }

    private static String projectOf(Command.CreateClones command, Volume source) {
        return command.project().isEmpty() ? source.terms().project() : command.project();
    }

    private Outcome.@Nullable Refused refuseClones(
            Command.CreateClones command, Volume source, long now) {
        if (command.names().isEmpty() || command.names().size() > CLONES_MAX) {
            return refuse(Refusal.BAD_REQUEST, "a command makes 1 to " + CLONES_MAX + " clones");
        }
        Outcome.Refused unfit = Refusals.refuseExpiry(command.expiresMillis(), tables.used(now));
        unfit = unfit != null ? unfit : refuseProject(command.project());
        unfit = unfit != null ? unfit : refuseTerms(command, source, now);
        unfit = unfit != null ? unfit : KeyCommands.refuseErased(source);
        if (unfit != null) {
            return unfit;
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
        return Refusals.refuseLabels(command.labels());
    }

    /// What the source and the target project ask of a clone.
    private Outcome.@Nullable Refused refuseTerms(
            Command.CreateClones command, Volume source, long now) {
        String project = projectOf(command, source);
        if (source.terms().confined() && !project.equals(source.terms().project())) {
            return refuse(
                    Refusal.NOT_ALLOWED,
                    "volume "
                            + source.name()
                            + " must not be cloned outside its project "
                            + source.terms().project());
        }
        Policy policy = tables.policyOfProject(project);
        return policy == null ? null : refuseLife(policy, project, command.expiresMillis(), now);
    }

    /// A policy may want that clones end.
    private static Outcome.@Nullable Refused refuseLife(
            Policy policy, String project, long expiresMillis, long now) {
        long most = policy.ttlMaxMillis();
        if (most == 0 || (expiresMillis != 0 && expiresMillis - now <= most)) {
            return null;
        }
        return refuse(
                Refusal.NOT_ALLOWED,
                "clones in project "
                        + project
                        + " must end within "
                        + most / 60_000
                        + " minutes (policy "
                        + policy.name()
                        + "): use --ttl");
    }

    // ------------------------------------------------------------ what is decided about a volume

    Outcome change(Command.ChangeVolume command, long now) {
        Volume volume = tables.activeVolume(command.name());
        if (volume == null) {
            return Refusals.noVolume(command.name());
        }
        Terms terms = changed(volume.terms(), command, now);
        Map<String, String> labels = new HashMap<>(volume.labels());
        command.labels()
                .forEach((key, value) -> {
                    if (value.isEmpty()) {
                        labels.remove(key);
                    } else {
                        labels.put(key, value);
                    }
                });
        Long expires = command.expiresMillis();
        Volume changed =
                volume.withTerms(terms)
                        .labelled(labels)
                        .expiring(expires == null ? volume.expiresMillis() : expires);
        Outcome.Refused refused = refuseChange(volume, changed, command, now);
        if (refused != null) {
            return refused;
        }
        tables.putVolume(changed);
        return new Outcome.Volumes(List.of(changed));
    }

    private static Terms changed(Terms terms, Command.ChangeVolume command, long now) {
        Terms changed = terms;
        Boolean guarded = command.guarded();
        Boolean confined = command.confined();
        Boolean archived = command.archived();
        String policy = command.policy();
        String project = command.project();
        changed = guarded == null ? changed : changed.guarded(guarded);
        changed = confined == null ? changed : changed.confined(confined);
        changed = policy == null ? changed : changed.following(policy);
        changed =
                project == null
                        ? changed
                        : changed.within(project.isEmpty() ? Terms.PROJECT : project);
        if (archived != null && archived != terms.archived()) {
            changed =
                    archived ? changed.archived(now, terms.usedMillis()) : changed.archived(0, now);
        }
        return changed;
    }

    private Outcome.@Nullable Refused refuseChange(
            Volume volume, Volume changed, Command.ChangeVolume command, long now) {
        Terms terms = changed.terms();
        boolean sameEnd = changed.expiresMillis() == volume.expiresMillis();
        Outcome.Refused refused =
                Refusals.refuseExpiry(changed.expiresMillis(), sameEnd ? 0 : tables.used(now));
        refused = refused != null ? refused : Refusals.refuseLabels(changed.labels());
        refused = refused != null ? refused : refuseProject(terms.project());
        if (refused != null) {
            return refused;
        }
        if (!terms.policy().isEmpty() && !tables.policies.contains(terms.policy())) {
            return Refusals.noPolicy(terms.policy());
        }
        if (volume.terms().confined()
                && terms.confined()
                && !terms.project().equals(volume.terms().project())) {
            return refuse(
                    Refusal.NOT_ALLOWED,
                    "volume " + volume.name() + " must not leave its project: it is confined");
        }
        if (!terms.project().equals(volume.terms().project())) {
            refused = quotas.refuse(terms.project(), volume);
            refused = refused != null ? refused : quotas.refuseOwn(terms.project());
            if (refused != null) {
                return refused;
            }
        }
        if (terms.archived()
                && !volume.terms().archived()
                && tables.attachments.contains(volume.id())) {
            return refuse(
                    Refusal.CONFLICT,
                    "volume " + volume.name() + " is attached and cannot be archived");
        }
        // A clone must have its end whatever is changed; one that has none since before the policy
        // may be changed otherwise.
        boolean ends =
                changed.expiresMillis() != volume.expiresMillis()
                        || !terms.project().equals(volume.terms().project())
                        || (terms.guarded() && !volume.terms().guarded());
        Policy policy = tables.policyOfProject(terms.project());
        if (!ends || policy == null || !volume.isClone()) {
            return null;
        }
        return terms.guarded() && policy.ttlMaxMillis() > 0
                ? refuse(
                        Refusal.NOT_ALLOWED,
                        "clones in project "
                                + terms.project()
                                + " must end (policy "
                                + policy.name()
                                + "), so they cannot be protected")
                : refuseLife(policy, terms.project(), changed.expiresMillis(), now);
    }

    // ------------------------------------------------------------ refusals

    private Outcome.@Nullable Refused refuseNewName(String name) {
        Outcome.Refused refused = Refusals.refuseName("volume", name);
        if (refused != null) {
            return refused;
        }
        return tables.volumeNames.contains(name)
                ? refuse(Refusal.EXISTS, "volume " + name + " already exists")
                : null;
    }
}
