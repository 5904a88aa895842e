package io.coppice.metadata.core;

import static io.coppice.metadata.core.Refusals.refuse;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Principals, who is in which team, and what is given to whom. Each method is one command: it
/// checks everything, then changes. Who loses a right by it loses in the same step what he holds by
/// that right.
final class PrincipalCommands {
    static final int PRINCIPALS_MAX = 100_000;
    static final int TEAMS_PER_MEMBER = 64;
    static final int GRANTS_PER_SCOPE = 1_000;

    private final Tables tables;
    private final VolumeCommands volumes;
    private final Access access;

    PrincipalCommands(Tables tables, VolumeCommands volumes, Access access) {
        this.tables = tables;
        this.volumes = volumes;
        this.access = access;
    }

    /// Those that every cluster begins with, once it knows of rights.
    void found(long now) {
        if (tables.rights.nextId == 1) {
            found(Principal.ADMIN, Principal.Kind.PERSON, Rights.ADMIN, now);
            found(Principal.GATEWAY, Principal.Kind.SERVICE, Rights.USER, now);
        }
    }

    private void found(String name, Principal.Kind kind, Rights rights, long now) {
        Principal made = make(name, kind, now);
        tables.rights.grants.put(new RightsTables.GrantKey(Grant.Scope.CLUSTER, made.id()), rights);
    }

    private Principal make(String name, Principal.Kind kind, long now) {
        var made = new Principal(tables.rights.nextId++, name, kind, List.of(), now);
        tables.rights.put(made);
        return made;
    }

    // ------------------------------------------------------------ principals

    Outcome create(Command.CreatePrincipal command, long now) {
        Outcome.Refused refused = refuseNewName(command.name());
        if (refused != null) {
            return refused;
        }
        if (tables.rights.principals.size() >= PRINCIPALS_MAX) {
            return refuse(Refusal.NO_SPACE, "more than " + PRINCIPALS_MAX + " principals");
        }
        make(command.name(), command.kind(), now);
        return new Outcome.RightsChanged(List.of());
    }

    private Outcome.@Nullable Refused refuseNewName(String name) {
        Outcome.Refused refused = Refusals.refuseName("principal", name);
        if (refused != null) {
            return refused;
        }
        return tables.rights.principal(name) == null
                ? null
                : refuse(Refusal.EXISTS, "principal " + name + " already exists");
    }

    Outcome delete(Command.DeletePrincipal command, long now) {
        Principal principal = tables.rights.principal(command.name());
        if (principal == null) {
            return noPrincipal(command.name());
        }
        Outcome.Refused refused = refuseFirst(principal);
        if (refused != null) {
            return refused;
        }
        for (Principal member : tables.rights.principals.values()) {
            if (member.teams().contains(principal.id())) {
                tables.rights.put(member.within(without(member.teams(), principal.id())));
            }
        }
        tables.rights.remove(principal);
        return changed(now);
    }

    /// A name is how a certificate is known here: under the other one nobody has a session yet.
    Outcome rename(Command.RenamePrincipal command, long now) {
        Principal principal = tables.rights.principal(command.name());
        if (principal == null) {
            return noPrincipal(command.name());
        }
        Outcome.Refused refused = refuseFirst(principal);
        refused = refused != null ? refused : refuseNewName(command.newName());
        if (refused != null) {
            return refused;
        }
        tables.rights.removeName(principal);
        tables.rights.put(principal.named(command.newName()));
        return ended(session -> session.principal() == principal.id(), now);
    }

    /// Without the first administrator a cluster could come to belong to nobody.
    private Outcome.@Nullable Refused refuseFirst(Principal principal) {
        return principal.name().equals(Principal.ADMIN)
                ? refuse(
                        Refusal.CONFLICT,
                        "principal "
                                + Principal.ADMIN
                                + " stays: revoke its certificate if nobody is to use it")
                : null;
    }

    private static Outcome.Refused noPrincipal(String name) {
        return refuse(Refusal.NOT_FOUND, "no principal " + Refusals.shown(name));
    }

    // ------------------------------------------------------------ teams

