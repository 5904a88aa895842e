package io.coppice.bench.report;

import io.coppice.model.Blocks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Runs fio and watches the servers meanwhile. CPU and written bytes are those between the end of
/// the ramp and the end of the run, less [#EDGE_SECONDS] at either end, or of the whole of an
/// untimed run.
///
/// @param rawDir where fio's own JSON is kept
/// @param ramps whether the first run of a row has the long ramp; limits have little to warm up
record Fio(Commands commands, Options options, Path rawDir, boolean ramps) {
    /// What all lines share.
    static final List<String> COMMON =
            List.of(
                    "fio",
                    "--name=t",
                    "--output-format=json",
                    "--percentile_list=50:99:99.9",
                    "--randrepeat=0",
                    "--group_reporting",
                    "--thread");

    private static final double EDGE_SECONDS = 0.7;
    private static final int RAMP_AGAIN_SECONDS = 5;
    private static final Duration PATIENCE = Duration.ofMinutes(30);

    /// @param engine the options of fio that say where to
    /// @param servers processes to watch, by name
    Figures run(String subject, List<String> engine, Map<String, Long> servers, Row row, int run)
            throws IOException {
        Path json = rawDir.resolve(subject + "-" + row.key() + "." + run + ".json");
        int ramp = ramp(options, ramps ? run : run + 1);
        Process fio =
                commands.start(
                        commands.dir().resolve("fio.log"),
                        line(engine, row, ramp, json.toString()));
        try {
            Map<String, Long> watched = new LinkedHashMap<>(servers);
            watched.put("client", fio.pid());
            Usage before = Usage.of(watched, commands.dir());
            Usage after = before;
            if (row.isTimed()) {
                Commands.pause(millis(ramp + EDGE_SECONDS));
                before = Usage.of(watched, commands.dir());
                Commands.pause(millis(options.seconds() - 2 * EDGE_SECONDS));
                after = Usage.of(watched, commands.dir());
            }
            if (!Commands.await(fio, PATIENCE)) {
                throw new IOException("fio did not end");
            }
            if (!row.isTimed()) {
                after = Usage.of(servers, commands.dir());
            }
            return figures(row, json, fio.exitValue(), before, after).putAll(Usage.memory(servers));
        } finally {
            Commands.stop(fio);
        }
    }

    /// How long a run is under load before it counts.
    static int ramp(Options options, int run) {
        return run == 0
                ? options.rampSeconds()
                : Math.min(options.rampSeconds(), RAMP_AGAIN_SECONDS);
    }

    private Figures figures(Row row, Path json, int exit, Usage before, Usage after)
            throws IOException {
        if (exit != 0) {
            String log = Files.readString(commands.dir().resolve("fio.log")).strip();
            throw new IOException("fio ended with " + exit + ": " + log);
        }
        String text = Files.readString(json);
        Figures figures = FioResult.parse(text);
        double seconds = after.atSeconds() - before.atSeconds();
        if (!row.isTimed()) {
            double requests = figures.get("requests", 0);
            return figures.putAll(
                    after.withClient(FioResult.cpuSeconds(text))
                            .since(before.withClient(0), requests, requests * row.blockBytes()));
        }
        double written = figures.get("write.mbs", 0) * 1e6 * seconds;
        return figures.putAll(after.since(before, figures.get("iops", 0) * seconds, written));
    }

    private List<String> line(List<String> engine, Row row, int ramp, String output) {
        var line = new ArrayList<>(COMMON);
        line.add("--output=" + output);
        line.addAll(engine);
        line.add("--size=" + options.areaBytes());
        line.addAll(row.fio());
        if (row.kind() == Row.Kind.FIRST_WRITE) {
            // One block of each chunk, and no more: at the end of a device that is no longer fio
            // would begin again.
            line.add(
                    "--io_size="
                            + options.areaBytes() / Blocks.CHUNK_BYTES_DEFAULT * row.blockBytes());
        }
        if (row.isTimed()) {
            line.addAll(
                    List.of(
                            "--time_based",
                            "--runtime=" + options.seconds(),
                            "--ramp_time=" + ramp));
        }
        return line;
    }

    private static Duration millis(double seconds) {
        return Duration.ofMillis(Math.max(0, Math.round(seconds * 1000)));
    }
}
