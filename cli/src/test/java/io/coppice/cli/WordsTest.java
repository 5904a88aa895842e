package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.coppice.cli.exit.CliException;
import io.coppice.cli.exit.ExitCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Durations, names and labels as people write them.
class WordsTest {
    @ParameterizedTest
    @CsvSource({
        "500ms, PT0.5S",
        "30s, PT30S",
        "15m, PT15M",
        "12h, PT12H",
        "7d, PT168H",
        "2w, PT336H"
    })
    void readsDurations(String text, Duration duration) {
        assertEquals(duration, Durations.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "12", "h", "0s", "-1h", "1.5h", "5 years", "99999999999w"})
    void refusesWhatIsNoDuration(String text) {
        assertEquals(
                ExitCode.USAGE,
                assertThrows(CliException.class, () -> Durations.parse(text)).exitCode());
    }

    @Test
    void readsSources() {
        assertEquals(new SourceName("a", Optional.empty()), SourceName.parse("a"));
        assertEquals(
                new SourceName("team/a.b", Optional.of("s-1")), SourceName.parse("team/a.b@s-1"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "@s",
                "a@",
                "a@b@c",
                "a b",
                "-a",
                "a//b",
                "a/",
                "ä",
                "a\u0000",
                "../../etc"
            })
    void refusesOddNames(String text) {
        assertEquals(
                ExitCode.USAGE,
                assertThrows(CliException.class, () -> SourceName.parse(text)).exitCode());
    }

    @Test
    void readsLabels() {
        assertEquals(
                Map.of("a", "1", "b", "x=y", "c", ""), Labels.parse(List.of("a=1", "b=x=y", "c=")));
        assertThrows(CliException.class, () -> Labels.parse(List.of("=1")));
        assertThrows(CliException.class, () -> Labels.parse(List.of("a")));
    }
}
