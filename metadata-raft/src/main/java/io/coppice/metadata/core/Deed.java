package io.coppice.metadata.core;

import static java.util.Locale.ROOT;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A command as the audit log tells of it.
///
/// @param action what, in one or two words
/// @param target of it, by name
record Deed(String action, String target, String detail) {
    private static final int NAMES_MAX = 10;

    /// Before it is done; null: it is housekeeping, or too frequent to be told of.
    static @Nullable Deed of(Stamped stamped, MetadataView view) {
        return switch (stamped.command()) {
            case Command.CreateVolume it ->
                    new Deed(
                            "create volume",
                            it.name(),
                            "size " + it.size() + in(it.project()) + key(it.key()));
            case Command.RekeyVolume it -> new Deed("change key", it.name(), key(it.key()).strip());
            case Command.EraseKey it -> new Deed("erase key", it.name(), "");
            case Command.DeleteVolume it ->
                    new Deed("delete volume", it.name(), it.now() ? "for good" : "into the trash");
            case Command.RestoreVolume it ->
                    new Deed("restore volume", it.name(), it.as().isEmpty() ? "" : "as " + it.as());
            case Command.ResizeVolume it -> new Deed("resize volume", it.name(), "to " + it.size());
            case Command.RenameVolume it ->
                    new Deed("rename volume", it.name(), "to " + it.newName());
            case Command.ChangeVolume it -> new Deed("change volume", it.name(), changes(it));
            case Command.CreateSnapshots it ->
                    it.cuts().isEmpty() ? null : new Deed("create snapshot", cuts(it), made(it));
            case Command.DeleteSnapshot it ->
                    new Deed("delete snapshot", it.volume() + "@" + it.snapshot(), "");
            case Command.ChangeSnapshot it ->
                    new Deed("change snapshot", it.volume() + "@" + it.snapshot(), changes(it));
            case Command.RollbackVolume it ->
                    new Deed("roll back volume", it.volume(), "to @" + it.snapshot());
            case Command.ResetVolume it ->
                    new Deed("reset volume", it.volume(), "to " + source(it, view));
            case Command.SwapVolumes it -> new Deed("swap volumes", it.one(), "with " + it.other());
            case Command.CreateClones it ->
                    new Deed(
                            "clone",
                            it.volume() + (it.snapshot().isEmpty() ? "" : "@" + it.snapshot()),
                            "as " + names(it.names()) + in(it.project()));
            case Command.PutPolicy it ->
                    new Deed("set policy", it.policy().name(), it.policy().text());
            case Command.DeletePolicy it -> new Deed("delete policy", it.name(), "");
            case Command.PutProject it ->
                    new Deed("set project", it.name(), "policy '" + it.policy() + "'");
            case Command.PutQuota it -> new Deed("set quota", it.project(), it.quota().text());
            case Command.DeleteProject it -> new Deed("delete project", it.name(), "");
            case Command.RevokeCertificate it ->
                    new Deed("revoke certificate", it.name(), "serial " + it.serial());
            case Command.CreatePrincipal it ->
                    new Deed("create principal", it.name(), it.kind().name().toLowerCase(ROOT));
            case Command.DeletePrincipal it -> new Deed("delete principal", it.name(), "");
            case Command.RenamePrincipal it ->
                    new Deed("rename principal", it.name(), "to " + it.newName());
            case Command.ChangeTeam it ->
                    new Deed(
                            it.leaves() ? "leave team" : "join team",
                            it.team(),
                            "principal " + it.member());
            case Command.ChangeGrant it ->
                    new Deed(
                            it.revoked() ? "revoke rights" : "grant rights",
                            it.principal(),
                            it.rights().text() + " on " + place(it));
            case Command.Attach it -> new Deed("attach volume", it.volume(), "");
            case Command.Detach it ->
                    view.attachment(it.volume())
                            .filter(held ->
                                    held.session() == stamped.session()
                                            && held.fence() == it.fence())
                            .flatMap(held -> view.volume(held.volume()))
                            .map(volume -> new Deed("detach volume", volume.name(), ""))
                            .orElse(null);
            case Command.BreakAttachment it -> new Deed("break attachment", it.volume(), "");
            case Command.InitializeCluster it ->
                    new Deed("initialize cluster", it.config().cluster(), "");
            case Command.RotateAccessKey it ->
                    new Deed("rotate access key", "number " + it.key().number(), "");
            case Command.DrainNode it ->
                    new Deed(it.draining() ? "drain node" : "cancel drain", it.node(), "");
            case Command.RemoveNode it -> new Deed("remove node", it.node(), "");
            case Command.Note _,
                    Command.RaiseGeneration _,
                    Command.OpenSession _,
                    Command.CloseSession _,
                    Command.LeaseChunkIds _,
                    Command.Flip _,
                    Command.AbandonChunks _,
                    Command.RegisterNode _,
                    Command.NodeLost _,
                    Command.ReplicaSynced _,
                    Command.ReplicaFailed _,
                    Command.ElectLast _,
                    Command.MovePrimary _,
                    Command.AddReplica _,
                    Command.DropReplica _,
                    Command.ChunksPurged _,
                    Command.ReapStep _,
                    Command.RunDue _,
                    Command.PurgeTrash _,
                    Command.RecordUsage _,
                    Command.RaiseFormat _ ->
                    null;
        };
    }

