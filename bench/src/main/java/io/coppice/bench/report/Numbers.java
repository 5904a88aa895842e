package io.coppice.bench.report;

import java.util.Locale;
import java.util.OptionalDouble;

/// Numbers as people read them.
final class Numbers {
    static final String NONE = "-";
    private static final double MILLI = 1000;
    private static final double KIB = 1024;

    private Numbers() {}

    /// Three significant digits, thousands grouped; a dash when there is none.
    static String show(OptionalDouble value) {
        return value.isPresent() ? show(value.getAsDouble()) : NONE;
    }

    static String show(double value) {
        double size = Math.abs(value);
        String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f";
        return value == 0 ? "0" : String.format(Locale.ROOT, format, value);
    }

    /// For charts: 1.2k, 34M.
    static String shortly(double value) {
        String[] units = {"", "k", "M", "G"};
        double left = value;
        int unit = 0;
        for (; left >= 999.5 && unit < units.length - 1; unit++) {
            left /= MILLI;
        }
        String digits = String.format(Locale.ROOT, left >= 100 ? "%.0f" : "%.3g", left);
        String plain = digits.contains(".") ? digits.replaceFirst("\\.?0+$", "") : digits;
        return plain + units[unit];
    }

    /// Microseconds, or milliseconds from one on.
    static String micros(OptionalDouble micros) {
        if (micros.isEmpty()) {
            return NONE;
        }
        double value = micros.getAsDouble();
        return value >= MILLI
                ? String.format(Locale.ROOT, "%.2f ms", value / MILLI)
                : String.format(Locale.ROOT, "%.0f µs", value);
    }

    /// `1.5 GiB`.
    static String bytes(double bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double left = bytes;
        int unit = 0;
        for (; left >= KIB && unit < units.length - 1; unit++) {
            left /= KIB;
        }
        return show(left) + " " + units[unit];
    }

    /// `2.5 x`.
    static String times(OptionalDouble ratio) {
        return ratio.isPresent() ? show(ratio.getAsDouble()) + " x" : NONE;
    }
}
