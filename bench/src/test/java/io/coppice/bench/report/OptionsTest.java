package io.coppice.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    @Test
    void defaultsAreThoseOfTheTargets() {
        Options options = parse("");
        assertEquals(3, options.runs());
        assertEquals(20, options.seconds());
        assertEquals(60, options.rampSeconds());
        assertEquals(4L << 30, options.areaBytes());
        assertEquals(List.of(Row.values()), options.rows());
    }

    @Test
    void quickIsOverruledByWhatIsNamed() {
        Options options = parse("--seconds 7 --quick --area 1GiB --only r1,w1 --no-limits");
        assertEquals(7, options.seconds());
        assertEquals(1, options.runs());
        assertEquals(1L << 30, options.areaBytes());
        assertEquals(List.of(Row.W1, Row.R1), options.rows());
        assertFalse(options.limits());
    }

    @Test
    void withoutPeerItsScriptsAreLeftAlone() {
        assertEquals(
                Optional.of(Path.of("d")), parse("--peer ceph --peer-scripts d").peerScripts());
        assertEquals(Optional.empty(), parse("--peer-scripts d --peer none").peerScripts());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--what",
                "--runs",
                "--runs 0",
                "--runs x",
                "--area 1",
                "--area 65m1",
                "--area 65m",
                "--only nope",
                "--durability never",
                "--peer other",
                "--peer ceph"
            })
    void whatIsWrongIsRefused(String line) {
        assertThrows(IllegalArgumentException.class, () -> parse(line));
    }

    private static Options parse(String line) {
        List<String> arguments = line.isEmpty() ? List.of() : List.of(line.split(" "));
        return Options.parse(arguments, Path.of("out"));
    }
}
