package io.coppice.cli;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// When something ends: `--ttl 12h` or `--expires 2026-12-24T18:00:00Z`, or never.
final class Expiry {
    private static final String NEVER = "never";

    @Option(
            names = "--ttl",
            paramLabel = "DURATION",
            description = "It ends so long from now, such as 12h.")
    @Nullable String ttl;

    @Option(
            names = "--expires",
            paramLabel = "TIME",
            description = "It ends then, such as 2026-12-24T18:00:00Z; 'never': it does not.")
    @Nullable String expires;

    /// Whether anything was said.
    boolean isGiven() {
        return ttl != null || expires != null;
    }

    /// So long from when the cluster hears of it; 0: that was not said.
    long ttlMillis() {
        if (ttl != null && expires != null) {
            throw new CliException(ExitCode.USAGE, "give --ttl or --expires, not both");
        }
        return ttl == null ? 0 : Durations.parse(ttl).toMillis();
    }

    /// Wall clock; 0: never, or that was not said.
    long expiresMillis() {
        return expires == null ? 0 : moment(expires);
    }

    private static long moment(String text) {
        if (text.equals(NEVER)) {
            return 0;
        }
        try {
            long millis = Instant.parse(text).toEpochMilli();
            if (millis > 0) {
                return millis;
            }
        } catch (DateTimeParseException notOne) {
            // as below
        }
        throw new CliException(
                ExitCode.USAGE,
                "invalid time '"
                        + text.replaceAll("\\p{C}", "?")
                        + "': write it as 2026-12-24T18:00:00Z, or never");
    }
}
