package io.coppice.chaos.run;

import io.coppice.chaos.cluster.Layout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Reads the logs of a run for what never may be in them: a check that failed, an exception that
/// nobody expected.
final class ServerLogs {
    private static final int PER_LOG_MAX = 3;
    private static final Pattern BUG =
            Pattern.compile(
                    "AssertionError|Invariant.Violation|OutOfMemoryError|StackOverflowError|LEAK:");

    /// Others throw these for reasons of their own.
    private static final Pattern BUG_OF_OURS =
            Pattern.compile(
                    "NullPointer|IllegalState|IndexOutOfBounds|ClassCast|ConcurrentModification");

    private static final String OUR_FRAME = "at io.coppice.";

    private ServerLogs() {}

    /// One line for each, with the name of its log.
    static List<String> bugs(Layout layout) throws IOException {
        var bugs = new ArrayList<String>();
        try (var logs = Files.list(layout.log("any").resolveSibling("."))) {
            for (Path log : logs.sorted().toList()) {
                bugs.addAll(bugs(log));
            }
        }
        return bugs;
    }

    private static List<String> bugs(Path log) throws IOException {
        var bugs = new ArrayList<String>();
        String before = "";
        try (var lines = Files.newBufferedReader(log, StandardCharsets.ISO_8859_1)) {
            String line = lines.readLine();
            while (line != null && bugs.size() < PER_LOG_MAX) {
                boolean ours =
                        line.strip().startsWith(OUR_FRAME) && BUG_OF_OURS.matcher(before).find();
                if (ours || BUG.matcher(line).find()) {
                    bugs.add(log.getFileName() + ": " + (ours ? before + " " : "") + line.strip());
                }
                before = line.strip();
                line = lines.readLine();
            }
        }
        return bugs;
    }
}
