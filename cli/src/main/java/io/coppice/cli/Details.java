package io.coppice.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/// One thing's properties, a line each, for people.
final class Details {
    private final Map<String, String> lines = new LinkedHashMap<>();

    Details line(String name, Object value) {
        lines.put(name, String.valueOf(value));
        return this;
    }

    @Override
    public String toString() {
        int width = lines.keySet().stream().mapToInt(String::length).max().orElse(0);
        StringBuilder out = new StringBuilder();
        lines.forEach((name, value) ->
                out.append(name)
                        .append(':')
                        .repeat(' ', width - name.length() + 2)
                        .append(value)
                        .append('\n'));
        return out.toString().stripTrailing();
    }
}
