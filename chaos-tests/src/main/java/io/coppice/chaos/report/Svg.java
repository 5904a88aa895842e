package io.coppice.chaos.report;

import java.util.Locale;

/// A drawing in the making. Units are pixels, from the left and from the top.
final class Svg {
    private final StringBuilder text = new StringBuilder();

    Svg(int width, int height) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                        + " height=\"%d\">",
                width, height, width, height);
    }

    private void add(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    /// @param style a class of the page
    /// @param title shown where the pointer rests
    void box(double x, double y, double width, double height, String style, String title) {
        add(
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"><title>%s"
                        + "</title></rect>",
                x, y, Math.max(width, 1), height, style, escape(title));
    }

    void line(double x1, double y1, double x2, double y2, String style) {
        add(
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>",
                x1, y1, x2, y2, style);
    }

    /// @param points `x,y x,y ...`
    void curve(CharSequence points, String style) {
        add("<polyline points=\"%s\" class=\"%s\"/>", points, style);
    }

    /// @param anchor start, middle or end
    void text(double x, double y, String anchor, String what) {
        add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor, escape(what));
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    String finish() {
        return text.append("</svg>\n").toString();
    }
}
