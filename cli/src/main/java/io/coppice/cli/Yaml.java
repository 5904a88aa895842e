package io.coppice.cli;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Plain data (maps, lists, strings, numbers, booleans, null) as YAML 1.2 text in block style.
final class Yaml {
    /// Strings that no YAML reader takes for something else; all others are quoted.
    private static final Pattern BARE = Pattern.compile("[A-Za-z_/][A-Za-z0-9_./@-]*");

    private static final Pattern WORD =
            Pattern.compile("(?i)true|false|yes|no|on|off|null|y|n|inf|nan");

    private Yaml() {}

    static String write(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        if (isBlock(value)) {
            appendBlock(out, value, 0);
            out.setLength(out.length() - 1);
        } else {
            appendScalar(out, value);
        }
        return out.toString();
    }

    private static boolean isBlock(@Nullable Object value) {
        return value instanceof Map<?, ?> map && !map.isEmpty()
                || value instanceof List<?> list && !list.isEmpty();
    }

    private static void appendBlock(StringBuilder out, @Nullable Object value, int depth) {
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.repeat(' ', 2 * depth);
                appendEntry(out, entry, depth);
            }
        } else if (value instanceof List<?> list) {
            for (Object element : list) {
                out.repeat(' ', 2 * depth).append("- ");
                appendElement(out, element, depth);
            }
        }
    }

    private static void appendEntry(StringBuilder out, Map.Entry<?, ?> entry, int depth) {
        appendScalar(out, String.valueOf(entry.getKey()));
        out.append(':');
        if (isBlock(entry.getValue())) {
            out.append('\n');
            appendBlock(out, entry.getValue(), depth + 1);
        } else {
            out.append(' ');
            appendScalar(out, entry.getValue());
            out.append('\n');
        }
    }

    /// The first entry of a map stands on the dash's line.
    private static void appendElement(StringBuilder out, @Nullable Object element, int depth) {
        if (element instanceof Map<?, ?> map && !map.isEmpty()) {
            boolean first = true;
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                if (!first) {
                    out.repeat(' ', 2 * (depth + 1));
                }
                appendEntry(out, entry, depth + 1);
                first = false;
            }
        } else if (isBlock(element)) {
            out.append('\n');
            appendBlock(out, element, depth + 1);
        } else {
            appendScalar(out, element);
            out.append('\n');
        }
    }

    private static void appendScalar(StringBuilder out, @Nullable Object value) {
        switch (value) {
            case null -> out.append("null");
            case Map<?, ?> map -> out.append("{}");
            case List<?> list -> out.append("[]");
            case Boolean flag -> out.append(flag.booleanValue());
            case Double number -> out.append(Double.isFinite(number) ? number.toString() : "null");
            case Number number -> out.append(number);
            default -> {
                String text = value.toString();
                if (BARE.matcher(text).matches() && !WORD.matcher(text).matches()) {
                    out.append(text);
                } else {
                    Json.quote(out, text);
                }
            }
        }
    }
}
