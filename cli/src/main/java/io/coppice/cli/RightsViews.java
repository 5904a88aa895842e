package io.coppice.cli;

import io.coppice.wire.pb.CallerInfo;
import io.coppice.wire.pb.GrantInfo;
import io.coppice.wire.pb.PrincipalInfo;
import io.coppice.wire.pb.PrincipalKind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// As [Views], of principals and rights.
final class RightsViews {
    private RightsViews() {}

    static Map<String, Object> principal(PrincipalInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", info.getName());
        view.put("kind", kind(info.getKind()));
        view.put("teams", List.copyOf(info.getTeamsList()));
        view.put("created", Views.time(info.getCreatedMillis()));
        return Views.complete(view);
    }

    static Map<String, Object> team(PrincipalInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", info.getName());
        view.put("members", List.copyOf(info.getMembersList()));
        view.put("created", Views.time(info.getCreatedMillis()));
        return Views.complete(view);
    }

    static Map<String, Object> grant(GrantInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("principal", info.getPrincipal());
        view.put("kind", kind(info.getKind()));
        view.put("project", Views.orNull(info.getProject()));
        view.put("volume", Views.orNull(info.getVolume()));
        view.put("role", Views.orNull(info.getRole()));
        view.put("rights", List.copyOf(info.getVerbsList()));
        return Views.complete(view);
    }

    static Map<String, Object> caller(CallerInfo info) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", info.getName());
        view.put("from", info.getFrom());
        view.put("authenticated", info.getAuthenticated());
        view.put("known", info.hasPrincipal());
        view.put("kind", info.hasPrincipal() ? kind(info.getPrincipal().getKind()) : null);
        view.put("teams", List.copyOf(info.getPrincipal().getTeamsList()));
        view.put("role", Views.orNull(info.getRole()));
        view.put("rights", List.copyOf(info.getVerbsList()));
        return Views.complete(view);
    }

    static String kind(PrincipalKind kind) {
        return switch (kind) {
            case PRINCIPAL_SERVICE -> "service";
            case PRINCIPAL_TEAM -> "team";
            case PRINCIPAL_PERSON, UNRECOGNIZED -> "person";
        };
    }

    /// What rights are on, for a person.
    static String target(GrantInfo info) {
        if (!info.getVolume().isEmpty()) {
            return "volume " + info.getVolume();
        }
        return info.getProject().isEmpty() ? "everything" : "project " + info.getProject();
    }

    /// The role, or the verbs one by one.
    static String rights(String role, List<String> verbs) {
        return role.isEmpty() ? verbs.isEmpty() ? "-" : String.join(",", verbs) : role;
    }
}
