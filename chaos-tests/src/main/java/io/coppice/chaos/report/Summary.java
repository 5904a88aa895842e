package io.coppice.chaos.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import io.coppice.chaos.history.Operation;
import io.coppice.chaos.nemesis.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A run in figures, as `result.json` keeps them.
///
/// @param command that does the same again
/// @param seconds of faults
/// @param operations that were begun
/// @param judged those that the judge looked at
/// @param failures what is wrong; empty: nothing
public record Summary(
        String workload,
        String command,
        double seconds,
        long operations,
        long judged,
        List<String> failures,
        List<Struck> faults) {
    private static final long AFTER_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    /// A fault and what it did to clients; times in seconds.
    ///
    /// @param at since the clients began
    /// @param stall the longest that a client had no success, until five seconds after it was
    ///   mended
    /// @param recovery until the cluster was whole again; negative: nobody waited for that
    public record Struck(
            String nemesis, String what, double at, double lasted, double stall, double recovery) {
        static Struck of(Fault fault, Outcome outcome, Stalls stalls) {
            long stall = stalls.longest(fault.start(), fault.mended() + AFTER_NANOS);
            return new Struck(
                    fault.nemesis(),
                    fault.what(),
                    (fault.start() - outcome.start()) / 1e9,
                    (fault.mended() - fault.start()) / 1e9,
                    stall / 1e9,
                    fault.healthy() == 0 ? -1 : (fault.healthy() - fault.mended()) / 1e9);
        }
    }

    public static Summary of(Outcome outcome) {
        List<Operation> operations = outcome.history().operations();
        var stalls = new Stalls(operations);
        var failures = new ArrayList<String>();
        outcome.verdict().findings().forEach(finding -> failures.add(finding.what()));
        failures.addAll(outcome.troubles());
        return new Summary(
                outcome.settings().workload().name(),
                outcome.settings().command(),
                (outcome.end() - outcome.start()) / 1e9,
                operations.size(),
                outcome.verdict().judged(),
                failures,
                outcome.faults().stream().map(each -> Struck.of(each, outcome, stalls)).toList());
    }

    /// Of a run that came to no end.
    public static Summary failed(String workload, String command, String why) {
        return new Summary(workload, command, 0, 0, 0, List.of(why), List.of());
    }

    public static Summary read(Path file) throws IOException {
        try {
            return GSON.fromJson(Files.readString(file), Summary.class);
        } catch (JsonParseException e) {
            throw new IOException(file + " is no result of a run: " + e.getMessage(), e);
        }
    }

    public void write(Path file) throws IOException {
        Files.writeString(file, GSON.toJson(this));
    }

    public boolean valid() {
        return failures.isEmpty();
    }
}
