package io.coppice.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Runs another program to its end, or for a minute at most.
final class Tool {
    private static final int TIMEOUT_SECONDS = 60;

    /// How a program ended; `output` is what it said on both streams.
    record Ended(int status, String output) {}

    private Tool() {}

    /// The output of a program that must succeed.
    static String run(String... command) {
        var ended = tryRun(command);
        assertEquals(0, ended.status(), () -> List.of(command) + ":\n" + ended.output());
        return ended.output();
    }

    static Ended tryRun(String... command) {
        Path output = null;
        try {
            output = Files.createTempFile("coppice-tool", ".out");
            var process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return fail(List.of(command) + " did not end:\n" + Files.readString(output));
            }
            return new Ended(process.exitValue(), Files.readString(output));
        } catch (IOException e) {
            return fail("cannot run " + List.of(command) + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return fail("interrupted");
        } finally {
            if (output != null) {
                output.toFile().delete();
            }
        }
    }

    /// Runs Python with libnbd; `h` is a handle that is not connected, `uri` and `sock` are given.
    static String python(NbdFixture fixture, String export, String script) {
        String prelude =
                "import nbd, os, errno\nuri='%s'\nsock='%s'\nh=nbd.NBD()\n"
                        .formatted(fixture.uri(export), fixture.socket());
        return run("/usr/bin/python3", "-c", prelude + script);
    }
}
