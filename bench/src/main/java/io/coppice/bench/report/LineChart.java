package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// The rows of an axis as lines, both scales logarithmic, as SVG.
final class LineChart {
    private static final List<String> COLOURS =
            List.of(
                    "#1b6e3c", "#c8553d", "#3d5a80", "#c9a227", "#7fb77e", "#8a8a8a", "#98b4d4",
                    "#e8a598");
    private static final int WIDTH = 760;
    private static final int LEFT = 60;
    private static final int RIGHT = 20;
    private static final int PLOT_HEIGHT = 300;
    private static final int LEGEND_ROW = 16;

    private final Growth.Axis axis;
    private final double left;
    private final double right;
    private final double low;
    private final double high;
    private final int top;

    LineChart(Growth.Axis axis) {
        this.axis = axis;
        List<Double> values = new ArrayList<>();
        axis.rows().values().forEach(row -> values.addAll(row.values()));
        values.removeIf(value -> value <= 0);
        left = axis.places().stream().mapToDouble(place -> place).min().orElse(1);
        right = axis.places().stream().mapToDouble(place -> place).max().orElse(10);
        low = Math.pow(10, Math.floor(Math.log10(values.stream().reduce(Math::min).orElse(1.0))));
        high = Math.pow(10, Math.ceil(Math.log10(values.stream().reduce(Math::max).orElse(10.0))));
        top = 40 + LEGEND_ROW * axis.rows().size();
    }

    String svg() {
        var out = new StringBuilder();
        int height = top + PLOT_HEIGHT + 30;
        add(
                out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                        + " font-family=\"sans-serif\" font-size=\"11\">",
                WIDTH,
                height);
        add(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
        add(out, "<text x=\"10\" y=\"20\" font-size=\"15\">%s</text>", escape(axis.title()));
        for (double tick = low; tick <= high * 1.001; tick *= 10) {
            add(
                    out,
                    "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#dddddd\"/>",
                    LEFT,
                    y(tick),
                    WIDTH - RIGHT,
                    y(tick));
            add(
                    out,
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#666666\">%s</text>",
                    LEFT - 6,
                    y(tick) + 4,
                    small(tick));
        }
        for (long place : axis.places()) {
            add(
                    out,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#666666\">%s</text>",
                    x(place),
                    top + PLOT_HEIGHT + 18,
                    Numbers.shortly(place));
        }
        int index = 0;
        for (Map.Entry<String, TreeMap<Long, Double>> row : axis.rows().entrySet()) {
            line(out, index++, row.getKey(), row.getValue());
        }
        return out.append("</svg>\n").toString();
    }

    private void line(StringBuilder out, int index, String name, TreeMap<Long, Double> values) {
        String colour = COLOURS.get(index % COLOURS.size());
        int at = 36 + LEGEND_ROW * index;
        add(
                out,
                "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>",
                LEFT,
                at,
                colour);
        add(out, "<text x=\"%d\" y=\"%d\">%s</text>", LEFT + 16, at + 9, escape(name));
        var points = new StringBuilder();
        values.forEach((place, value) -> {
            if (value > 0) {
                add(points, "%.1f,%.1f", x(place), y(value));
                add(
                        out,
                        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>",
                        x(place),
                        y(value),
                        colour);
            }
        });
        add(
                out,
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>",
                points.toString().replace('\n', ' ').strip(),
                colour);
    }

    private double x(double place) {
        double share = right > left ? Math.log(place / left) / Math.log(right / left) : 0.5;
        return LEFT + 20 + share * (WIDTH - LEFT - RIGHT - 40);
    }

    private double y(double value) {
        double share = high > low ? Math.log(value / low) / Math.log(high / low) : 0.5;
        return top + PLOT_HEIGHT * (1 - share);
    }

    private static String small(double value) {
        return value < 1 ? String.format(Locale.ROOT, "%.3g", value) : Numbers.shortly(value);
    }

    private static void add(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
