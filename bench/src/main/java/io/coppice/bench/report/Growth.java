package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// How cost grows along some axes: a figure for each value of each axis. As Markdown with a table
/// and a chart per axis, and as JSON.
final class Growth {
    /// One axis, such as the number of volumes.
    ///
    /// @param note how it was measured, one sentence
    record Axis(String name, String title, String note, Map<String, TreeMap<Long, Double>> rows) {
        Axis(String name, String title, String note) {
            this(name, title, note, new LinkedHashMap<>());
        }

        /// @param row what was measured, with its unit
        void put(String row, long at, double value) {
            rows.computeIfAbsent(row, _ -> new TreeMap<>()).put(at, value);
        }

        List<Long> places() {
            var places = new TreeSet<Long>();
            rows.values().forEach(row -> places.addAll(row.keySet()));
            return List.copyOf(places);
        }
    }

    private final Map<String, String> facts;
    private final List<Axis> axes = new ArrayList<>();

    Growth(Map<String, String> facts) {
        this.facts = facts;
    }

    Axis axis(String name, String title, String note) {
        var axis = new Axis(name, title, note);
        axes.add(axis);
        return axis;
    }

    void write(Path out) throws IOException {
        for (Axis axis : axes) {
            Files.writeString(out.resolve(file(axis)), new LineChart(axis).svg());
        }
        Files.writeString(out.resolve("growth.md"), markdown());
        var root = new LinkedHashMap<String, @Nullable Object>();
        root.put("facts", facts);
        for (Axis axis : axes) {
            root.put(axis.name(), axis.rows());
        }
        Files.writeString(out.resolve("growth.json"), Json.write(root));
    }

    private static String file(Axis axis) {
        return "growth-" + axis.name() + ".svg";
    }

    String markdown() {
        var out = new StringBuilder("# How cost grows\n\n");
        facts.forEach((name, value) ->
                out.append("- ").append(name).append(": ").append(value).append('\n'));
        for (Axis axis : axes) {
            out.append("\n## ").append(axis.title()).append("\n\n").append(axis.note());
            out.append("\n\n| |");
            axis.places().forEach(place -> out.append(' ').append(count(place)).append(" |"));
            out.append("\n|---|").append("---|".repeat(axis.places().size())).append('\n');
            axis.rows()
                    .forEach((row, values) -> {
                        out.append("| ").append(row).append(" |");
                        for (long place : axis.places()) {
                            Double value = values.get(place);
                            out.append(' ')
                                    .append(value == null ? Numbers.NONE : Numbers.show(value))
                                    .append(" |");
                        }
                        out.append('\n');
                    });
            out.append("\n![").append(axis.title()).append("](").append(file(axis)).append(")\n");
        }
        return out.toString();
    }

    private static String count(long value) {
        return String.format(java.util.Locale.ROOT, "%,d", value);
    }
}
