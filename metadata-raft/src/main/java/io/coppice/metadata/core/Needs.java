package io.coppice.metadata.core;

import static io.coppice.metadata.core.Rights.Verb.ADMINISTER;
import static io.coppice.metadata.core.Rights.Verb.CLONE;
import static io.coppice.metadata.core.Rights.Verb.DELETE;
import static io.coppice.metadata.core.Rights.Verb.EDIT;
import static io.coppice.metadata.core.Rights.Verb.READ;
import static io.coppice.metadata.core.Rights.Verb.SNAPSHOT;
import static io.coppice.metadata.core.Rights.Verb.WRITE;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which rights a command takes: the table of them, for one caller. What does not exist takes none:
/// the command itself says that it is not there.
final class Needs {
    private final Tables tables;
    private final Access access;
    private final Caller caller;
    private final Principal who;

    private Needs(Tables tables, Access access, Caller caller, Principal who) {
        this.tables = tables;
        this.access = access;
        this.caller = caller;
        this.who = who;
    }

    /// Null: the caller may have that done.
    static Outcome.@Nullable Refused refusal(Tables tables, Caller caller, Command command) {
        var access = new Access(tables);
        if (caller.proven() && tables.config == null) {
            return refuseEarly(access, caller, command);
        }
        if (!access.isChecked(caller)) {
            return null;
        }
        Principal who = access.of(caller);
        return who == null
                ? Access.unknown(caller)
                : new Needs(tables, access, caller, who).refusal(command);
    }

    /// Who opens a session is not known yet, so it is not opened.
    private static Outcome.@Nullable Refused refuseEarly(
            Access access, Caller caller, Command command) {
        if (!(command instanceof Command.InitializeCluster)) {
            return Refusals.notInitialized();
        }
        return access.rights(caller, Grant.Scope.CLUSTER).has(Rights.ADMIN)
                ? null
                : Refusals.refuse(
                        Refusal.NOT_ALLOWED,
                        "only " + Principal.ADMIN + " makes a cluster, not " + caller.name());
    }

    private Outcome.@Nullable Refused refusal(Command command) {
        return switch (command) {
            case Command.InitializeCluster _ -> cluster(ADMINISTER);
            case Command.CreateVolume it -> project(it.project(), EDIT);
            case Command.DeleteVolume it -> volume(tables.deletable(it), DELETE);
            case Command.RestoreVolume it -> volume(tables.youngestInTrash(it.name()), DELETE);
            case Command.ResizeVolume it -> volume(it.name(), EDIT);
            case Command.RenameVolume it -> volume(it.name(), EDIT);
            case Command.ChangeVolume it -> both(change(it), arrival(it));
            case Command.CreateSnapshots it -> cuts(it);
            case Command.DeleteSnapshot it -> volume(it.volume(), DELETE);
            case Command.ChangeSnapshot it -> volume(it.volume(), EDIT);
            case Command.RollbackVolume it -> volume(it.volume(), WRITE);
            case Command.ResetVolume it -> reset(it);
            case Command.SwapVolumes it ->
                    both(volume(it.one(), WRITE, CLONE), volume(it.other(), WRITE, CLONE));
            case Command.CreateClones it -> clones(it);
            case Command.RekeyVolume it -> volume(it.name(), ADMINISTER);
            case Command.EraseKey it -> erasure(it.name());
            case Command.Attach it -> volume(it.volume(), READ, WRITE);
            case Command.BreakAttachment it -> breaking(it);
            case Command.ChangeGrant it -> grant(it);
            case Command.OpenSession it -> access.refusal(caller, it.session());
            case Command.Detach _,
                    Command.LeaseChunkIds _,
                    Command.Flip _,
                    Command.AbandonChunks _ ->
                    null; // what is not the session's they do not touch
            case Command.PutPolicy _,
                    Command.DeletePolicy _,
                    Command.PutProject _,
                    Command.DeleteProject _,
                    Command.PutQuota _,
                    Command.DrainNode _,
                    Command.RemoveNode _,
                    Command.CreatePrincipal _,
                    Command.DeletePrincipal _,
                    Command.RenamePrincipal _,
                    Command.ChangeTeam _,
                    Command.RevokeCertificate _,
                    Command.RotateAccessKey _ ->
                    cluster(ADMINISTER);
            case Command.RaiseFormat _,
                    Command.RaiseGeneration _,
                    Command.Note _,
                    Command.RecordUsage _,
                    Command.CloseSession _,
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
                    Command.PurgeTrash _ ->
                    Refusals.refuse(
                            Refusal.NOT_ALLOWED, "only servers of the cluster have that done");
        };
    }

    // ------------------------------------------------------------ those with conditions

    /// What decides over others takes more.
    private Outcome.@Nullable Refused change(Command.ChangeVolume it) {
        boolean governs = it.confined() != null || it.policy() != null || it.project() != null;
        boolean edits =
                it.expiresMillis() != null
                        || it.guarded() != null
                        || it.archived() != null
                        || !it.labels().isEmpty();
        return both(
                governs ? volume(it.name(), ADMINISTER) : null,
                edits || !governs ? volume(it.name(), EDIT) : null);
    }