    /// A command that is only told of when somebody had no right to it.
    static Deed unusual(Command command) {
        String name = command.getClass().getSimpleName();
        return new Deed(name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(ROOT), "", "");
    }

    /// What asks for a retry was not judged yet, and what was done before is told already.
    void record(Stamped stamped, Outcome outcome, AuditLog log) {
        String refusal = "";
        if (outcome instanceof Outcome.Refused refused) {
            if (refused.code() == Refusal.STALE || refused.code() == Refusal.UNAVAILABLE) {
                return;
            }
            refusal = refused.message();
        } else if (outcome instanceof Outcome.Snapshots cut && cut.snapshots().isEmpty()) {
            return;
        }
        log.tell(
                Math.max(1, stamped.wallMillis()),
                stamped.principal(),
                stamped.from(),
                action,
                target,
                detail,
                refusal);
    }

    private static String in(String project) {
        return project.isEmpty() ? "" : " in project " + project;
    }

    private static String place(Command.ChangeGrant it) {
        if (!it.volume().isEmpty()) {
            return "volume " + it.volume();
        }
        return it.project().isEmpty() ? "the cluster" : "project " + it.project();
    }

    private static String key(@Nullable VolumeKey key) {
        return key == null
                ? ""
                : " data key " + key.id() + " wrapped with " + key.name() + " " + key.wrappedBy();
    }

    private static String names(List<String> names) {
        String some = String.join(" ", names.subList(0, Math.min(NAMES_MAX, names.size())));
        return names.size() <= NAMES_MAX
                ? some
                : some + " and " + (names.size() - NAMES_MAX) + " more";
    }

    private static String cuts(Command.CreateSnapshots it) {
        return names(it.cuts().stream().map(cut -> cut.volume() + "@" + cut.snapshot()).toList());
    }

    private static String made(Command.CreateSnapshots it) {
        Command.Scheduled by = it.scheduled();
        return by == null ? "" : "policy " + by.policy() + "/" + by.rule();
    }

    private static String source(Command.ResetVolume it, MetadataView view) {
        String from = view.volume(it.from()).map(Volume::name).orElse("id " + it.from());
        return it.snapshot().isEmpty() ? from : from + "@" + it.snapshot();
    }

    private static String changes(Command.ChangeVolume it) {
        return said("expires", it.expiresMillis())
                + said("protected", it.guarded())
                + said("confined", it.confined())
                + said("archived", it.archived())
                + said("policy", it.policy())
                + said("project", it.project())
                + it.labels().entrySet().stream()
                        .sorted(java.util.Map.Entry.comparingByKey())
                        .map(label -> said("label " + label.getKey(), label.getValue()))
                        .collect(Collectors.joining());
    }

    private static String changes(Command.ChangeSnapshot it) {
        return said("expires", it.expiresMillis()) + said("protected", it.guarded());
    }

    private static String said(String what, @Nullable Object value) {
        return value == null ? "" : what + "=" + value + " ";
    }
}
