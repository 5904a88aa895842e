package io.coppice.metadata.server;

import io.coppice.metadata.core.Caller;
import io.coppice.metadata.core.Grant;
import io.coppice.metadata.core.MetadataView;
import io.coppice.metadata.core.Principal;
import io.coppice.metadata.core.Rights;
import io.coppice.metadata.core.Volume;
import io.coppice.metadata.raft.RightsCodec;
import io.coppice.wire.pb.CallerInfo;
import io.coppice.wire.pb.GrantInfo;
import io.coppice.wire.pb.PrincipalInfo;
import io.coppice.wire.pb.QueryResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/// Who there is, and what is given to whom: as much of it as the caller may know. Administrators of
/// the cluster know all of it; others what concerns themselves, and what is given on what they
/// administer.
final class RightsQueries {
    private static final Rights ADMINISTER = Rights.of(Rights.Verb.ADMINISTER);

    private RightsQueries() {}

    // ------------------------------------------------------------ principals

    static void principals(MetadataView view, Caller caller, QueryResponse.Builder response) {
        boolean all = administers(view, caller, Grant.Scope.CLUSTER);
        Set<Long> own = concerned(view, caller);
        Map<Long, List<String>> members = members(view);
        for (Principal principal : view.principals()) {
            if (all || own.contains(principal.id())) {
                response.addPrincipals(
                        info(view, principal)
                                .addAllMembers(
                                        all
                                                ? members.getOrDefault(principal.id(), List.of())
                                                : List.of()));
            }
        }
    }

    private static Map<Long, List<String>> members(MetadataView view) {
        Map<Long, List<String>> members = new HashMap<>();
        for (Principal principal : view.principals()) {
            for (long team : principal.teams()) {
                members.computeIfAbsent(team, _ -> new ArrayList<>()).add(principal.name());
            }
        }
        return members;
    }

    private static PrincipalInfo.Builder info(MetadataView view, Principal principal) {
        var info =
                PrincipalInfo.newBuilder()
                        .setName(principal.name())
                        .setKind(RightsCodec.encode(principal.kind()))
                        .setCreatedMillis(principal.createdMillis());
        principal
                .teams()
                .forEach(id -> view.principal(id).ifPresent(it -> info.addTeams(it.name())));
        return info;
    }

    private static boolean administers(MetadataView view, Caller caller, Grant.Scope scope) {
        return view.rights(caller, scope).has(ADMINISTER);
    }

    /// Ids of the caller and of its teams.
    private static Set<Long> concerned(MetadataView view, Caller caller) {
        Set<Long> own = new TreeSet<>();
        view.principal(caller)
                .ifPresent(known -> {
                    own.add(known.id());
                    own.addAll(known.teams());
                });
        return own;
    }

    // ------------------------------------------------------------ grants

    /// In parts of so many rows.
    static void grants(MetadataView view, Caller caller, int rows, Consumer<QueryResponse> each) {
        boolean all = administers(view, caller, Grant.Scope.CLUSTER);
        Set<Long> own = concerned(view, caller);
        var part = QueryResponse.newBuilder();
        for (Grant grant : view.grants()) {
            if (all
                    || own.contains(grant.principal())
                    || administers(view, caller, grant.scope())) {
                info(view, grant).ifPresent(part::addGrants);
            }
            if (part.getGrantsCount() >= rows) {
                each.accept(part.build());
                part.clear();
            }
        }
        each.accept(part.build());
    }

    private static Optional<GrantInfo> info(MetadataView view, Grant grant) {
        long volume = grant.scope().volume();
        return view.principal(grant.principal())
                .map(principal ->
                        GrantInfo.newBuilder()
                                .setPrincipal(principal.name())
                                .setKind(RightsCodec.encode(principal.kind()))
                                .setProject(grant.scope().project())
                                .setVolume(view.volume(volume).map(Volume::name).orElse(""))
                                .setRole(grant.rights().role().orElse(""))
                                .addAllVerbs(grant.rights().verbs())
                                .build());
    }

    // ------------------------------------------------------------ the caller

    static CallerInfo caller(MetadataView view, Caller caller) {
        Rights rights = view.rights(caller, Grant.Scope.CLUSTER);
        var info =
                CallerInfo.newBuilder()
                        .setName(caller.name())
                        .setFrom(caller.address())
                        .setAuthenticated(view.isChecked(caller))
                        .setRole(rights.role().orElse(""))
                        .addAllVerbs(rights.verbs());
        view.principal(caller).ifPresent(known -> info.setPrincipal(info(view, known)));
        return info.build();
    }
}
