package io.coppice.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The peer, Ceph RBD: run by scripts of its own, which install, start and measure it with the same
/// lines of fio, and write `results.json`: an object with a row under `section/test`.
///
/// It syncs every write before it acknowledges it, so the fair durability is `always`.
final class Peer {
    static final String NBD = "Ceph RBD";
    static final String LIBRARY = "Ceph librbd";
    private static final String RESULTS = "results.json";
    private static final int REPLICAS = 3;
    private static final Duration PATIENCE = Duration.ofHours(3);
    private static final List<String> SECTIONS =
            List.of("nbd", "native", "clone", "copyup", "chain", "report");

    private Peer() {}

    /// Runs the scripts of `dir` from nothing, removes the peer again, and reads what they found.
    static List<Measurement> measure(Path dir, Options options, Path out) throws IOException {
        Files.createDirectories(out);
        var commands = new Commands(out);
        Map<String, String> environment =
                Map.of(
                        "OUT", out.toString(),
                        "LOCK", out.resolve("lock").toString(),
                        "RUNS", Integer.toString(options.runs()),
                        "QUICK", options.quick() ? "1" : "0");
        var bench = new ArrayList<>(List.of(dir.resolve("bench.sh").toString()));
        bench.addAll(SECTIONS);
        List<String> stop = List.of(dir.resolve("stop.sh").toString(), "--purge");
        try {
            commands.run(PATIENCE, environment, stop);
            // The scripts add to what they find there.
            Files.deleteIfExists(out.resolve(RESULTS));
            commands.run(PATIENCE, environment, bench);
        } finally {
            commands.run(PATIENCE, environment, stop);
        }
        return read(Files.readString(out.resolve(RESULTS)));
    }

    static List<Measurement> read(String text) {
        Json results = Json.parse(text);
        var found = new ArrayList<Measurement>();
        for (Row row : Row.values()) {
            key(row).map(results::get)
                    .filter(Json::isThere)
                    .ifPresent(json -> found.add(measurement(row, NBD, json)));
            Json library = results.get("native/" + row.key());
            if (library.isThere()) {
                found.add(measurement(row, LIBRARY, library));
            }
        }
        return found;
    }

    private static Optional<String> key(Row row) {
        return switch (row) {
            case FILL -> Optional.empty();
            case FIRST1 -> Optional.of("copyup/first write, QD1, one per 4 MiB object");
            case FIRST32 -> Optional.of("copyup/first write, QD8, one per 4 MiB object");
            case CLONE -> Optional.of("clone/api bench clone");
            case DEPTH1 -> Optional.of("chain/depth 1 r32");
            case DEPTH1000 -> Optional.of("chain/depth 32 r32");
            case SW8, SR8, W1, W32, R1, R32, MIX32, WFSYNC1 -> Optional.of("nbd/" + row.key());
        };
    }

    private static String note(Row row) {
        return switch (row) {
            case FIRST32 -> "the peer at QD8";
            case DEPTH1000 -> "the peer at depth 32";
            default -> "";
        };
    }

    /// The scripts write medians only, so these stand for one run.
    private static Measurement measurement(Row row, String subject, Json json) {
        var figures = new Figures();
        double iops = 0;
        double megabytes = 0;
        double requests = 0;
        for (String direction : List.of("read", "write", "sync")) {
            Json part = json.get(direction);
            for (String name : part.keys()) {
                part.get(name)
                        .number()
                        .ifPresent(value -> figures.put(direction + "." + name, value));
            }
            iops += part.get("iops").number(0);
            megabytes += part.get("mbs").number(0);
            requests += part.get("ios").number(0);
        }
        if (iops > 0) {
            figures.put("iops", iops).put("mbs", megabytes).put("requests", requests);
        }
        Json cpu = json.get("cpu1k");
        copy(figures, "cpu.servers", cpu.get("peer"), 1);
        copy(figures, "cpu.client", cpu.get("fio"), 1);
        copy(figures, "cpu.osds", cpu.get("osds"), 1);
        copy(figures, "cpu.nbd", cpu.get("export"), 1);
        copy(figures, "busy.cores", json.get("busy_cores"), 1);
        copy(figures, "busy.others", json.get("others_cores"), 1);
        copy(figures, "calibration.sha", json.get("calib").get("sha_MBs"), 1);
        copy(figures, "calibration.pingpong", json.get("calib").get("pingpong_us"), 1);
        copy(figures, "clone.p50", json.get("p50_ms"), 1000);
        copy(figures, "clone.p99", json.get("p99_ms"), 1000);
        copy(figures, "clone.max", json.get("max_ms"), 1000);
        double writes = json.get("write").get("ios").number(0);
        if (writes > 0) {
            copy(
                    figures,
                    "stored.write",
                    json.get("space").get("pool_bytes_used"),
                    1 / writes / REPLICAS);
        }
        return Measurement.of(row, subject, Durability.ALWAYS, List.of(figures), note(row));
    }

    private static void copy(Figures figures, String name, Json value, double factor) {
        value.number().ifPresent(number -> figures.put(name, number * factor));
    }
}
