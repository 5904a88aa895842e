package io.coppice.model;

import java.util.regex.Pattern;

/// What a volume or snapshot may be called: 1 to 128 letters, digits, `.`, `_`, `-`, `/`, starting
/// with a letter or digit. `@` separates a volume from its snapshot, so it is in neither.
public final class Names {
    public static final int LENGTH_MAX = 128;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,127}");

    private Names() {}

    public static boolean isValid(String name) {
        return NAME.matcher(name).matches() && !name.endsWith("/") && !name.contains("//");
    }

    /// Why a name is refused, for one line to a user.
    public static String rule(String what, String name) {
        return "invalid "
                + what
                + " name '"
                + printable(name)
                + "': use 1 to 128 letters, digits, '.', '_', '-' or '/',"
                + " starting with a letter or digit";
    }

    private static String printable(String name) {
        String shown = name.length() > 40 ? name.substring(0, 40) + "..." : name;
        return shown.replaceAll("\\p{C}", "?");
    }
}
