package io.coppice.metadata.core;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What somebody may do with something: a set of verbs. Roles are sets that have a name, each with
/// all that the one before has.
///
/// @param bits bit i: the verb with the ordinal i
public record Rights(int bits) {
    /// In the log and in snapshots by its place here.
    public enum Verb {
        /// The data, and what is known about it.
        READ,
        /// The data: to attach a volume takes this and [#READ].
        WRITE,
        SNAPSHOT,
        /// To make clones of it: what it holds leaves by that.
        CLONE,
        /// Of a project: to make volumes in it. Of a volume: its size, name, end and labels.
        EDIT,
        DELETE,
        /// To give rights on it, and what else is nobody's but who answers for it.
        ADMINISTER;

        /// As people write it.
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        int bit() {
            return 1 << ordinal();
        }
    }

    public static final Rights NONE = new Rights(0);
    public static final Rights VIEWER = of(Verb.READ);
    public static final Rights USER = of(Verb.READ, Verb.WRITE);
    public static final Rights EDITOR =
            USER.with(of(Verb.SNAPSHOT, Verb.CLONE, Verb.EDIT, Verb.DELETE));
    public static final Rights ADMIN = of(Verb.values());

    private static final Map<String, Rights> ROLES = roles();

    public Rights {
        bits &= (1 << Verb.values().length) - 1;
    }

    private static Map<String, Rights> roles() {
        Map<String, Rights> roles = new LinkedHashMap<>();
        roles.put("viewer", VIEWER);
        roles.put("user", USER);
        roles.put("editor", EDITOR);
        roles.put("admin", ADMIN);
        return roles;
    }

    public static Rights of(Verb... verbs) {
        int bits = 0;
        for (Verb verb : verbs) {
            bits |= verb.bit();
        }
        return new Rights(bits);
    }

    /// The names of roles and verbs together; empty: one of them is neither.
    public static Optional<Rights> named(Collection<String> names) {
        Rights all = NONE;
        for (String name : names) {
            Rights one = ROLES.get(name);
            for (Verb verb : Verb.values()) {
                one = verb.text().equals(name) ? of(verb) : one;
            }
            if (one == null) {
                return Optional.empty();
            }
            all = all.with(one);
        }
        return Optional.of(all);
    }

    /// What [#named] knows, for a line to a user.
    public static String names() {
        return String.join(", ", ROLES.keySet()) + ", " + String.join(", ", ADMIN.verbs());
    }

    public boolean has(Rights other) {
        return (bits & other.bits) == other.bits;
    }

    public boolean isNone() {
        return bits == 0;
    }

    Rights with(Rights more) {
        return new Rights(bits | more.bits);
    }

    Rights without(Rights fewer) {
        return new Rights(bits & ~fewer.bits);
    }

    /// The role that this is; empty: it is none.
    public Optional<String> role() {
        return ROLES.entrySet().stream()
                .filter(role -> role.getValue().equals(this))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    public List<String> verbs() {
        var verbs = new ArrayList<String>();
        for (Verb verb : Verb.values()) {
            if ((bits & verb.bit()) != 0) {
                verbs.add(verb.text());
            }
        }
        return verbs;
    }

    /// As people write it.
    public String text() {
        return role().orElseGet(() -> String.join(",", verbs()));
    }
}
