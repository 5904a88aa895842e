package io.coppice.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// All sources are as google-java-format (AOSP style) lays them out. Spotless makes the same check
/// when Maven itself runs on Java 21 or newer; this test makes it on the toolchain's JDK, whatever
/// Maven runs on.
class FormatTest {
    private static final Formatter FORMATTER =
            new Formatter(JavaFormatterOptions.builder().style(Style.AOSP).build());

    @Test
    void sourcesAreFormatted() {
        // the formatter is thread-safe, and slow enough to be worth every processor
        List<String> differing =
                House.javaSources().parallelStream().flatMap(FormatTest::difference).toList();
        assertEquals(List.of(), differing, "not formatted; `.ci/format` formats them all");
    }

    private static Stream<String> difference(Path source) {
        String text = House.read(source);
        try {
            return firstDifference(text, format(text))
                    .map(what -> House.name(source) + what)
                    .stream();
        } catch (FormatterException e) {
            return Stream.of(House.name(source) + ": " + e.getMessage());
        }
    }

    private static Optional<String> firstDifference(String actual, String wanted) {
        String[] is = actual.split("\n", -1);
        String[] should = wanted.split("\n", -1);
        int line = Arrays.mismatch(is, should);
        if (line < 0) {
            return Optional.empty();
        }
        return Optional.of(
                ":" + (line + 1) + (line < should.length ? ": wants " + should[line] : ""));
    }

    /// The same three steps as Spotless, which keeps imports in the plain order whatever the style.
    private static String format(String text) throws FormatterException {
        String formatted = FORMATTER.formatSource(text);
        return ImportOrderer.reorderImports(
                RemoveUnusedImports.removeUnusedImports(formatted), Style.GOOGLE);
    }
}
