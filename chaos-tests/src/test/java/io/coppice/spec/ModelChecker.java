package io.coppice.spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tlc2.TLC;

/// Runs TLC in a process of its own: it keeps its state in static fields and ends the process.
final class ModelChecker {
    private static final Duration PATIENCE = Duration.ofMinutes(15);
    private static final Pattern STATES =
            Pattern.compile("(\\d+) states generated, (\\d+) distinct states found");
    private static final Pattern BROKEN = Pattern.compile("Error: Invariant (\\w+) is violated");
    private static final String BROKEN_IN_TIME = "Error: Temporal properties were violated.";

    /// How a run ended.
    ///
    /// @param exit TLC's: 0 when all holds
    /// @param output what TLC printed, with the trace of a violation
    record Verdict(int exit, String output, long seconds) {
        boolean holds() {
            return exit == 0 && output.contains("No error has been found");
        }

        /// Name of the invariant that does not hold; empty when none is broken.
        String brokenInvariant() {
            Matcher found = BROKEN.matcher(output);
            return found.find() ? found.group(1) : "";
        }

        boolean breaksProperty() {
            return output.contains(BROKEN_IN_TIME);
        }

        long distinctStates() {
            Matcher found = STATES.matcher(output);
            long last = 0;
            while (found.find()) {
                last = Long.parseLong(found.group(2));
            }
            return last;
        }
    }

    private final Path directory;

    /// @param directory an empty one, for what TLC writes
    ModelChecker(Path directory) {
        this.directory = directory;
    }

    /// A configuration that is broken ends within a second or two: then the start of the JVM is
    /// what takes time.
    Verdict check(Configuration configuration, boolean quick)
            throws IOException, InterruptedException {
        // TLC looks for both in its working directory.
        Files.copy(configuration.moduleFile(), directory.resolve(name(configuration.moduleFile())));
        Files.copy(configuration.file(), directory.resolve(name(configuration.file())));
        Path output = directory.resolve("output.txt");
        long started = System.nanoTime();
        Process process =
                new ProcessBuilder(command(configuration, quick))
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        try {
            if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(configuration + " is not checked in " + PATIENCE);
            }
        } finally {
            process.destroyForcibly();
        }
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - started);
        return new Verdict(process.exitValue(), Files.readString(output), seconds);
    }

    private List<String> command(Configuration configuration, boolean quick) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                quick
                        ? List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
                        : List.of("-XX:+UseParallelGC", "-Xmx2g"));
        command.add("-Djava.io.tmpdir=" + directory); // TLC unpacks its standard modules there
        command.addAll(List.of("-cp", jar(), TLC.class.getName()));
        command.addAll(List.of("-workers", "1", "-deadlock"));
        command.addAll(List.of("-metadir", directory.resolve("states").toString()));
        command.addAll(List.of("-config", name(configuration.file())));
        command.add(name(configuration.moduleFile()));
        return command;
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    private static String jar() {
        return Path.of(TLC.class.getProtectionDomain().getCodeSource().getLocation().getPath())
                .toString();
    }
}
