package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Durations as people write them: `500ms`, `30s`, `15m`, `12h`, `7d`.
final class Durations {
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,12})\\s*(ms|s|m|min|h|d|w)");
    private static final Duration LONGEST = Duration.ofDays(100 * 366L);

    private Durations() {}

    static Duration parse(String text) {
        Matcher matcher = DURATION.matcher(text.strip());
        if (!matcher.matches()) {
            throw refused(text, "write a number with ms, s, m, h, d or w, such as 30s, 12h or 7d");
        }
        long count = Long.parseLong(matcher.group(1));
        Duration unit =
                switch (matcher.group(2)) {
                    case "ms" -> Duration.ofMillis(1);
                    case "s" -> Duration.ofSeconds(1);
                    case "m", "min" -> Duration.ofMinutes(1);
                    case "h" -> Duration.ofHours(1);
                    case "d" -> Duration.ofDays(1);
                    default -> Duration.ofDays(7);
                };
        Duration duration = unit.multipliedBy(count);
        if (duration.isZero()) {
            throw refused(text, "it is zero");
        }
        if (duration.compareTo(LONGEST) > 0) {
            throw refused(text, "it is longer than 100 years");
        }
        return duration;
    }

    private static CliException refused(String text, String why) {
        String shown = text.length() > 40 ? text.substring(0, 40) + "..." : text;
        return new CliException(
                ExitCode.USAGE,
                "invalid duration '" + shown.replaceAll("\\p{C}", "?") + "': " + why);
    }

    /// For tables: the two largest units, `3d 4h`, `12m 5s`, `0.8 ms`.
    static String show(Duration duration) {
        long seconds = duration.toSeconds();
        if (seconds < 10) {
            return showMicros(duration.toNanos() / 1000);
        }
        if (seconds < 60) {
            return seconds + "s";
        }
        if (seconds < 3600) {
            return both(seconds / 60, "m", seconds % 60, "s");
        }
        return seconds < 86_400
                ? both(seconds / 3600, "h", seconds % 3600 / 60, "m")
                : both(seconds / 86_400, "d", seconds % 86_400 / 3600, "h");
    }

    private static String both(long large, String largeUnit, long small, String smallUnit) {
        return large + largeUnit + (small == 0 ? "" : " " + small + smallUnit);
    }

    static String showMicros(long micros) {
        if (micros < 1000) {
            return micros + " us";
        }
        return micros < 1_000_000
                ? String.format(java.util.Locale.ROOT, "%.1f ms", micros / 1000.0)
                : String.format(java.util.Locale.ROOT, "%.2f s", micros / 1_000_000.0);
    }
}
