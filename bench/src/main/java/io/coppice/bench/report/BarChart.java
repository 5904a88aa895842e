package io.coppice.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/// Horizontal bars in groups on a logarithmic scale, as SVG: a group per category, a bar per series
/// that has a value there.
final class BarChart {
    /// Bars of one colour; a value for each category.
    record Series(String name, List<OptionalDouble> values) {}

    private static final List<String> COLOURS =
            List.of(
                    "#1b6e3c", "#7fb77e", "#c8553d", "#e8a598", "#3d5a80", "#98b4d4", "#8a8a8a",
                    "#c9a227", "#e9d8a6", "#6a4c93", "#b8a1cf", "#2a9d8f");
    private static final int LABEL_WIDTH = 250;
    private static final int PLOT_WIDTH = 560;
    private static final int VALUE_WIDTH = 90;
    private static final int LABEL_CHARS = 40;
    private static final int LINE_HEIGHT = 13;
    private static final int BAR_HEIGHT = 12;
    private static final int GROUP_GAP = 12;
    private static final int HEAD_HEIGHT = 64;
    private static final int LEGEND_COLUMN = 190;
    private static final int WIDTH = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH;

    private final String title;
    private final List<String> categories;
    private final List<Series> series;

    BarChart(String title, List<String> categories, List<Series> series) {
        this.title = title;
        this.categories = List.copyOf(categories);
        this.series = List.copyOf(series);
    }

    String svg() {
        List<Double> values = positive();
        double low = values.stream().mapToDouble(BarChart::decadeBelow).min().orElse(1);
        double high = values.stream().mapToDouble(BarChart::decadeAbove).max().orElse(10);
        int legendRows = (series.size() * LEGEND_COLUMN + WIDTH - 1) / WIDTH;
        int top = HEAD_HEIGHT + 16 * legendRows;
        int bottom = top;
        for (int i = 0; i < categories.size(); i++) {
            bottom += height(i);
        }
        var out = new StringBuilder();
        add(
                out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\""
                        + " font-family=\"sans-serif\" font-size=\"11\">",
                WIDTH,
                bottom + 12,
                WIDTH,
                bottom + 12);
        add(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
        add(out, "<text x=\"10\" y=\"20\" font-size=\"15\">%s</text>", escape(title));
        legend(out);
        axis(out, low, high, top, bottom);
        int y = top;
        for (int i = 0; i < categories.size(); i++) {
            group(out, i, y, low, high);
            y += height(i);
        }
        return out.append("</svg>\n").toString();
    }

    private void legend(StringBuilder out) {
        int perRow = WIDTH / LEGEND_COLUMN;
        for (int i = 0; i < series.size(); i++) {
            int x = 10 + i % perRow * LEGEND_COLUMN;
            int y = 30 + i / perRow * 16;
            add(
                    out,
                    "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>",
                    x,
                    y,
                    colour(i));
            add(
                    out,
                    "<text x=\"%d\" y=\"%d\">%s</text>",
                    x + 15,
                    y + 9,
                    escape(series.get(i).name()));
        }
    }

    private static void axis(StringBuilder out, double low, double high, int top, int bottom) {
        for (double tick = low; tick <= high * 1.001; tick *= 10) {
            double x = LABEL_WIDTH + length(tick, low, high);
            add(
                    out,
                    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#dddddd\"/>",
                    x,
                    top - 4,
                    x,
                    bottom);
            add(
                    out,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#666666\">%s</text>",
                    x,
                    top - 8,
                    Numbers.shortly(tick));
        }
    }

    /// Of a category's group, with the gap behind it.
    private int height(int category) {
        int bars = (int) IntStream.range(0, series.size()).filter(i -> has(i, category)).count();
        int lines = lines(categories.get(category)).size();
        return Math.max(bars * BAR_HEIGHT, lines * LINE_HEIGHT) + GROUP_GAP;
    }

    private boolean has(int one, int category) {
        return series.get(one).values().get(category).orElse(0) > 0;
    }

    private void group(StringBuilder out, int category, int top, double low, double high) {
        label(out, category, top + (height(category) - GROUP_GAP) / 2.0);
        int y = top;
        for (int i = 0; i < series.size(); i++) {
            if (has(i, category)) {
                bar(out, i, series.get(i).values().get(category).orElseThrow(), y, low, high);
                y += BAR_HEIGHT;
            }
        }
    }

    private void label(StringBuilder out, int category, double middle) {
        List<String> lines = lines(categories.get(category));
        for (int i = 0; i < lines.size(); i++) {
            add(
                    out,
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                    LABEL_WIDTH - 8,
                    middle + 4 + (i - (lines.size() - 1) / 2.0) * LINE_HEIGHT,
                    escape(lines.get(i)));
        }
    }

    /// As few as have room, broken between words.
    private static List<String> lines(String text) {
        var lines = new ArrayList<String>();
        var line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > LABEL_CHARS) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    private static void bar(
            StringBuilder out, int one, double value, int y, double low, double high) {
        double length = Math.max(1, length(value, low, high));
        add(
                out,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
                LABEL_WIDTH,
                y,
                length,
                BAR_HEIGHT - 1,
                colour(one));
        add(
                out,
                "<text x=\"%.1f\" y=\"%d\" font-size=\"10\">%s</text>",
                LABEL_WIDTH + length + 4,
                y + BAR_HEIGHT - 3,
                Numbers.shortly(value));
    }

    private List<Double> positive() {
        var values = new ArrayList<Double>();
        for (Series one : series) {
            one.values().stream()
                    .flatMapToDouble(OptionalDouble::stream)
                    .filter(value -> value > 0)
                    .forEach(values::add);
        }
        return values;
    }

    private static double length(double value, double low, double high) {
        return PLOT_WIDTH * Math.log(value / low) / Math.log(high / low);
    }

    /// The power of ten below, so that the smallest bar is seen.
    private static double decadeBelow(double value) {
        return Math.pow(10, Math.ceil(Math.log10(value)) - 1);
    }

    private static double decadeAbove(double value) {
        return Math.pow(10, Math.floor(Math.log10(value)) + 1);
    }

    private static String colour(int series) {
        return COLOURS.get(series % COLOURS.size());
    }

    private static void add(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