    Outcome change(Command.ChangeTeam command, long now) {
        Principal team = tables.rights.principal(command.team());
        Principal member = tables.rights.principal(command.member());
        if (team == null || team.kind() != Principal.Kind.TEAM) {
            return refuse(Refusal.NOT_FOUND, "no team " + Refusals.shown(command.team()));
        }
        if (member == null) {
            return noPrincipal(command.member());
        }
        if (member.kind() == Principal.Kind.TEAM) {
            return refuse(Refusal.BAD_REQUEST, "team " + member.name() + " cannot be in a team");
        }
        List<Long> teams = without(member.teams(), team.id());
        if (command.leaves()) {
            tables.rights.put(member.within(teams));
            return changed(now);
        }
        if (teams.size() >= TEAMS_PER_MEMBER) {
            return refuse(
                    Refusal.NO_SPACE,
                    "principal "
                            + member.name()
                            + " is in "
                            + TEAMS_PER_MEMBER
                            + " teams: more are not possible");
        }
        teams.add(team.id());
        teams.sort(Long::compare);
        tables.rights.put(member.within(teams));
        return new Outcome.RightsChanged(List.of());
    }

    private static List<Long> without(List<Long> ids, long id) {
        var others = new ArrayList<>(ids);
        others.remove(Long.valueOf(id));
        return others;
    }

    // ------------------------------------------------------------ grants

    /// Whoever makes a volume may use, change and delete it; more is the project's to give.
    void own(long principal, List<Volume> made) {
        for (Volume volume : principal == 0 ? List.<Volume>of() : made) {
            var scope = Grant.Scope.ofVolume(volume.id());
            tables.rights.grants.put(new RightsTables.GrantKey(scope, principal), Rights.EDITOR);
        }
    }

    Outcome change(Command.ChangeGrant command, long now) {
        Principal principal = tables.rights.principal(command.principal());
        Grant.Scope scope = tables.scope(command.project(), command.volume());
        if (principal == null) {
            return noPrincipal(command.principal());
        }
        if (scope == null) {
            return command.volume().isEmpty()
                    ? Refusals.noProject(command.project())
                    : Refusals.noVolume(command.volume());
        }
        if (command.rights().isNone()) {
            return refuse(Refusal.BAD_REQUEST, "say which rights: " + Rights.names());
        }
        var key = new RightsTables.GrantKey(scope, principal.id());
        Rights before = tables.rights.grants.get(key);
        Rights had = before == null ? Rights.NONE : before;
        return command.revoked()
                ? revoke(principal, key, had.without(command.rights()), now)
                : give(key, before, had.with(command.rights()));
    }

    private Outcome give(RightsTables.GrantKey key, @Nullable Rights before, Rights now) {
        if (before == null && tables.rights.grantsOn(key.scope()).size() >= GRANTS_PER_SCOPE) {
            return refuse(
                    Refusal.NO_SPACE,
                    "rights are given to "
                            + GRANTS_PER_SCOPE
                            + " principals there: give them to a team");
        }
        tables.rights.grants.put(key, now);
        return new Outcome.RightsChanged(List.of());
    }

    private Outcome revoke(Principal principal, RightsTables.GrantKey key, Rights left, long now) {
        if (principal.name().equals(Principal.ADMIN)
                && key.scope().equals(Grant.Scope.CLUSTER)
                && !left.equals(Rights.ADMIN)) {
            return refuse(
                    Refusal.CONFLICT,
                    "principal "
                            + Principal.ADMIN
                            + " keeps its rights: revoke its certificate if nobody is to use it");
        }
        if (left.isNone()) {
            tables.rights.grants.remove(key);
        } else {
            tables.rights.grants.put(key, left);
        }
        return changed(now);
    }

    // ------------------------------------------------------------ what is held by a right

    private Outcome changed(long now) {
        return ended(_ -> false, now);
    }

    /// @param over sessions whose attachments end whatever rights their principals have
    private Outcome ended(Predicate<SessionEntry> over, long now) {
        var ended = new ArrayList<Attachment>();
        for (Attachment held : tables.attachments.values()) {
            SessionEntry session = tables.sessions.get(held.session());
            if (session != null && (over.test(session) || isLost(session, held))) {
                end(held, now);
                ended.add(held);
            }
        }
        return new Outcome.RightsChanged(ended);
    }

    private boolean isLost(SessionEntry session, Attachment held) {
        return session.principal() != 0 && !access.mayHold(session.principal(), held.volume());
    }

    private void end(Attachment held, long now) {
        Volume volume = tables.volumes.get(held.volume());
        if (volume != null) {
            volumes.endAttachment(volume, now);
        }
    }

    /// A volume whose project changed may be out of its holder's reach.
    Outcome moved(Outcome outcome, long now) {
        if (outcome instanceof Outcome.Volumes done) {
            for (Volume volume : done.volumes()) {
                Attachment held = tables.attachments.get(volume.id());
                SessionEntry session = held == null ? null : tables.sessions.get(held.session());
                if (held != null && session != null && isLost(session, held)) {
                    end(held, now);
                }
            }
        }
        return outcome;
    }
}
