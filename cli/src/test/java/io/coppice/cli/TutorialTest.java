package io.coppice.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Does what docs/tutorial.md says, and compares what comes out: each line of it must be there, in
/// that order; `...` stands for anything.
@ExtendWith(OneCluster.class)
@Timeout(300)
class TutorialTest {
    private static final String PROMPT = "$ ";
    private static final Pattern EXIT_CODE = Pattern.compile("\\(exit code ([0-9]+)\\)");
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private record Step(String command, int exitCode, List<String> output) {}

    private static List<Step> steps(Path page) throws IOException {
        var steps = new ArrayList<Step>();
        boolean fenced = false;
        for (String line : Files.readAllLines(page)) {
            if (line.startsWith("```")) {
                fenced = !fenced;
            } else if (fenced && line.startsWith(PROMPT)) {
                steps.add(new Step(line.substring(PROMPT.length()), 0, new ArrayList<>()));
            } else if (fenced && !steps.isEmpty()) {
                Step last = steps.getLast();
                Matcher code = EXIT_CODE.matcher(line);
                if (code.matches()) {
                    int exitCode = Integer.parseInt(code.group(1));
                    steps.set(steps.size() - 1, new Step(last.command, exitCode, last.output));
                } else {
                    last.output.add(line);
                }
            }
        }
        return steps;
    }

    private static Path page() {
        Path dir = Path.of("").toAbsolutePath();
        while (!Files.exists(dir.resolve("docs/tutorial.md"))) {
            dir = java.util.Objects.requireNonNull(dir.getParent(), "no docs/tutorial.md");
        }
        return dir.resolve("docs/tutorial.md");
    }

    private static OneCluster.Answer answer(String command) throws Exception {
        if (command.startsWith("coppice ")) {
            return OneCluster.call(
                    Pattern.compile(" ")
                            .splitAsStream(command)
                            .skip(1)
                            .map(word -> {
                                Path file = OneCluster.dir().resolve(word);
                                return Files.isRegularFile(file) ? file.toString() : word;
                            })
                            .toList());
        }
        String here =
                command.replaceAll(
                        "nbd://127\\.0\\.0\\.1:10809/([a-z0-9-]+)",
                        "'nbd+unix:///$1?socket=" + OneCluster.nbdSocket() + "'");
        Process process =
                new ProcessBuilder("sh", "-c", "set -e; " + here)
                        .directory(OneCluster.dir().toFile())
                        .redirectErrorStream(true)
                        .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new OneCluster.Answer(process.waitFor(), out);
    }

    private static boolean isAsExpected(Step step, OneCluster.Answer answer) {
        if (answer.exitCode() != step.exitCode) {
            return false;
        }
        var lines = answer.text().replace(OneCluster.dir() + "/", "").lines().iterator();
        for (String expected : step.output) {
            Pattern pattern = pattern(expected);
            boolean found = false;
            while (!found && lines.hasNext()) {
                found = pattern.matcher(plain(lines.next())).matches();
            }
            if (!found && !expected.equals("...")) {
                return false;
            }
        }
        return true;
    }

    private static String plain(String line) {
        return line.strip().replaceAll(" +", " ");
    }

    private static Pattern pattern(String expected) {
        String quoted =
                Pattern.compile("...", Pattern.LITERAL)
                        .splitAsStream(plain(expected) + "\n")
                        .map(part -> Pattern.quote(part.strip()))
                        .collect(java.util.stream.Collectors.joining(".*"));
        return Pattern.compile("\\s*" + quoted + "\\s*");
    }

    /// What happens by itself may take a moment.
    private static void take(Step step) throws Exception {
        long end = System.nanoTime() + PATIENCE_NANOS;
        OneCluster.Answer answer = answer(step.command);
        while (step.command.contains(" ls")
                && !isAsExpected(step, answer)
                && System.nanoTime() - end < 0) {
            answer = answer(step.command);
        }
        assertEquals(step.exitCode, answer.exitCode(), step.command + "\n" + answer.text());
        assertTrue(
                isAsExpected(step, answer),
                step.command + "\n" + answer.text() + "\ninstead of\n" + step.output);
    }

    @Test
    void theTutorialIsTrue() throws Exception {
        List<Step> steps = steps(page());
        assertTrue(steps.size() > 25, steps.toString());
        for (Step step : steps) {
            take(step);
        }
        OneCluster.run(0, "volume", "set", "customers", "--unprotect");
        var all = new ArrayList<>(List.of("volume", "rm", "customers", "masked"));
        for (int i = 1; i <= 50; i++) {
            all.add("dev-%04d".formatted(i));
        }
        all.add("--now");
        OneCluster.run(0, all.toArray(new String[0]));
    }
}
