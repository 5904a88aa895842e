package io.coppice.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.coppice.spec.ModelChecker.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The protocol holds within the bounds of the specification, and the specification would notice if
/// it did not: for everything that it promises there is a mistake that breaks just that. Two runs
/// at once, of these only: most are short, and one alone leaves half of the machine to wait.
class SpecificationTest {
    /// `Bug = "this"`, `Bug # "this"` or `Bug \in {"this", "that"}`.
    private static final Pattern MISTAKES =
            Pattern.compile("Bug (?:[=#] |\\\\in \\{)((?:\"\\w+\"(?:, )?)+)");

    static List<Configuration> holding() {
        return Configuration.holding();
    }

    static List<Configuration> broken() {
        return Configuration.broken();
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("holding")
    void holds(Configuration configuration, @TempDir Path directory)
            throws IOException, InterruptedException {
        Verdict verdict = new ModelChecker(directory).check(configuration, false);
        tell(configuration, verdict);
        assertEquals("none", configuration.mistake());
        assertTrue(verdict.holds(), verdict::output);
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest
    @MethodSource("broken")
    void isBrokenByTheMistake(Configuration configuration, @TempDir Path directory)
            throws IOException, InterruptedException {
        Verdict verdict = new ModelChecker(directory).check(configuration, true);
        tell(configuration, verdict);
        assertEquals(1, configuration.promises().size(), "one mistake, one broken promise");
        if (configuration.isLiveness()) {
            assertTrue(verdict.breaksProperty(), verdict::output);
        } else {
            assertEquals(
                    configuration.promises().getFirst(),
                    verdict.brokenInvariant(),
                    verdict::output);
        }
    }

    @Test
    void everyPromiseIsBrokenBySomeMistake() {
        assertEquals(promises(holding()), promises(broken()));
    }

    @Test
    void everyMistakeIsTried() {
        var planted =
                Stream.concat(holding().stream(), broken().stream())
                        .map(Configuration::moduleText)
                        .distinct()
                        .flatMap(text -> MISTAKES.matcher(text).results())
                        .flatMap(found -> Stream.of(found.group(1).split(", ")))
                        .map(name -> name.replace("\"", ""))
                        .collect(Collectors.toCollection(TreeSet::new));
        var tried =
                broken().stream()
                        .map(Configuration::mistake)
                        .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(planted, tried);
    }

    private static Set<String> promises(List<Configuration> configurations) {
        return configurations.stream()
                .flatMap(configuration -> configuration.promises().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /// Where the numbers in docs/specification.md come from.
    private static void tell(Configuration configuration, Verdict verdict) {
        System.out.printf(
                "%s: %,d distinct states, %d s%n",
                configuration, verdict.distinctStates(), verdict.seconds());
    }
}
