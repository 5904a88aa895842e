package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A piece of JSON: maps, lists, strings, numbers, booleans and null as Java's own. What is not
/// there is an empty piece, so that a path can be followed without asking at every step.
record Json(@Nullable Object value) {
    private static final int DEPTH_MAX = 64;

    /// Reads one value; text before the first brace or bracket is skipped, as fio puts warnings
    /// there.
    static Json parse(String text) {
        int start = 0;
        while (start < text.length() && text.charAt(start) != '{' && text.charAt(start) != '[') {
            start++;
        }
        var reader = new Reader(text, start);
        return new Json(reader.value(0));
    }

    Json get(String key) {
        return new Json(value instanceof Map<?, ?> map ? map.get(key) : null);
    }

    Json at(int index) {
        return new Json(
                value instanceof List<?> list && index < list.size() ? list.get(index) : null);
    }

    Set<String> keys() {
        var keys = new java.util.LinkedHashSet<String>();
        if (value instanceof Map<?, ?> map) {
            map.keySet().forEach(key -> keys.add(String.valueOf(key)));
        }
        return keys;
    }

    List<Json> elements() {
        var elements = new ArrayList<Json>();
        if (value instanceof List<?> list) {
            list.forEach(element -> elements.add(new Json(element)));
        }
        return elements;
    }

    boolean isThere() {
        return value != null;
    }

    OptionalDouble number() {
        return value instanceof Number number
                ? OptionalDouble.of(number.doubleValue())
                : OptionalDouble.empty();
    }

    double number(double otherwise) {
        return number().orElse(otherwise);
    }

    /// The string, or the empty one.
    String text() {
        return value instanceof String text ? text : "";
    }

    /// As text, two spaces per level.
    static String write(@Nullable Object value) {
        var out = new StringBuilder();
        append(out, value, 0);
        return out.append('\n').toString();
    }

    private static void append(StringBuilder out, @Nullable Object value, int depth) {
        switch (value) {
            case null -> out.append("null");
            case Map<?, ?> map -> {
                String separator = "{";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    newLine(out.append(separator), depth + 1);
                    quote(out, String.valueOf(entry.getKey()));
                    append(out.append(": "), entry.getValue(), depth + 1);
                    separator = ",";
                }
                end(out, map.isEmpty() ? "{" : "", depth, '}');
            }
            case List<?> list -> {
                String separator = "[";
                for (Object element : list) {
                    newLine(out.append(separator), depth + 1);
                    append(out, element, depth + 1);
                    separator = ",";
                }
                end(out, list.isEmpty() ? "[" : "", depth, ']');
            }
            case Boolean flag -> out.append(flag.booleanValue());
            case Double number -> out.append(Double.isFinite(number) ? plain(number) : "null");
            case Number number -> out.append(number);
            default -> quote(out, value.toString());
        }
    }

    private static String plain(double number) {
        boolean whole = number == Math.rint(number) && Math.abs(number) < 1e15;
        return whole ? Long.toString((long) number) : Double.toString(number);
    }

    private static void end(StringBuilder out, String open, int depth, char close) {
        if (open.isEmpty()) {
            newLine(out, depth);
        }
        out.append(open).append(close);
    }

    private static void newLine(StringBuilder out, int depth) {
        out.append('\n').repeat(' ', 2 * depth);
    }

    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                default -> {
                    if (c < 0x20) {
                        out.append("\\u").append(HexFormat.of().toHexDigits(c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /// A recursive reader over one text.
    private static final class Reader {
        private final String text;
        private int at;

        Reader(String text, int at) {
            this.text = text;
            this.at = at;
        }

        @Nullable Object value(int depth) {
            if (depth > DEPTH_MAX) {
                throw wrong("is nested too deeply");
            }
            return switch (peek()) {
                case '{' -> map(depth);
                case '[' -> list(depth);
                case '"' -> string();
                case 't' -> word("true", true);
                case 'f' -> word("false", false);
                case 'n' -> word("null", null);
                default -> number();
            };
        }

        private Map<String, @Nullable Object> map(int depth) {
            var map = new LinkedHashMap<String, @Nullable Object>();
            at++;
            while (peek() != '}') {
                String key = string();
                expect(':');
                map.put(key, value(depth + 1));
                if (peek() != '}') {
                    expect(',');
                }
            }
            at++;
            return map;
        }

        private List<@Nullable Object> list(int depth) {
            var list = new ArrayList<@Nullable Object>();
            at++;
            while (peek() != ']') {
                list.add(value(depth + 1));
                if (peek() != ']') {
                    expect(',');
                }
            }
            at++;
            return list;
        }

        private String string() {
            expect('"');
            var out = new StringBuilder();
            for (char c = next(); c != '"'; c = next()) {
                out.append(c == '\\' ? escaped() : c);
            }
            return out.toString();
        }

        private char escaped() {
            char c = next();
            return switch (c) {
                case 'n' -> '\n';
                case 't' -> '\t';
                case 'r' -> '\r';
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'u' -> {
                    if (at + 4 > text.length()) {
                        throw wrong("ends too early");
                    }
                    at += 4;
                    yield (char) HexFormat.fromHexDigits(text, at - 4, at);
                }
                default -> c;
            };
        }

        private @Nullable Object word(String word, @Nullable Object meaning) {
            if (!text.startsWith(word, at)) {
                throw wrong("has an unknown word");
            }
            at += word.length();
            return meaning;
        }

        private Double number() {
            int start = at;
            while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            if (start == at) {
                throw wrong("has no value where one must be");
            }
            return Double.valueOf(text.substring(start, at));
        }

        private char peek() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            if (at >= text.length()) {
                throw wrong("ends too early");
            }
            return text.charAt(at);
        }

        private char next() {
            if (at >= text.length()) {
                throw wrong("ends too early");
            }
            return text.charAt(at++);
        }

        private void expect(char wanted) {
            if (peek() != wanted) {
                throw wrong("has '" + text.charAt(at) + "' where '" + wanted + "' must be");
            }
            at++;
        }

        private IllegalArgumentException wrong(String why) {
            return new IllegalArgumentException("JSON " + why + " at character " + at);
        }
    }
}
