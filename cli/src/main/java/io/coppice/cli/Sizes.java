package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import io.coppice.model.Blocks;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sizes as people write them: `4096`, `10G` and `10GiB` (powers of two), `10GB` (powers of ten).
final class Sizes {
    private static final Pattern SIZE =
            Pattern.compile("([+-]?[0-9]{1,24}(?:\\.[0-9]{1,9})?)\\s*([A-Za-z]*)");
    private static final Map<String, Integer> POWERS =
            Map.of("K", 1, "M", 2, "G", 3, "T", 4, "P", 5, "E", 6);
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Sizes() {}

    /// A number of bytes from 0 to 2^63 - 1; refuses everything else with a line for the user.
    static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw refused(
                    text,
                    "write bytes, or a number with K, M, G, T, P or E, such as 10G or 512MiB");
        }
        BigDecimal bytes =
                new BigDecimal(matcher.group(1)).multiply(unitOf(text, matcher.group(2)));
        if (bytes.signum() < 0) {
            throw refused(text, "it is negative");
        }
        if (bytes.stripTrailingZeros().scale() > 0) {
            throw refused(text, "it is not a whole number of bytes");
        }
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw refused(text, "it is larger than 8 EiB - 4 KiB, the largest size of a volume");
        }
        return bytes.longValueExact();
    }

    /// The size of a volume: not zero, whole blocks of 4,096 bytes, at most 8 EiB - 4 KiB.
    static long parseVolume(String text) {
        long bytes = parse(text);
        if (bytes == 0) {
            throw refused(text, "a volume has at least one block of 4096 bytes");
        }
        if (!Blocks.isAligned(bytes)) {
            long below = bytes / Blocks.BLOCK_BYTES * Blocks.BLOCK_BYTES;
            String near =
                    below == 0
                            ? "is " + Blocks.BLOCK_BYTES
                            : bytes > Blocks.VOLUME_BYTES_MAX
                                    ? "is " + below
                                    : "are " + below + " or " + (below + Blocks.BLOCK_BYTES);
            throw refused(text, "it is not a multiple of 4096; the nearest " + near);
        }
        return bytes;
    }

    private static BigDecimal unitOf(String text, String unit) {
        String upper = unit.toUpperCase(Locale.ROOT);
        if (upper.isEmpty() || upper.equals("B")) {
            return BigDecimal.ONE;
        }
        Integer power = POWERS.get(upper.substring(0, 1));
        String rest = upper.substring(1);
        if (power == null || !(rest.isEmpty() || rest.equals("IB") || rest.equals("B"))) {
            throw refused(text, "unknown unit '" + unit + "'");
        }
        return BigDecimal.valueOf(rest.equals("B") ? 1000 : 1024).pow(power);
    }

    private static CliException refused(String text, String why) {
        String shown = text.length() > 40 ? text.substring(0, 40) + "..." : text;
        return new CliException(
                ExitCode.USAGE, "invalid size '" + shown.replaceAll("\\p{C}", "?") + "': " + why);
    }

    /// For tables: `512 MiB`, `1.5 GiB`, `0 B`.
    static String show(long bytes) {
        int unit = 0;
        BigDecimal value = BigDecimal.valueOf(bytes);
        BigDecimal step = BigDecimal.valueOf(1024);
        while (unit < UNITS.length - 1 && value.compareTo(step) >= 0) {
            value = value.divide(step, 9, RoundingMode.HALF_UP);
            unit++;
        }
        BigDecimal rounded =
                value.setScale(value.compareTo(BigDecimal.TEN) < 0 ? 2 : 1, RoundingMode.HALF_UP);
        BigDecimal bare = rounded.stripTrailingZeros();
        return (bare.scale() < 0 ? bare.setScale(0) : bare).toPlainString() + " " + UNITS[unit];
    }
}
