package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// `bench/report`; see [Options#HELP].
final class Main {
    private Main() {}

    /// Ends with 1 and one line when the report could not be made.
    public static void main(String[] arguments) throws IOException {
        // Only the message: the trace of a wrong option helps nobody, and rows note their own
        // failures.
        Thread.currentThread()
                .setUncaughtExceptionHandler(
                        (thread, failure) -> System.err.println("bench: " + failure.getMessage()));
        if (Arrays.asList(arguments).contains("--help")) {
            System.out.printf(
                    java.util.Locale.ROOT,
                    Options.HELP,
                    String.join(", ", Arrays.stream(Row.values()).map(Row::key).toList()));
            return;
        }
        String root = System.getProperty("coppice.root", ".");
        Options options =
                Options.parse(List.of(arguments), Path.of(root, "bench", "target", "report"));
        new Session(options, Path.of(root).toAbsolutePath().normalize() + "/coppice").run();
        System.out.println("bench: the report is " + options.out().resolve("report.md"));
    }
}