    /// In another project it is as a new one there.
    private Outcome.@Nullable Refused arrival(Command.ChangeVolume it) {
        String project = it.project();
        return project == null ? null : project(project, EDIT);
    }

    private Outcome.@Nullable Refused cuts(Command.CreateSnapshots it) {
        if (it.scheduled() != null) {
            return cluster(ADMINISTER);
        }
        for (Command.SnapshotCut cut : it.cuts()) {
            Outcome.Refused refused = volume(cut.volume(), SNAPSHOT);
            if (refused != null) {
                return refused;
            }
        }
        return null;
    }

    /// What another volume holds gets to everybody who reads this one.
    private Outcome.@Nullable Refused reset(Command.ResetVolume it) {
        Volume volume = tables.activeVolume(it.volume());
        Volume from = tables.volumes.get(it.from());
        boolean own = volume != null && from != null && volume.id() == from.id();
        Outcome.Refused refused =
                it.keep().isEmpty()
                        ? volume(it.volume(), WRITE)
                        : volume(it.volume(), WRITE, SNAPSHOT);
        return both(refused, own ? null : volume(from, CLONE));
    }

    /// Nobody can read the data afterwards.
    private Outcome.@Nullable Refused erasure(String name) {
        Volume volume = tables.activeVolume(name);
        return volume(volume == null ? tables.youngestInTrash(name) : volume, DELETE, ADMINISTER);
    }

    private Outcome.@Nullable Refused clones(Command.CreateClones it) {
        Volume source = tables.activeVolume(it.volume());
        if (source == null) {
            return null;
        }
        String target = it.project().isEmpty() ? source.terms().project() : it.project();
        return both(volume(source, CLONE), project(target, EDIT));
    }

    /// Of one's own it takes no more than to make another.
    private Outcome.@Nullable Refused breaking(Command.BreakAttachment it) {
        Volume volume = tables.activeVolume(it.volume());
        Attachment held = volume == null ? null : tables.attachments.get(volume.id());
        SessionEntry session = held == null ? null : tables.sessions.get(held.session());
        boolean own = session != null && session.principal() == who.id();
        return volume(volume, own ? WRITE : ADMINISTER);
    }

    /// Nobody gives what he has not.
    private Outcome.@Nullable Refused grant(Command.ChangeGrant it) {
        Grant.Scope scope = tables.scope(it.project(), it.volume());
        if (scope == null) {
            return null;
        }
        Rights wanted = it.revoked() ? Rights.NONE : it.rights();
        return on(scope, it.volume(), Rights.of(ADMINISTER).with(wanted));
    }

    // ------------------------------------------------------------ rights on something

    private static Outcome.@Nullable Refused both(
            Outcome.@Nullable Refused one, Outcome.@Nullable Refused other) {
        return one != null ? one : other;
    }

    private Outcome.@Nullable Refused volume(String name, Rights.Verb... verbs) {
        return volume(tables.activeVolume(name), verbs);
    }

    private Outcome.@Nullable Refused volume(@Nullable Volume volume, Rights.Verb... verbs) {
        return volume == null
                ? null
                : on(Grant.Scope.ofVolume(volume.id()), volume.name(), Rights.of(verbs));
    }

    private Outcome.@Nullable Refused project(String name, Rights.Verb verb) {
        return on(Grant.Scope.ofProject(name), "", Rights.of(verb));
    }

    private Outcome.@Nullable Refused cluster(Rights.Verb verb) {
        return on(Grant.Scope.CLUSTER, "", Rights.of(verb));
    }

    private Outcome.@Nullable Refused on(Grant.Scope scope, String volume, Rights wanted) {
        Rights missing = wanted.without(access.rights(who, scope));
        return missing.isNone() ? null : refuse(who.name(), scope, volume, missing);
    }

    /// @param volume its name, when the scope is one
    static Outcome.Refused refuse(String who, Grant.Scope scope, String volume, Rights missing) {
        List<String> verbs = missing.verbs();
        boolean ofVolume = scope.volume() != 0;
        boolean ofProject = !ofVolume && !scope.project().isEmpty();
        String target =
                ofVolume
                        ? "volume " + volume
                        : ofProject ? "project " + Refusals.shown(scope.project()) : "the cluster";
        String option =
                ofVolume
                        ? "--volume " + volume
                        : ofProject
                                ? "--project " + Refusals.shown(scope.project())
                                : "--everywhere";
        return Refusals.refuse(
                Refusal.NOT_ALLOWED,
                who
                        + " has no right to "
                        + String.join(" and ", verbs)
                        + " "
                        + target
                        + ": who administers it can give it with 'role grant "
                        + String.join(",", verbs)
                        + " "
                        + who
                        + " "
                        + option
                        + "'");
    }
}
