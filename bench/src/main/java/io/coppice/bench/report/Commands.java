package io.coppice.bench.report;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Starts programs in one folder; their output goes to files there.
///
/// @param dir where they run
record Commands(Path dir) {
    private static final int SAID_MAX = 600;
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(20);

    /// Runs it to its end and returns what it printed; throws when it fails or takes too long.
    String run(Duration patience, List<String> command) throws IOException {
        return run(patience, Map.of(), command);
    }

    String run(Duration patience, Map<String, String> environment, List<String> command)
            throws IOException {
        Path out = Files.createTempFile(dir, "out", ".txt");
        Path err = Files.createTempFile(dir, "err", ".txt");
        try {
            var builder =
                    new ProcessBuilder(command)
                            .directory(dir.toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            if (!await(process, patience)) {
                stop(process);
                throw new IOException(command + " took more than " + patience.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException(
                        command
                                + " ended with "
                                + process.exitValue()
                                + ": "
                                + tail(Files.readString(err) + Files.readString(out)));
            }
            return Files.readString(out);
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
        }
    }

    /// Starts it and leaves it running; what it says goes to `log`.
    Process start(Path log, List<String> command) throws IOException {
        Process process =
                new ProcessBuilder(command)
                        .directory(dir.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        process.getOutputStream().close();
        return process;
    }

    /// Whether it ended in time.
    static boolean await(Process process, Duration patience) throws IOException {
        try {
            return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            stop(process);
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /// Asks it to end; kills it when it does not.
    static void stop(Process process) {
        process.destroy();
        try {
            if (process.waitFor(STOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }

    static void pause(Duration pause) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(pause.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    private static String tail(String said) {
        String text = said.strip();
        return text.substring(Math.max(0, text.length() - SAID_MAX));
    }
}
