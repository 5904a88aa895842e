package io.coppice.metadata.core;

import org.jspecify.annotations.Nullable;

/// Who may do what, from what is given. Reads only.
///
/// Rights add up: on a volume somebody has what is given on the volume, on its project and on the
/// cluster, to it or to a team that it is in. Nothing else gives rights: what a volume was cloned
/// from does not.
final class Access {
    private final Tables tables;

    Access(Tables tables) {
        this.tables = tables;
    }

    /// Whether the caller may only do what it has rights for.
    boolean isChecked(Caller caller) {
        return caller.proven() && tables.understands(2);
    }

    /// Before there is a cluster there are no rights, and only the first administrator makes one.
    private boolean isEarly(Caller caller) {
        return caller.proven() && tables.config == null && !caller.name().equals(Principal.ADMIN);
    }

    /// Null: the cluster does not know the caller.
    @Nullable Principal of(Caller caller) {
        Principal known = caller.proven() ? tables.rights.principal(caller.name()) : null;
        return known == null || known.kind() == Principal.Kind.TEAM ? null : known;
    }

    /// Id of who calls; 0: nobody who is authenticated and known.
    long idOf(Caller caller) {
        Principal known = isChecked(caller) ? of(caller) : null;
        return known == null ? 0 : known.id();
    }

    Rights rights(Caller caller, Grant.Scope scope) {
        if (!isChecked(caller)) {
            return isEarly(caller) ? Rights.EDITOR : Rights.ADMIN;
        }
        Principal known = of(caller);
        return known == null ? Rights.NONE : rights(known, scope);
    }

    Rights rights(Principal who, Grant.Scope scope) {
        Rights all = given(who, Grant.Scope.CLUSTER).with(given(who, scope));
        Volume volume = scope.volume() == 0 ? null : tables.volumes.get(scope.volume());
        return volume == null
                ? all
                : all.with(given(who, Grant.Scope.ofProject(volume.terms().project())));
    }

    private Rights given(Principal who, Grant.Scope scope) {
        Rights all = at(scope, who.id());
        for (long team : who.teams()) {
            all = all.with(at(scope, team));
        }
        return all;
    }

    private Rights at(Grant.Scope scope, long principal) {
        Rights given = tables.rights.grants.get(new RightsTables.GrantKey(scope, principal));
        return given == null ? Rights.NONE : given;
    }

    /// Whether who opened a session may still hold a volume.
    boolean mayHold(long principal, long volume) {
        Principal who = tables.rights.principals.get(principal);
        return who != null && rights(who, Grant.Scope.ofVolume(volume)).has(Rights.USER);
    }

    /// Null: the caller may act in a session. One that somebody else opened is not the caller's,
    /// whatever number it names.
    Outcome.@Nullable Refused refusal(Caller caller, long session) {
        if (!isChecked(caller)) {
            return null;
        }
        Principal who = of(caller);
        SessionEntry entry = tables.sessions.get(session);
        if (who == null) {
            return unknown(caller);
        }
        return entry == null || entry.principal() == who.id()
                ? null
                : Refusals.refuse(
                        Refusal.NOT_ALLOWED,
                        "the session was not opened by " + who.name() + ": open another one");
    }

    static Outcome.Refused unknown(Caller caller) {
        return Refusals.refuse(
                Refusal.NOT_ALLOWED,
                "the cluster knows no principal "
                        + Refusals.shown(caller.name())
                        + ": an administrator can make it with 'principal create'");
    }
}
